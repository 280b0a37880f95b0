//! The output of `report`.

use serde_json::Value;

use crate::support::{Folder, Random, model, safetensors};

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

/// Checks the sums and identities of a report on a file of `len` bytes.
fn check(found: &Value, len: u64) {
    assert_eq!(found["bytes"], len);
    assert_eq!(found["ledger_sum"], len);
    let lines: u64 = found["ledger"].as_object().unwrap().values().map(|bytes| bytes.as_u64().unwrap()).sum();
    assert_eq!(lines, len);
    let totals = &found["totals"];
    let of = |key: &str| number(&totals[key]);
    let file = of("model_bits")
        + of("coder_overhead_bits")
        + of("raw_bits")
        + of("side_information_bits")
        + of("framing_bits");
    assert!(is_close(file, 8.0 * len as f64), "{totals}");
    assert!(is_close(of("modelling_gain_bits"), of("order0_bits") - of("conditional_bits")));
    assert!(is_close(of("learning_bits"), of("kt_bits") - of("conditional_bits")));
    assert!(is_close(of("model_excess_bits"), of("model_bits") - of("conditional_bits")));
    assert!(is_close(of("coder_overhead_bits"), of("stream_bits") - of("model_bits")));
    assert!(is_close(of("efficiency"), (of("model_bits") + of("raw_bits")) / (8.0 * len as f64)));
    assert!(is_close(of("overhead"), 1.0 / of("efficiency") - 1.0));
    let coded = 8.0 * len as f64 - of("raw_bits");
    assert!(is_close(of("efficiency_without_raw"), of("model_bits") / coded));
}

#[test]
fn sums_match_the_file() {
    let folder = Folder::with_container();
    let len = folder.read("model.tersor").len() as u64;
    let found = folder.run(&["report", "model.tersor", "--json"]).succeeds().json();
    check(&found, len);
    let keys: Vec<&str> = found.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "tersor",
        "file",
        "encoded_here",
        "level",
        "bytes",
        "decoded_bytes",
        "weights",
        "bits_per_weight",
        "ledger",
        "ledger_sum",
        "totals",
        "lossy",
        "segments",
        "tensors",
        "generalisation",
    ];
    assert_eq!(keys, expected);
    assert_eq!(
        (&found["encoded_here"], &found["level"], &found["generalisation"]),
        (&false.into(), &Value::Null, &Value::Null)
    );
    let mut sums = std::collections::BTreeMap::new();
    for segment in list(&found, "segments") {
        for stream in list(segment, "streams") {
            let actual = number(&stream["actual_bits"]);
            if stream["model_bits"].is_null() {
                assert!(
                    stream["order0_bits"].is_null() && stream["distinct"].is_null() && stream["efficiency"].is_null()
                );
                *sums.entry("raw_bits").or_insert(0.0) += actual;
                continue;
            }
            *sums.entry("stream_bits").or_insert(0.0) += actual;
            for key in [
                "symbols",
                "order0_bits",
                "conditional_bits",
                "kt_order0_bits",
                "kt_bits",
                "two_part_bits",
                "model_bits",
            ] {
                *sums.entry(key).or_insert(0.0) += number(&stream[key]);
            }
            assert!(number(&stream["model_bits"]) <= actual * (1.0 + 1e-6), "{stream}");
            assert!(["lanes", "bits", "mixed", "constant"].contains(&stream["coding"].as_str().unwrap()));
            assert_eq!(stream["contexts"] == 1, stream["context_source"].is_null(), "{stream}");
        }
    }
    for (key, sum) in sums {
        assert!(is_close(number(&found["totals"][key]), sum), "{key}: {sum} {}", found["totals"]);
    }
    // the same figures as in `inspect`
    let inspected = folder.run(&["inspect", "model.tersor", "--json"]).succeeds().json();
    for key in ["bytes", "weights", "bits_per_weight", "ledger", "ledger_sum"] {
        assert_eq!(found[key], inspected[key]);
    }
    assert_eq!(found["decoded_bytes"], inspected["raw_bytes"]);
    assert!(found["ledger"].as_object().unwrap().keys().all(|key| !key.contains(' ')));
    for (tensor, inspected) in list(&found, "tensors").iter().zip(list(&inspected, "tensors")) {
        for key in ["name", "dtype", "shape", "weights", "bytes", "bits_per_weight", "shares_segment"] {
            assert_eq!(tensor[key], inspected[key]);
        }
    }
}

