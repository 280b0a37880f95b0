//! Kept values coded by mixing: round trips, damaged streams, parameters, pinned bytes.

use super::super::geometry::Geometry;
use super::*;
use proptest::prelude::*;

fn models() -> impl Strategy<Value = KeptModel> {
    let kind = prop_oneof![
        Just((2u32, KeptKind::Integer)),
        Just((6, KeptKind::Integer)),
        Just((9, KeptKind::Integer)),
        Just((12, KeptKind::Float { fraction: 3, base: 100 })),
        Just((6, KeptKind::Float { fraction: 0, base: 0 })),
        Just((3, KeptKind::Float { fraction: 1, base: 0 })),
    ];
    (kind, 1u32..60, 1u32..30).prop_map(|((width, kind), row, kernel)| {
        let model = KeptModel { width, kind, geometry: Geometry { row, kernel: kernel.min(row) } };
        assert!(model.is_sound());
        model
    })
}

proptest! {
    #[test]
    fn kept_values_come_back(
        model in models(),
        draws in prop::collection::vec((any::<bool>(), any::<u16>()), 1..500),
        is_typical: bool, flip in 1u8.., at: u16,
    ) {
        let kept: MaskBits = draws.iter().map(|(is_kept, _)| is_kept).collect();
        let window = model.window();
        let symbol = |&(_, draw): &(bool, u16)| match is_typical {
            true => window.join(draw & 1 == 1, window.first + (draw >> 1) % (1 << window.bits)),
            false => draw & ((1 << model.width) - 1),
        };
        let symbols: Vec<u16> = draws.iter().filter(|(is_kept, _)| *is_kept).map(symbol).collect();
        let mut out = Vec::new();
        encode_kept(&symbols, &kept, &model, &mut out);
        let mut back = vec![7; symbols.len()];
        let mut cursor = Cursor::unplaced(&out, "test");
        decode_kept(&mut cursor, &model, &kept, &mut back).unwrap();
        cursor.finish().unwrap();
        prop_assert_eq!(&back, &symbols);
        let cost = kept_cost(&symbols, &kept, &model) >> 16;
        prop_assert!(cost.abs_diff(out.len() as u64 * 8) < 100, "{} {}", cost, out.len());
        let mut parameters = Vec::new();
        model.write(&mut parameters);
        prop_assert_eq!(KeptModel::read(&mut Cursor::unplaced(&parameters, "test"), model.width).unwrap(), model.clone());
        let at = usize::from(at) % out.len();
        prop_assert!(decode_kept(&mut Cursor::unplaced(&out[..at], "test"), &model, &kept, &mut back).is_err());
        out[at] ^= flip;
        // This may return anything, but must not panic.
        let _ = decode_kept(&mut Cursor::unplaced(&out, "test"), &model, &kept, &mut back);
    }
}

#[test]
fn impossible_parameters_are_refused() {
    let read = |bytes: &[u8], width| KeptModel::read(&mut Cursor::unplaced(bytes, "test"), width).is_ok();
    assert!(read(&[0, 3, 100, 10, 9], 12) && read(&[1, 0, 0, 10, 1], 9));
    for (bytes, width) in [
        (&[2, 0, 0, 10, 1][..], 6),
        (&[1, 1, 0, 10, 1], 6),
        (&[1, 0, 1, 10, 1], 6),
        (&[1, 0, 0, 10, 1], 10),
        (&[1, 0, 0, 10, 1], 1),
        (&[0, 5, 0, 10, 1], 12),
        (&[0, 3, 241, 1, 10, 1], 12),
        (&[1, 0, 0, 0, 1], 6),
        (&[1, 0, 0, 10, 11], 6),
        (&[1, 0, 0, 10, 0], 6),
    ] {
        assert!(!read(bytes, width), "{bytes:?} {width}");
    }
}

#[test]
fn bytes_are_pinned() {
    let kept: MaskBits = (0..60u32).map(|i| i % 3 == 0 || i % 7 == 2).collect();
    let symbols: Vec<u16> = (0..kept.count_ones() as u16).map(|i| (i * 11) % 32).collect();
    let model = KeptModel { width: 5, kind: KeptKind::Integer, geometry: Geometry { row: 12, kernel: 4 } };
    let mut out = Vec::new();
    encode_kept(&symbols, &kept, &model, &mut out);
    let expected = [5, 48, 174, 201, 8, 90, 4, 178, 251, 133, 216, 233, 126, 110, 18, 26, 116, 241, 27, 47, 63];
    assert_eq!(out, expected);
}
