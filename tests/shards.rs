//! Models in several containers, which an index lists.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tersor::{
    DecodeOptions, Dtype, EncodeOptions, Encoder, Error, ErrorKind, Limits, ReadAt, Result, ShardIndex, Shards,
    TensorView,
};

/// Encodes tensors of 1000 equal bytes, given by name and value.
fn container(tensors: &[(&str, u8)]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default()).unwrap();
    encoder.add_metadata("format", "pt").unwrap();
    for (name, value) in tensors {
        encoder.add(name, TensorView::new(Dtype::U8, &[10, 100], &[*value; 1000]).unwrap()).unwrap();
    }
    encoder.finish().unwrap().0
}

/// Returns three shards. Two of them have a tensor `twice`, and `extra` is in no index.
fn shards() -> HashMap<String, Vec<u8>> {
    HashMap::from([
        ("m-1-of-3.tersor".to_owned(), container(&[("a", 1), ("twice", 11)])),
        ("m-2-of-3.tersor".to_owned(), container(&[("b", 2), ("twice", 12)])),
        ("m-3-of-3.tersor".to_owned(), container(&[("c", 3), ("extra", 13)])),
    ])
}

const INDEX: &str = r#"{
  "metadata": {"total_size": 4000, "note": "a \"model\"", "list": [1, 2]},
  "weight_map": {
    "c": "m-3-of-3.tersor",
    "twice": "m-2-of-3.tersor",
    "b": "m-2-of-3.tersor",
    "a": "m-1-of-3.tersor"
  }
}"#;