#[test]
fn tensors_have_moments_and_priors() {
    let folder = Folder::with_container();
    let found = folder.run(&["report", "model.tersor", "--json", "--precision", "0.015625"]).succeeds().json();
    let power = folder.run(&["report", "model.tersor", "--json", "--precision", "2^-6"]).succeeds().json();
    assert_eq!(found, power);
    let tensor = |name: &str| list(&found, "tensors").iter().find(|tensor| tensor["name"] == name).unwrap();
    let floats = |bytes: &[u8]| -> Vec<f64> {
        bytes.as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
    };
    let original = folder.read("model.safetensors");
    let values = floats(&crate::support::tensor_of(&original, "layer.weight"));
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let fourth = values.iter().map(|value| (value - mean).powi(4)).sum::<f64>() / n;
    let weight = tensor("layer.weight");
    assert!(is_close(number(&weight["mean"]), mean));
    assert!(is_close(number(&weight["deviation"]), variance.sqrt()));
    assert!(is_close(number(&weight["kurtosis"]), fourth / (variance * variance)));
    let priors = &weight["priors"];
    assert_eq!((number(&priors["step"]), &priors["skipped"]), (0.015625, &0.into()));
    let names: Vec<&str> = list(priors, "models").iter().map(|prior| prior["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["uniform", "gaussian", "laplace", "mixture", "codebook", "pruned"]);
    let best = list(priors, "models").iter().min_by(|a, b| number(&a["bits"]).total_cmp(&number(&b["bits"]))).unwrap();
    assert_eq!(best["name"], priors["best"]);
    // an alias and an empty tensor have no statistics
    for name in ["tied.weight", "nothing"] {
        assert!(tensor(name)["model_bits"].is_null() && tensor(name)["priors"].is_null(), "{name}");
    }
    assert_eq!((number(&tensor("scale")["mean"]), number(&tensor("scale")["deviation"])), (0.125, 0.0));
    assert!(tensor("scale")["kurtosis"].is_null());
    // eight of fifteen values are 0
    assert!(is_close(number(&tensor("mask")["zero_share"]), 8.0 / 15.0));
}

#[test]
fn a_file_that_is_not_encoded_is_encoded_first() {
    let folder = Folder::with_container();
    let before = folder.listing();
    let mut of_container = folder.run(&["report", "model.tersor", "--json"]).succeeds().json();
    let mut of_original = folder.run(&["report", "model.safetensors", "--json"]).succeeds().json();
    assert_eq!((&of_original["encoded_here"], &of_original["level"]), (&true.into(), &6.into()));
    for found in [&mut of_container, &mut of_original] {
        ["file", "encoded_here", "level"].iter().for_each(|key| found[key] = Value::Null);
    }
    assert!(of_container == of_original);
    let one =
        folder.run(&["report", "model.safetensors", "--json", "--threads", "1", "--level", "1"]).succeeds().json();
    let two =
        folder.run(&["report", "model.safetensors", "--json", "--threads", "2", "--level", "1"]).succeeds().json();
    assert_eq!(one["level"], 1);
    assert!(one == two, "the result depends on the number of threads");
    assert!(folder.listing() == before, "a file was left behind");
    folder.make_folder("net");
    folder.write("net/a.txt", b"some text");
    folder.write("net/model.safetensors", &model(1));
    folder.run(&["encode", "net"]).succeeds();
    let len = folder.read("net.tersor").len() as u64;
    check(&folder.run(&["report", "net", "--json"]).succeeds().json(), len);
}

#[test]
fn text_and_csv() {
    let folder = Folder::with_container();
    let run = folder.run(&["report", "model.tersor", "--samples", "60000"]).succeeds();
    for words in
        ["bits/weight", "Efficiency", "conditional entropy", "coder overhead", "lane words", "layer.weight", "vacuous"]
    {
        assert!(run.text().contains(words), "{words} in {}", run.text());
    }
    assert!(run.stderr.is_empty());
    let csv = folder.run(&["report", "model.tersor", "--csv"]).succeeds();
    let json = folder.run(&["report", "model.tersor", "--json"]).succeeds().json();
    let streams: usize = list(&json, "segments").iter().map(|segment| list(segment, "streams").len()).sum();
    let lines: Vec<&str> = csv.text().split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + streams);
    let columns = lines[0].split(',').count();
    let first = &json["segments"][0]["streams"][0];
    let fields: Vec<&str> = lines[1].split(',').collect();
    let place = lines[0].split(',').position(|column| column == "actual_bits").unwrap();
    // a context source may contain a comma, and is then quoted
    assert!(fields.len() >= columns && fields[0] == "model.tersor");
    assert_eq!(fields[fields.len() - (columns - place)], first["actual_bits"].to_string());
}

#[test]
fn a_series_of_checkpoints() {
    let folder = Folder::with_container();
    folder.write("later.safetensors", &model(2));
    let mut random = Random(5);
    folder.write(
        "other.safetensors",
        &safetensors(&[], &[("layer.bias", "F32", &[64], random.f32s(64)), ("new", "F32", &[8], random.f32s(8))]),
    );
    let files = ["model.tersor", "later.safetensors", "other.safetensors"];
    let found = folder.run(&[&["report", "--json"], &files[..]].concat()).succeeds().json();
    let series = list(&found, "series");
    assert_eq!(series.len(), 3);
    for (report, file) in series.iter().zip(files) {
        assert_eq!(report["file"], file);
        assert!(report.get("segments").is_none());
        check(report, report["bytes"].as_u64().unwrap());
    }
    let tensor = |name: &str| list(&found, "tensors").iter().find(|tensor| tensor["name"] == name).unwrap();
    assert_eq!(list(tensor("new"), "bytes")[..2], [Value::Null, Value::Null]);
    assert!(list(tensor("new"), "bits_per_weight")[2].is_f64());
    assert!(list(tensor("layer.weight"), "conditional_bits_per_weight")[2].is_null());
    assert!(list(tensor("layer.bias"), "bytes").iter().all(Value::is_u64));
    let text = folder.run(&[&["report"], &files[..]].concat()).succeeds();
    assert!(text.text().contains("Series of 3 files") && text.text().contains("other.safetensors"));
}

#[test]
fn a_page_is_written_once() {
    let folder = Folder::with_container();
    folder.run(&["report", "model.tersor", "--html", "model.html"]).succeeds();
    let page = String::from_utf8(folder.read("model.html")).unwrap();
    assert!(page.starts_with("<!") && page.contains("embedding"));
    folder.refuses(&["report", "model.tersor", "--html", "model.html"], 2, &["--force"]);
    folder.run(&["report", "model.tersor", "--html", "model.html", "--force"]).succeeds();
    let printed = folder.run(&["report", "model.tersor", "--html", "-"]).succeeds();
    assert_eq!(printed.text().lines().next(), page.lines().next());
    folder.refuses(
        &["report", "model.tersor", "--html", "model.tersor", "--force"],
        2,
        &["input and the output are the same"],
    );
}

#[test]
fn a_posterior_gives_bits_back() {
    let folder = Folder::with_container();
    let variances = |count: usize| (0..count).flat_map(|_| 1e-4f32.to_le_bytes()).collect::<Vec<u8>>();
    folder
        .write("variances.safetensors", &safetensors(&[], &[("layer.weight", "F32", &[300, 64], variances(300 * 64))]));
    let arguments = ["report", "model.tersor", "--json", "--posterior", "variances.safetensors"];
    let found = folder.run(&arguments).succeeds().json();
    let tensor = |name: &str| list(&found, "tensors").iter().find(|tensor| tensor["name"] == name).unwrap();
    let (weight, back) = (tensor("layer.weight"), &tensor("layer.weight")["bits_back"]);
    assert_eq!((&back["weights"], &back["skipped"]), (&19_200.into(), &0.into()));
    // all posterior variances are the same: the prior's variance is this variance plus the variance of the weights
    let variance = number(&weight["deviation"]).powi(2) + f64::from(1e-4f32);
    let bits = 0.5 * 19_200.0 * (variance / f64::from(1e-4f32)).log2();
    assert!((number(&back["kl_bits"]) / bits - 1.0).abs() < 1e-9, "{back} {bits}");
    assert!(tensor("layer.bias")["bits_back"].is_null());
    folder
        .write("variances.safetensors", &safetensors(&[], &[("layer.weight", "F32", &[64, 300], variances(300 * 64))]));
    folder.refuses(&arguments, 1, &["variances.safetensors", "layer.weight", "shape"]);
    for bad in [-0.25f32, f32::NAN, f32::INFINITY] {
        let mut wrong = variances(300 * 64);
        wrong[4 * 777..4 * 778].copy_from_slice(&bad.to_le_bytes());
        folder.write("variances.safetensors", &safetensors(&[], &[("layer.weight", "F32", &[300, 64], wrong)]));
        folder.refuses(&arguments, 1, &["variances.safetensors", "layer.weight", "index 777", &bad.to_string()]);
    }
}

#[test]
fn bits_back_bounds_the_error() {
    let folder = Folder::new();
    let mut random = Random(5);
    folder.write(
        "net.safetensors",
        &safetensors(&[], &[("w", "F32", &[5000], random.f32s(5000)), ("b", "F32", &[8], random.f32s(8))]),
    );
    let variances = |count: usize| (0..count).flat_map(|_| 0.5f32.to_le_bytes()).collect::<Vec<u8>>();
    folder.write(
        "all.safetensors",
        &safetensors(&[], &[("w", "F32", &[5000], variances(5000)), ("b", "F32", &[8], variances(8))]),
    );
    let arguments = |file: &'static str| {
        ["report", "net.safetensors", "--samples", "60000", "--training-error", "0.02", "--posterior", file]
    };
    let found = folder.run(&[&arguments("all.safetensors")[..], &["--json"]].concat()).succeeds().json();
    let bounds = &found["generalisation"];
    let back = &bounds["bits_back"];
    let bits: f64 = list(&found, "tensors").iter().map(|tensor| number(&tensor["bits_back"]["bits"])).sum();
    assert!(is_close(number(&back["code_bits"]), bits) && bounds["tighter"] == "bits_back");
    // either bound may be used, so each has half of delta
    let nats = bits * std::f64::consts::LN_2 + (2.0 * 60_000f64.sqrt() / 0.025).ln();
    assert!(is_close(number(&back["pac_bayes_gap"]), (nats / 120_000.0).sqrt()));
    let file = 8.0 * number(&found["bytes"]) * std::f64::consts::LN_2 + 40f64.ln();
    assert!(is_close(number(&bounds["occam_gap"]), (file / 120_000.0).sqrt()));
    let text = folder.run(&arguments("all.safetensors")).succeeds();
    let error = format!("at most {:.4} (PAC-Bayes)", number(&back["pac_bayes_error"]));
    for words in ["the bits-back length gives the tighter bound", "drawn from the posterior", &error] {
        assert!(text.text().contains(words), "{words} in {}", text.text());
    }
    // a weight without a divergence has no bound
    let mut zero = variances(8);
    zero[..4].fill(0);
    folder.write(
        "zero.safetensors",
        &safetensors(&[], &[("w", "F32", &[5000], variances(5000)), ("b", "F32", &[8], zero)]),
    );
    let found = folder.run(&[&arguments("zero.safetensors")[..], &["--json"]].concat()).succeeds().json();
    assert!(found["generalisation"]["bits_back"].is_null() && found["generalisation"]["tighter"] == "file");
    // tensors without variances count with their bytes
    folder.write("part.safetensors", &safetensors(&[], &[("b", "F32", &[8], variances(8))]));
    let found = folder.run(&[&arguments("part.safetensors")[..], &["--json"]].concat()).succeeds().json();
    let code = number(&found["generalisation"]["bits_back"]["code_bits"]);
    assert!(code > 8.0 * number(&list(&found, "tensors")[0]["bytes"]));
    assert_eq!(found["generalisation"]["tighter"], "file");
}

