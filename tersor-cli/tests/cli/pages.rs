//! The HTML page of a report.

use tersor::{Dtype, EncodeOptions, Encoder, TensorView};

use crate::support::{Folder, Random, safetensors};

/// Returns the path of the histogram in the row of a tensor, and the text after it.
fn histogram<'p>(page: &'p str, name: &str) -> Option<(&'p str, &'p str)> {
    let (_, table) = page.split_once("<section id=\"tensors\">").unwrap();
    let (_, row) = table.split_once(&format!("<th scope=\"row\"><bdi>{name}</bdi>")).unwrap();
    let (_, drawn) = row.split_once("</tr>").unwrap().0.split_once("<svg class=\"histogram\"")?;
    let (path, rest) = drawn.split_once(" d=\"")?.1.split_once('"')?;
    Some((path, rest.split_once("<span class=\"says\">")?.1.split_once('<')?.0))
}

fn f32s(values: impl IntoIterator<Item = f32>) -> Vec<u8> {
    values.into_iter().flat_map(f32::to_le_bytes).collect()
}

#[test]
fn each_tensor_has_a_histogram_of_its_values() {
    let folder = Folder::new();
    let signs = |count: usize| (0..count).map(|index| if index % 2 == 0 { 1.0 } else { -1.0f32 });
    let pruned = signs(2000).enumerate().map(|(index, sign)| if index % 4 < 2 { 0.0 } else { sign });
    let bytes: Vec<u8> = (0..4000i32).map(|index| (index % 5 - 2) as u8).collect();
    let tensors = [
        ("signs", "F32", &[1000][..], f32s(signs(1000))),
        ("half", "BF16", &[1000], signs(1000).flat_map(|sign| sign.to_le_bytes()[2..].to_vec()).collect()),
        ("pruned", "F32", &[2000], f32s(pruned)),
        ("bytes", "I8", &[4000], bytes),
        ("same", "F32", &[50], f32s([0.5; 50])),
        ("truth", "BOOL", &[50], vec![1; 50]),
        ("tied", "F32", &[1000], f32s(signs(1000))),
        ("large", "F32", &[1000, 1000], Random(7).f32s(1_000_000)),
    ];
    folder.write("model.safetensors", &safetensors(&[], &tensors));
    folder.run(&["encode", "model.safetensors", "-1"]).succeeds();
    let expected = folder.run(&["report", "model.tersor", "--html", "-"]).succeeds();
    let page = expected.text();
    // bins of 1/6 from -4 to 4
    let two = Some(("M0 99V99h18V0h1V99h11V0h1V99h17V99z", "\u{2212}4.000 to 4.000"));
    assert_eq!([histogram(page, "signs"), histogram(page, "half")], [two; 2]);
    let (path, says) = histogram(page, "pruned").unwrap();
    assert!(path.matches("V0h1").count() == 2 && says.ends_with(", without zeros"), "{path} {says}");
    // each bin holds one integer, and 0 is a fifth of them
    let (path, says) = histogram(page, "bytes").unwrap();
    assert_eq!((path, says), ("M0 99V99h22V0h2V99h1V0h2V99h21V99z", "\u{2212}24.500 to 23.500, without zeros"));
    let (path, _) = histogram(page, "large").unwrap();
    assert!(path.matches('V').count() > 30 && path.contains("V0h"), "{path}");
    for name in ["same", "truth", "tied"] {
        assert_eq!(histogram(page, name), None, "{name}");
    }
    // the same from the original, which is encoded first, and none in other outputs
    let encoded = folder.run(&["report", "model.safetensors", "-1", "--html", "-"]).succeeds();
    assert_eq!(histogram(encoded.text(), "large"), histogram(page, "large"));
    assert!(folder.run(&["report", "model.tersor", "--json"]).succeeds().json()["tensors"][0]["histogram"].is_null());
}

#[test]
fn a_page_of_many_tensors_stays_small() {
    let folder = Folder::new();
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    for number in 0..3000 {
        let bytes = Random(number + 1).f32s(60);
        encoder.add(&format!("block.{number}.weight"), TensorView::new(Dtype::F32, &[60], &bytes).unwrap()).unwrap();
    }
    folder.write("many.tersor", &encoder.finish().unwrap().0);
    let page = folder.run(&["report", "many.tersor", "--html", "-"]).succeeds();
    assert_eq!(page.text().matches("<svg class=\"histogram\"").count(), 2000);
    assert!(page.stdout.len() < 8 << 20, "{}", page.stdout.len());
}