/// Opens an index whose shards lie in memory. Counts how often a shard is opened.
fn open(index: &str, limits: Limits) -> Result<(Shards, Arc<AtomicUsize>)> {
    let (store, count) = (shards(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&count);
    let options = DecodeOptions::default().with_limits(limits);
    let model = Shards::with_opener(index.as_bytes(), options, move |name| {
        counter.fetch_add(1, Ordering::Relaxed);
        match store.get(name) {
            Some(shard) => Ok(Box::new(shard.clone()) as Box<dyn ReadAt>),
            None => Err(Error::from(std::io::Error::from(std::io::ErrorKind::NotFound))),
        }
    })?;
    Ok((model, count))
}

fn first_byte(model: &Shards, name: &str) -> u8 {
    model.tensor(name).unwrap().unwrap().decode().unwrap()[0]
}

#[test]
fn a_shard_is_opened_once_and_when_it_is_needed() {
    let (model, opened) = open(INDEX, Limits::default()).unwrap();
    assert!(model.names().eq(["c", "twice", "b", "a"]));
    assert!(model.shard_names().eq(["m-1-of-3.tersor", "m-2-of-3.tersor", "m-3-of-3.tersor"]));
    assert!(model.metadata().eq([("total_size", "4000"), ("note", "a \"model\""), ("list", "[1, 2]")]));
    assert_eq!(model.index().shard_of("c"), Some("m-3-of-3.tersor"));
    assert_eq!(opened.load(Ordering::Relaxed), 0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!([first_byte(&model, "b"), first_byte(&model, "c")], [2, 3]));
        }
    });
    assert_eq!(opened.load(Ordering::Relaxed), 2);
    let reader = model.reader("m-1-of-3.tersor").unwrap();
    assert_eq!((reader.len(), reader.metadata().next()), (2, Some(("format", "pt"))));
    assert_eq!(opened.load(Ordering::Relaxed), 3);
    assert_eq!(model.reader("m-4-of-3.tersor").unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn the_index_decides_which_tensors_there_are() {
    let (model, _) = open(INDEX, Limits::default()).unwrap();
    assert_eq!(first_byte(&model, "twice"), 12);
    assert!(model.tensor("extra").unwrap().is_none() && model.tensor("").unwrap().is_none());
    assert!(model.reader("m-3-of-3.tersor").unwrap().tensor("extra").is_some());
    // chunks of different shards are told apart
    let all: Vec<u8> = ["a", "b", "c", "twice", "a"].map(|name| first_byte(&model, name)).into();
    assert_eq!(all, [1, 2, 3, 12, 1]);
}

#[test]
fn errors_name_the_shard_and_the_tensor() {
    let (model, opened) = open(&INDEX.replace("m-1-of-3", "m-9-of-3"), Limits::default()).unwrap();
    for attempt in 1..3 {
        let error = model.tensor("a").unwrap_err();
        assert_eq!((error.kind(), opened.load(Ordering::Relaxed)), (ErrorKind::Io, attempt));
        assert!(error.to_string().starts_with("m-9-of-3.tersor: "), "{error}");
    }
    let (model, _) = open(&INDEX.replace("\"b\"", "\"absent\""), Limits::default()).unwrap();
    let error = model.tensor("absent").unwrap_err();
    assert_eq!((error.kind(), error.tensor()), (ErrorKind::Corrupt, Some("absent")));
    assert!(error.to_string().starts_with("m-2-of-3.tersor: this shard does not have"), "{error}");
}

#[test]
fn a_bad_index_is_refused() {
    let map = |pairs: &str| format!("{{\"weight_map\": {{{pairs}}}}}");
    let refused = |json: &str, words: &str| {
        let error = ShardIndex::parse(json.as_bytes(), &Limits::default()).unwrap_err();
        assert!(error.kind() == ErrorKind::Corrupt && error.to_string().contains(words), "{json}: {error}");
    };
    for name in ["", ".", "..", "/etc/passwd", "../m.tersor", "sub/m.tersor", "a\\\\b", "c:x", "nul", "a\\u0000", "a "]
    {
        refused(&map(&format!("\"a\": \"{name}\"")), "is not the name of a file in the same folder");
    }
    refused(&map(r#""a": "m.tersor", "b": "n.tersor", "a": "m.tersor""#), "twice");
    refused(r#"{"weight_map": {}, "weight_map": {}}"#, "twice");
    refused(r#"{"metadata": {}}"#, "no `weight_map`");
    refused(r#"{"weight_map": null}"#, "no `weight_map`");
    for json in ["", "[]", "{", "3", "[{}, {}]", r#"{"weight_map": []}"#, r#"{"metadata": 3, "weight_map": {}}"#] {
        refused(json, "not a valid index");
    }
    refused(&map(r#""a": 3"#), "not a valid index");
    refused(&("[".repeat(100_000) + "{"), "not a valid index");
    assert!(ShardIndex::recognise(b"{}", &Limits::default()).unwrap().is_none());
    assert!(ShardIndex::parse(map("").as_bytes(), &Limits::default()).unwrap().shards().next().is_none());
}

#[test]
fn limits_hold_for_all_shards_together() {
    let limited = |limits: Limits| open(INDEX, limits).map(drop).unwrap_err().limit_name();
    assert_eq!(limited(Limits::default().with_head_bytes(INDEX.len() as u64 - 1)), Some("head_bytes"));
    assert_eq!(limited(Limits::default().with_tensors(3)), Some("tensors"));
    assert_eq!(limited(Limits::default().with_name_bytes(4)), Some("name_bytes"));
    // each shard has 2 tensors of 1000 bytes
    for (limits, name) in [
        (Limits::default().with_total_bytes(5999), "total_bytes"),
        (Limits::default().with_tensors(5), "tensors"),
        (Limits::default().with_work(std::time::Duration::from_nanos(1)), "work"),
    ] {
        let (model, _) = open(INDEX, limits).unwrap();
        let read = |tensor: &str| model.tensor(tensor)?.unwrap().decode().map(drop);
        let results = ["a", "b", "c", "a"].map(|tensor| read(tensor).map_err(|error| error.limit_name()));
        if name != "work" {
            assert_eq!(results, [Ok(()), Ok(()), Err(Some(name)), Ok(())]);
        }
        assert!(results.contains(&Err(Some(name))), "{results:?}");
    }
    let (model, _) = open(INDEX, Limits::default().with_total_bytes(6000).with_tensors(6)).unwrap();
    assert_eq!(["a", "b", "c"].map(|name| first_byte(&model, name)), [1, 2, 3]);
}

#[test]
fn files_beside_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.tersor.index.json");
    assert_eq!(Shards::open(&path).unwrap_err().path(), Some(path.as_path()));
    fs::write(&path, INDEX).unwrap();
    for (name, bytes) in shards().iter().filter(|(name, _)| !name.starts_with("m-3")) {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let model = Shards::open(&path).unwrap();
    assert_eq!(first_byte(&model, "a"), 1);
    let missing = folder.path().join("m-3-of-3.tersor");
    let error = model.tensor("c").unwrap_err();
    assert_eq!((error.kind(), error.path()), (ErrorKind::Io, Some(missing.as_path())));
    // a file of another format, and then the right one
    fs::write(&missing, b"PK\x03\x04 and more bytes than a header has").unwrap();
    let error = model.tensor("c").unwrap_err();
    assert!(error.is_foreign_format() && error.path() == Some(missing.as_path()), "{error}");
    fs::write(&missing, &shards()["m-3-of-3.tersor"]).unwrap();
    assert_eq!(first_byte(&model, "c"), 3);
    let small = DecodeOptions::default().with_limits(Limits::default().with_head_bytes(10));
    assert_eq!(Shards::open_with(&path, small).unwrap_err().limit_name(), Some("head_bytes"));
}

/// No change of an index makes the parser panic or accept the name of a file in another folder.
#[test]
fn changed_indexes() {
    let limits = Limits::default();
    let mut accepted = 0;
    for place in 0..INDEX.len() {
        for replacement in [&b""[..], b"\"", b"{", b"}", b",", b"/", b"\\", b"\0", b"\xff", b"..", b"9"] {
            let changed = [&INDEX.as_bytes()[..place], replacement, &INDEX.as_bytes()[place + 1..]].concat();
            let Ok(index) = ShardIndex::parse(&changed, &limits) else { continue };
            accepted += 1;
            assert!(
                index.shards().all(|shard| !shard.contains(['/', '\\', '\0']) && shard != ".." && !shard.is_empty())
            );
            assert!(index.tensors().all(|(name, shard)| index.shard_of(name) == Some(shard)));
            assert!(index.shards().all(|shard| index.tensors().any(|(_, own)| own == shard)));
        }
        drop(ShardIndex::parse(&INDEX.as_bytes()[..place], &limits));
    }
    assert!(accepted > 100, "{accepted}");
}