/// Returns the lines of comma-separated values without quotes, by column.
fn columns(csv: &str) -> Vec<std::collections::HashMap<&str, &str>> {
    let mut lines = csv.split_terminator("\r\n");
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let mut quoted = false;
            let fields: Vec<&str> = line
                .split(|character| {
                    quoted ^= character == '"';
                    character == ',' && !quoted
                })
                .collect();
            assert_eq!(fields.len(), names.len(), "{line}");
            names.iter().copied().zip(fields).collect()
        })
        .collect()
}

#[test]
fn all_outputs_have_the_same_numbers() {
    let folder = Folder::with_container();
    let json = folder.run(&["report", "model.tersor", "--json"]).succeeds().json();
    let text = folder.run(&["report", "model.tersor", "--all"]).succeeds();
    let csv = folder.run(&["report", "model.tersor", "--csv"]).succeeds();
    let tensors_csv = folder.run(&["report", "model.tersor", "--csv-tensors"]).succeeds();
    let page = folder.run(&["report", "model.tersor", "--html", "-"]).succeeds();
    let (streams, tensors) = (columns(csv.text()), columns(tensors_csv.text()));
    let weights = number(&json["weights"]);
    let parse =
        |text: &str| text.replace(['\u{2212}', '+', '~'], "").parse::<f64>().unwrap_or_else(|_| panic!("{text:?}"));
    for (key, line, term) in [
        ("order0_bits", "  order-0 entropy ", "Order-0 entropy"),
        ("conditional_bits", "= conditional entropy ", "Conditional entropy"),
        ("raw_bits", "+ raw bits ", "Raw bits"),
        ("side_information_bits", "+ side information ", "Side information"),
        ("framing_bits", "+ framing ", "Framing"),
    ] {
        let expected = number(&json["totals"][key]) / weights;
        let line = text.text().lines().find(|text| text.trim_start().starts_with(line.trim_start())).unwrap();
        let words: Vec<&str> = line.split_whitespace().filter(|word| word.contains('.')).collect();
        assert!((parse(words[0]) - expected).abs() < 1e-4, "{key}: {line} {expected}");
        let (_, rest) = page.text().split_once(&format!("<b>{term}</b>")).unwrap();
        let cell = rest.split_once("<td class=\"number\">").unwrap().1.split_once('<').unwrap().0;
        assert!((parse(cell) - expected).abs() < 1e-4, "{key}: {cell} {expected}");
    }
    let sum = |column: &str| -> f64 {
        let values = streams.iter().filter(|line| line["model_bits"].is_empty() == (column == "actual_bits"));
        values.map(|line| line[column].parse::<f64>().unwrap()).sum()
    };
    assert!(is_close(sum("conditional_bits"), number(&json["totals"]["conditional_bits"])));
    assert!(is_close(sum("order0_bits"), number(&json["totals"]["order0_bits"])));
    // the streams without a model
    assert!(is_close(sum("actual_bits"), number(&json["totals"]["raw_bits"])));
    let efficiency = 100.0 * number(&json["totals"]["efficiency_without_raw"]);
    assert!(text.text().contains(&format!("Efficiency {efficiency:.3} % without the raw bits")), "{}", text.text());
    assert!(page.text().contains(&format!("{efficiency:.2}\u{a0}% without raw bits")));
    let (_, table) = page.text().split_once("<section id=\"tensors\">").unwrap();
    assert_eq!(tensors.len(), list(&json, "tensors").len());
    for (line, tensor) in tensors.iter().zip(list(&json, "tensors")) {
        let name = tensor["name"].as_str().unwrap();
        assert_eq!((line["tensor"], line["bytes"]), (name, &tensor["bytes"].to_string()[..]));
        let label = format!("{}</bdi><br>", name.replace('.', ".<wbr>"));
        let row = table.split("<tr>").find(|row| row.contains(&label));
        let cells: Vec<&str> =
            row.unwrap().split("<td class=\"number\">").skip(1).map(|cell| cell.split('<').next().unwrap()).collect();
        // a long name has a line of its own
        let mut words =
            text.text().split_once("\nTensors").unwrap().1.split_whitespace().skip_while(|word| *word != name);
        let shown: Vec<&str> = words.by_ref().skip(1).take(7).collect();
        let shares = tensor["shares_segment"] == true;
        for (place, key) in
            [(1, "value_entropy_bits"), (2, "order0_bits"), (3, "conditional_bits"), (4, "model_bits"), (5, "raw_bits")]
        {
            let Some(bits) = tensor[key].as_f64() else {
                assert_eq!((shown[place], cells[place], line[key]), ("-", "\u{2013}", ""), "{name} {key}");
                continue;
            };
            let each = bits / number(&tensor["weights"]);
            assert!((line[key].parse::<f64>().unwrap() - bits).abs() <= 1e-9 * bits, "{name} {key}");
            assert!(
                (parse(shown[place]) - each).abs() < 1e-3 + 0.5 / number(&tensor["weights"]),
                "{name} {key}: {shown:?} {each}"
            );
            assert!(
                (parse(cells[place]) - each).abs() < 1e-3 + 0.5 / number(&tensor["weights"]),
                "{name} {key}: {cells:?} {each}"
            );
            let is_about = shares && place > 1;
            assert_eq!(
                (shown[place].starts_with('~'), cells[place].starts_with('~')),
                (is_about, is_about),
                "{name} {key}"
            );
        }
    }
    // counts have no decimals
    let models = list(&json, "tensors").iter().filter_map(|tensor| tensor["priors"]["models"].as_array());
    for model in models.flatten() {
        for key in ["values", "components"] {
            assert!(model["parameters"].get(key).is_none_or(Value::is_u64), "{model}");
        }
    }
}

