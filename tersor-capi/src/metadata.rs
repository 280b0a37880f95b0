//! The metadata of a reader.

use crate::pointers::{Input, Output};
use crate::reader::Reader;
use crate::status::{Failure, Status, guard};

/// A pair of key and value, both in UTF-8 and without a zero byte at the end. The pointers are valid until the reader is
/// freed.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Metadata {
    /// The key.
    pub key: *const u8,
    /// The number of bytes of the key.
    pub key_len: usize,
    /// The value.
    pub value: *const u8,
    /// The number of bytes of the value.
    pub value_len: usize,
}

/// Writes the number of pairs to `count`.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_metadata_count(reader: Option<&Reader>, count: Output<usize>) -> Status {
    guard(|| Ok(count.put(Reader::of(reader)?.metadata().len(), "count")?))
}

/// Writes pair `index` to `pair`. Pairs are counted from 0, in the order of the file.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_metadata_at(reader: Option<&Reader>, index: usize, pair: Output<Metadata>) -> Status {
    guard(|| {
        let all = Reader::of(reader)?.metadata();
        let missing = || Failure::NotFound(format!("there is no metadata {index}: the file has {}", all.len()));
        Ok(pair.put(Metadata::of(all.get(index).ok_or_else(missing)?), "pair")?)
    })
}

/// Writes the pair with this key to `pair`. `key` has `key_len` bytes of UTF-8. Fails with `TERSOR_STATUS_NOT_FOUND` if
/// there is none.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_metadata_find(
    reader: Option<&Reader>,
    key: Input<u8>,
    key_len: usize,
    pair: Output<Metadata>,
) -> Status {
    guard(|| {
        let key = String::from_utf8_lossy(key.slice(key_len, "key")?);
        let found = Reader::of(reader)?.metadata().iter().find(|(own, _)| **own == *key);
        let missing = || Failure::NotFound(format!("there is no metadata key {}", tersor::Escaped(&key)));
        Ok(pair.put(Metadata::of(found.ok_or_else(missing)?), "pair")?)
    })
}

impl Metadata {
    fn of((key, value): &(Box<str>, Box<str>)) -> Self {
        Self { key: key.as_ptr(), key_len: key.len(), value: value.as_ptr(), value_len: value.len() }
    }
}

impl Reader {
    /// Returns all pairs. They are copied once, so that a pair is found by its number without a search.
    fn metadata(&self) -> &[(Box<str>, Box<str>)] {
        self.metadata.get_or_init(|| self.inner.metadata().map(|(key, value)| (key.into(), value.into())).collect())
    }
}
