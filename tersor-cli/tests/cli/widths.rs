//! No line on the terminal is wider than 80 columns.

use crate::support::{Folder, Random, safetensors};

/// Builds a model with long names, many axes and large numbers.
fn long(seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let names = ["block", "gate", "\u{e4}"].map(|part| format!("{part}.").repeat(60) + "weight");
    let axes = [&[1; 30][..], &[1000, 300]].concat();
    safetensors(
        &[("a key with spaces", &"and a long value ".repeat(20)), ("k".repeat(150).as_str(), "v")],
        &[
            (&names[0], "F32", &[1000, 300], random.f32s(300_000)),
            (&names[1], "F8_E4M3FNUZ", &axes, random.f32s(75_000)),
            (&names[2], "F32", &[20], random.f32s(20)),
            ("short", "F32", &[20], random.f32s(20)),
        ],
    )
}

#[test]
fn every_line_fits_80_columns() {
    let folder = Folder::new();
    let net = "a-rather-long-name-of-a-model-that-does-not-fit-with-its-figures-on-a-line-of-80-columns";
    let [own, other] = [1, 2].map(|number| format!("{net}-{number}.safetensors"));
    folder.write(&own, &long(1));
    folder.write(&other, &long(2));
    let container = format!("{net}-1.tersor");
    let variances = |names: [usize; 2]| {
        let part = ["block", "gate", "\u{e4}"].map(|part| format!("{part}.").repeat(60) + "weight");
        let flat = |count: usize| f32::to_le_bytes(1e-4).repeat(count);
        let [a, b] = names.map(|number| part[number].as_str());
        safetensors(&[], &[(a, "F32", &[1000, 300], flat(300_000)), (b, "F32", &[20], flat(20))])
    };
    folder.write("variances.safetensors", &variances([0, 2]));
    let posterior = ["--posterior", "variances.safetensors", "--samples", "123456789", "--training-error", "0.1"];
    let report_all = [&["report", &container, "--all"][..], &posterior].concat();
    let [page, array, other_tensors] = ["html", "npy", "x.safetensors"].map(|ending| format!("{net}.{ending}"));
    let index = format!("{net}.safetensors.index.json");
    let map = format!("{{\"weight_map\": {{\"short\": \"{other}\"}}}}");
    folder.write(&index, map.as_bytes());
    let coded_index = format!("{net}.tersor.index.json");
    let cases: [(&[&str], i32); 22] = [
        (&["encode", &own, "--level", "1"], 0),
        (&["inspect", &container], 0),
        (&["inspect", &container, "--ideal"], 0),
        (&["report", &container, "--all", "--samples", "1000"], 0),
        (&["report", &container, &own, "--level", "1"], 0),
        (&report_all, 0),
        (&["report", &container, "--samples", "1000000000000", "--precision", "2^-20"], 0),
        (&["report", &own, &other, &container, "--level", "1", "--all"], 0),
        (&["report", &container, "--html", &page], 0),
        (&["encode", &own, &other, "--level", "1", "--force"], 0),
        (&["encode", &own, "--level", "1", "--dry-run"], 0),
        (&["encode", &index, "--keep-shards", "--level", "1", "--force"], 0),
        (&["inspect", &coded_index], 0),
        (&["verify", &coded_index, "--against", &own], 1),
        (&["decode", &coded_index, "--force"], 0),
        (&["extract", &container, "short", "-o", &array], 0),
        (&["extract", &container, "short", "*gate*", "--force", "-o", &other_tensors], 0),
        (&["verify", &container], 0),
        (&["verify", &container, "--against", &other], 1),
        (&["diff", &container, &other], 1),
        (&["diff", &container, &own, "--all", "--tolerance", "0.5"], 0),
        (&["decode", &container, "--force"], 0),
    ];
    for (args, code) in cases {
        let run = folder.run(args);
        assert_eq!(run.code, Some(code), "{args:?}: {}", run.stderr);
        // an error is one line, so that a program can read it
        let said = run.stderr.lines().filter(|line| !line.starts_with("tersor: "));
        for line in run.text().lines().chain(said) {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
    }
}