#[test]
fn tensors_of_a_shared_segment_have_numbers_of_their_own() {
    let folder = Folder::with_container();
    let original = folder.read("model.safetensors");
    let found = folder.run(&["report", "model.tersor", "--json"]).succeeds().json();
    let shared = list(&found, "tensors").iter().filter(|tensor| tensor["shares_segment"] == true);
    let mut count = 0;
    for tensor in shared {
        let name = tensor["name"].as_str().unwrap();
        let shape: Vec<u64> = list(tensor, "shape").iter().map(|size| size.as_u64().unwrap()).collect();
        let bytes = crate::support::tensor_of(&original, name);
        let dtype = tensor["dtype"].as_str().unwrap().to_owned();
        folder.write("alone.safetensors", &safetensors(&[], &[(name, &dtype, &shape, bytes)]));
        let alone = folder.run(&["report", "alone.safetensors", "--json"]).succeeds().json();
        let alone = &list(&alone, "tensors")[0];
        assert_eq!(alone["shares_segment"], false);
        assert!(tensor["value_entropy_bits"].is_number(), "{name}");
        for key in ["value_entropy_bits", "distinct_values", "zero_share", "mean", "deviation", "kurtosis", "priors"] {
            assert_eq!(tensor[key], alone[key], "{name} {key}");
        }
        count += 1;
    }
    assert!(count > 1);
}

