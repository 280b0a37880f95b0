//! The test vectors of `spec/vectors/`: their files are up to date, good vectors decode to their content, and bad
//! vectors give the error that they must give.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{by_index, in_order, ledger};
use tersor::{ErrorKind, Limits, Reader, Result};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors")
}

fn read(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the names of the `.tersor` files of a folder, without this ending.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(".tersor").map(str::to_owned)).collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

#[test]
fn committed_files_are_what_the_generator_makes() {
    let made = conformance::all();
    let mut found = 0;
    for folder in ["", "good", "bad"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            if path.is_file() && name != "README.md" {
                assert!(made.contains_key(&name), "{name} is not made by the generator");
                found += 1;
            }
        }
    }
    for (path, bytes) in &made {
        assert!(
            read(path) == *bytes,
            "{path} is not what the generator makes: cargo run -p conformance --example make-vectors"
        );
    }
    assert_eq!(found, made.len());
    let total: usize = made.values().map(Vec::len).sum();
    assert!(total < 2_700_000, "{total} bytes of vectors");
}

/// Returns the bytes of every entry, from the `.bin` file and the description; `None` if only its digest is known.
fn expected_bytes(name: &str, entries: &[Value]) -> Vec<Option<Vec<u8>>> {
    let path = format!("good/{name}.bin");
    let mut content = root().join(&path).exists().then(|| read(&path));
    let mut bytes: Vec<Option<Vec<u8>>> = Vec::new();
    for entry in entries {
        let len = entry["bytes"].as_u64().unwrap() as usize;
        let own = match entry["alias_of"].as_u64() {
            Some(target) => bytes[target as usize].clone(),
            None => content.as_mut().map(|content| content.drain(..len).collect()),
        };
        bytes.push(own);
    }
    assert!(content.is_none_or(|rest| rest.is_empty()));
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(bytes: &[u8]) -> String {
    hex(&blake3::hash(bytes).as_bytes()[..16])
}

fn check_entry(place: &str, entry: &Value, expected: Option<&Vec<u8>>, content: &support::Content) {
    assert_eq!(content.name.as_deref(), entry["name"].as_str(), "{place}");
    assert_eq!(content.dtype.name(), entry["dtype"].as_str().unwrap(), "{place}");
    let shape: Vec<u64> = entry["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap()).collect();
    assert_eq!(content.shape, shape, "{place}");
    assert_eq!(content.bytes.len() as u64, entry["bytes"].as_u64().unwrap(), "{place}");
    assert_eq!(digest(&content.bytes), entry["digest"].as_str().unwrap(), "{place}");
    if let Some(expected) = expected {
        assert!(content.bytes == *expected, "{place}");
    }
}

#[test]
fn good_files_decode() {
    for name in names("good") {
        let container = read(&format!("good/{name}.tersor"));
        let about = json(&format!("good/{name}.json"));
        let entries = about["entries"].as_array().unwrap();
        let expected = expected_bytes(&name, entries);
        let metadata: Vec<(String, String)> = serde_json::from_value(about["metadata"].clone()).unwrap();

        let reader = Reader::new(&container[..]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(reader.metadata().eq(metadata.iter().map(|(k, v)| (k.as_str(), v.as_str()))), "{name}");
        let tensors = by_index(&container[..], Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let named: Vec<usize> = (0..entries.len()).filter(|&i| entries[i]["name"].is_string()).collect();
        assert_eq!(tensors.len(), named.len(), "{name}");
        for (content, &ordinal) in tensors.iter().zip(&named) {
            check_entry(&format!("{name}: entry {ordinal}"), &entries[ordinal], expected[ordinal].as_ref(), content);
        }
        for (tensor, &ordinal) in reader.tensors().zip(&named) {
            let same_as = entries[ordinal]["alias_of"].as_u64().map(|target| &entries[target as usize]["name"]);
            assert_eq!(tensor.alias_of().map(|other| other.name()), same_as.and_then(Value::as_str), "{name}");
        }

        ledger(&container[..], Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let streamed = in_order(&container, Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(streamed.metadata, metadata, "{name}");
        let mut aliases = Vec::new();
        let mut stored = 0;
        for (ordinal, entry) in entries.iter().enumerate() {
            let place = format!("{name}: entry {ordinal} in order");
            match (entry["alias_of"].as_u64(), streamed.stored.get(&ordinal)) {
                (Some(target), None) => aliases.push((ordinal, target as usize)),
                (None, Some(content)) => {
                    stored += 1;
                    check_entry(&place, entry, expected[ordinal].as_ref(), content);
                }
                (None, None) => assert_eq!(entry["bytes"], 0, "{place}"),
                (Some(_), Some(_)) => panic!("{place} is stored"),
            }
        }
        assert_eq!((streamed.aliases, streamed.stored.len()), (aliases, stored), "{name}");

        let listed = about["files"].as_array().unwrap();
        let infos: Vec<_> = reader.files().collect();
        assert_eq!((infos.len(), streamed.files.len()), (listed.len(), listed.len()), "{name}");
        for ((info, bytes), (listed, by_index)) in streamed.files.into_iter().zip(listed.iter().zip(infos)) {
            assert_eq!(info, by_index, "{name}");
            assert_eq!(info.path, listed["path"].as_str().unwrap(), "{name}");
            assert_eq!(info.in_folder, about["folder"].as_bool().unwrap(), "{name}");
            assert_eq!(bytes.len() as u64, listed["bytes"].as_u64().unwrap(), "{name}");
            assert_eq!(hex(blake3::hash(&bytes).as_bytes()), listed["digest"].as_str().unwrap(), "{name}");
        }
    }
}

/// Returns the difference of an outcome from the expected one, if there is a difference.
fn check_outcome<T>(outcome: Result<T>, expected: &Value) -> Option<String> {
    match (outcome, expected.as_str()) {
        (Ok(_), None) => None,
        (Ok(_), Some(kind)) => Some(format!("decodes, {kind} expected")),
        (Err(error), Some(kind)) if error.kind().name() == kind => None,
        (Err(error), Some("any")) if !matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::Io) => None,
        (Err(error), Some(kind)) => Some(format!("{kind} expected: {}: {error}", error.kind())),
        (Err(error), None) => Some(format!("cannot be seen, and yet: {error}")),
    }
}

#[test]
fn bad_files_are_refused() {
    let list: BTreeMap<String, Value> = serde_json::from_slice(&read("bad.json")).unwrap();
    assert_eq!(list.len(), names("bad").len());
    let mut wrong = Vec::new();
    for (name, about) in &list {
        let container = read(&format!("bad/{name}.tersor"));
        // without limits, so that no vector is refused because of its size
        let outcomes = [
            check_outcome(by_index(&container[..], Limits::unlimited()), &about["by_index"]),
            check_outcome(in_order(&container, Limits::unlimited()), &about["in_order"]),
        ];
        for (way, outcome) in ["by index", "in order"].iter().zip(outcomes) {
            wrong.extend(outcome.map(|outcome| format!("{name} {way}: {outcome}")));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), list.len(), wrong.join("\n"));
}

/// Tests errors of the kind `Limit`, which need a caller with limits.
#[test]
fn limits_are_kept() {
    let container = read("good/s06-largest-chunk.tersor");
    let len = (1 << 22) + 1003;
    for (limits, allowed) in [
        (Limits::default().with_total_bytes(len), true),
        (Limits::default().with_total_bytes(len - 1), false),
        (Limits::default().with_tensor_bytes(len - 3), true),
        (Limits::default().with_tensor_bytes(len - 4), false),
        (Limits::default().with_tensors(2), true),
        (Limits::default().with_tensors(1), false),
        (Limits::default().with_name_bytes(5), true),
        (Limits::default().with_name_bytes(4), false),
        (Limits::default().with_head_bytes(300), true),
        (Limits::default().with_head_bytes(20), false),
    ] {
        let kinds = [by_index(&container[..], limits).err(), in_order(&container, limits).err()];
        for kind in kinds.map(|error| error.map(|error| error.kind())) {
            assert_eq!(kind, (!allowed).then_some(ErrorKind::Limit), "{limits:?}");
        }
    }
}
