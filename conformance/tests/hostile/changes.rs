//! Changed, cut and shifted containers.

use std::sync::atomic::{AtomicUsize, Ordering};

use tersor::{EncodeOptions, ErrorKind, FileInput, encode_files};

use crate::known::{Known, encoded, known, root};
use crate::structure::Structure;
use crate::support::{agree, in_order, tight};
use crate::sweep::{change, complete, every_value, on_all_cores, sweep, values};
use crate::watch::turn;

#[test]
fn changed_bytes_of_the_vectors() {
    let _turn = turn();
    let mut all = [0, 0];
    for known in known() {
        let mut done = vec![sweep(&known, known.bytes.len() * values(&known), known.budget(350), |number| {
            let (at, difference) = change(&known, number);
            let mut changed = known.bytes.clone();
            changed[at] ^= difference;
            (changed, format!("byte {at} xor {difference}"))
        })];
        if complete() && values(&known) < 255 {
            let structure = Structure::of(&known.bytes);
            done.extend(structure.heads.iter().map(|range| every_value(&known, range.start, range.end, 0)));
        }
        all = done.iter().fold(all, |all, done| [all[0] + done[0], all[1] + done[1]]);
        if complete() {
            println!("{}: {} changes so far", known.name, all[0]);
        }
    }
    println!("{} changes, {} errors", all[0], all[1]);
    assert!(all[1] > all[0] * 3 / 2, "most changes are noticed both ways: {} of twice {}", all[1], all[0]);
}

#[test]
fn truncated_vectors() {
    let _turn = turn();
    for known in known() {
        let [tried, errors] = sweep(&known, known.bytes.len(), known.budget(150), |len| {
            (known.bytes[..len].to_vec(), format!("cut to {len} bytes"))
        });
        assert_eq!(errors, 2 * tried, "{}: what is cut is never whole", known.name);
    }
}

#[test]
fn a_truncated_stream_is_truncated() {
    let _turn = turn();
    let bytes = encoded();
    let step = if complete() { 1 } else { 7 };
    for len in (0..bytes.len()).step_by(step) {
        assert_eq!(in_order(&bytes[..len], tight()).unwrap_err().kind(), ErrorKind::Truncated, "{len}");
    }
}

/// Bytes are inserted or removed.
#[test]
fn shifted_bytes() {
    let _turn = turn();
    let known = Known::new("encoded", encoded());
    let len = known.bytes.len();
    sweep(&known, len * 2, 1500, |number| {
        let (at, mut changed) = (number / 2, known.bytes.clone());
        match number % 2 {
            0 => drop(changed.remove(at)),
            _ => changed.insert(at, 0),
        }
        (changed, format!("shifted at {at}"))
    });
}

/// A real network: every value of every byte of header, manifest, heads, index and footer, and one change of each other
/// byte.
#[test]
fn changed_bytes_of_a_network() {
    let _turn = turn();
    let path = root().join("tests/data/lenet300--deepcompft.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let input = FileInput::new("lenet300.safetensors", &bytes);
    let (container, _) = encode_files(&[input], Vec::new(), EncodeOptions::default()).unwrap();
    let known = Known::new("lenet300", container);
    let structure = Structure::of(&known.bytes);
    let mut end = 0;
    let mut body = 0;
    // a decoder notices a late change only after it has decoded everything before, which takes long
    let len = known.bytes.len();
    for range in structure.heads.iter().cloned().chain(std::iter::once(len..len)) {
        sweep(&known, range.start - end, 100, |number| {
            let mut changed = known.bytes.clone();
            changed[end + number] ^= 1 << (number % 8);
            (changed, format!("byte {}, one bit", end + number))
        });
        body += range.start - end;
        every_value(&known, range.start, range.end, 250);
        end = range.end;
    }
    assert!(body > known.bytes.len() / 2, "most bytes are coded weights");
    sweep(&known, known.bytes.len(), 60, |len| (known.bytes[..len].to_vec(), format!("cut to {len} bytes")));
}

/// An attacker corrects the checksums. The data may then differ, but no reader panics, and both readers give the same.
#[test]
fn changed_bytes_under_right_checksums() {
    let _turn = turn();
    let (mut tried, mut decoded) = (0, AtomicUsize::new(0));
    for known in known() {
        if known.name.starts_with("largest") && !complete() {
            continue;
        }
        let structure = Structure::of(&known.bytes);
        let count = known.bytes.len() * values(&known);
        let stride = if complete() { 1 } else { count.div_ceil(known.budget(50)) | 1 };
        tried += count.div_ceil(stride);
        let decoded = &decoded;
        on_all_cores(count.div_ceil(stride), |number| {
            let number = number * stride;
            let mut changed = known.bytes.clone();
            let (at, difference) = change(&known, number);
            changed[at] ^= difference;
            structure.repair(&mut changed);
            let (indexed, streamed) = agree(&changed, tight());
            let errors = [indexed.err(), streamed.err()].into_iter().flatten();
            let errors: usize = errors.map(|error| known.is_decent(error, &|| format!("change {number}"))).sum();
            decoded.fetch_add(2 - errors, Ordering::Relaxed);
        });
    }
    let decoded = *decoded.get_mut();
    println!("{tried} changes, {decoded} decoded");
    assert!(decoded > tried / 100, "changes get past the checksums: {decoded} of {tried}");
}

/// The rest of a file becomes noise.
#[test]
fn noise_after_a_good_beginning() {
    let _turn = turn();
    let mut random = conformance::random::Random(1);
    let base = encoded();
    for round in 0..if complete() { 100_000 } else { 1000 } {
        let mut changed = base[..random.below(base.len() as u64 + 1) as usize].to_vec();
        let count = random.below(500) as usize;
        changed.extend(random.bytes(count));
        let (indexed, streamed) = agree(&changed, tight());
        assert!(round == 0 || indexed.is_err() || streamed.is_err() || changed == base);
    }
}