#[test]
fn the_size_bounds_the_error() {
    let folder = Folder::with_container();
    let arguments =
        ["report", "model.tersor", "--json", "--samples", "100000000", "--delta", "0.01", "--training-error", "0.02"];
    let found = folder.run(&arguments).succeeds().json();
    let bounds = &found["generalisation"];
    let bits = 8.0 * number(&found["bytes"]);
    let gap = ((bits * std::f64::consts::LN_2 + 100f64.ln()) / 2e8).sqrt();
    assert!(is_close(number(&bounds["occam_gap"]), gap) && bounds["vacuous"] == false);
    assert_eq!(number(&bounds["code_bits"]), bits);
    let error = number(&bounds["pac_bayes_error"]);
    assert!(0.02 < error && error < 0.02 + gap);
    let found = folder.run(&["report", "model.tersor", "--json", "--samples", "1"]).succeeds().json();
    assert!(found["generalisation"]["vacuous"] == true && found["generalisation"]["pac_bayes_error"].is_null());
    for wrong in [["--delta", "0"], ["--training-error", "1.5"], ["--samples", "0"], ["--precision", "0"]] {
        folder.refuses(&[&["report", "model.tersor", "--samples", "9"], &wrong[..]].concat(), 2, &[wrong[0]]);
    }
}

#[test]
fn damaged_files_are_refused() {
    let folder = Folder::with_container();
    let valid = folder.read("model.tersor");
    let mut damaged = valid.clone();
    damaged[valid.len() / 2] ^= 1;
    folder.write("damaged.tersor", &damaged);
    folder.refuses(&["report", "damaged.tersor"], 1, &["damaged.tersor", "checksum"]);
    folder.write("damaged.tersor", &valid[..valid.len() / 2]);
    folder.refuses(&["report", "damaged.tersor"], 1, &["incomplete"]);
    folder.write("notes.txt", b"whatever");
    folder.refuses(&["report", "notes.txt"], 1, &["notes.txt"]);
    folder.refuses(&["report", "missing.tersor"], 2, &["no such file"]);
    folder.refuses(&["report", "-"], 2, &["pipe"]);
}
