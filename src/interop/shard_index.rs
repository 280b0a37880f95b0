//! Reads the index of a sharded model: a JSON file whose `weight_map` names the shard of each tensor.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::container::is_file_path;
use crate::error::{Error, Result};
use crate::limits::{Bound, Limits};

/// The index of a sharded model, such as `model.safetensors.index.json` or `model.tersor.index.json`.
///
/// ```
/// use tersor::{Limits, ShardIndex};
/// # fn main() -> tersor::Result<()> {
/// let json = br#"{"metadata": {"total_size": 8}, "weight_map": {"a": "m-1-of-2.tersor", "b": "m-2-of-2.tersor"}}"#;
/// let index = ShardIndex::parse(json, &Limits::default())?;
/// assert_eq!(index.shard_of("b"), Some("m-2-of-2.tersor"));
/// assert!(index.metadata().eq([("total_size", "8")]));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ShardIndex {
    /// The tensors in the order of the index, each with the number of its shard.
    tensors: Vec<(Arc<str>, u32)>,
    /// The number of each tensor in `tensors`.
    numbers: HashMap<Arc<str>, u32>,
    /// The names of the shards, sorted.
    shards: Vec<String>,
    metadata: Vec<(String, String)>,
}

impl ShardIndex {
    /// Parses an index.
    ///
    /// # Errors
    /// `Corrupt` if the text is not valid JSON, has no `weight_map`, has a key twice, or names a shard that is not a
    /// file in the folder of the index; `Limit` if it is longer than [`Limits::head_bytes`], or has more tensors or
    /// longer names than the limits allow.
    pub fn parse(json: &[u8], limits: &Limits) -> Result<Self> {
        Self::recognise(json, limits)?.ok_or_else(|| {
            Error::corrupt("this JSON file has no `weight_map`, so it is not the index of a sharded model")
        })
    }

    /// Parses a JSON file of any kind if it is an index; returns `None` if it has no `weight_map`.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn recognise(json: &[u8], limits: &Limits) -> Result<Option<Self>> {
        limits.check(Bound::HeadBytes, json.len() as u64, "bytes of index")?;
        let document = serde_json::from_slice::<Document<'_>>(json);
        let document = document.map_err(|error| Error::corrupt(format!("not a valid index in JSON: {error}")))?;
        let Some(Pairs(map)) = document.weight_map else { return Ok(None) };
        let mut index = Self::of_map(map, limits).map_err(|error| error.in_section("weight_map"))?;
        let Pairs(metadata) = document.metadata.unwrap_or_default();
        limits.check(Bound::Tensors, metadata.len() as u64, "pairs of metadata")?;
        // a string stands for its content, anything else for its JSON text
        let plain = |value: &RawValue| serde_json::from_str(value.get()).unwrap_or_else(|_| value.get().to_owned());
        index.metadata = metadata.into_iter().map(|(key, value)| (key, plain(value))).collect();
        Ok(Some(index))
    }

    fn of_map(map: Vec<(String, String)>, limits: &Limits) -> Result<Self> {
        limits.check(Bound::Tensors, map.len() as u64, "tensors")?;
        let mut shards: BTreeMap<&str, u32> = BTreeMap::new();
        for (tensor, shard) in &map {
            if !is_file_path(shard) || shard.contains('/') {
                let what = format!("the shard {shard:?} is not the name of a file in the same folder");
                return Err(Error::corrupt(what).in_tensor(tensor));
            }
            shards.insert(shard, 0);
        }
        shards.values_mut().zip(0..).for_each(|(number, next)| *number = next);
        let mut tensors = Vec::with_capacity(map.len());
        let mut numbers = HashMap::with_capacity(map.len());
        for (tensor, shard) in &map {
            limits.check(Bound::NameBytes, tensor.len() as u64, "bytes of a name")?;
            let name: Arc<str> = tensor.as_str().into();
            if numbers.insert(Arc::clone(&name), tensors.len() as u32).is_some() {
                return Err(Error::corrupt("the index names this tensor twice").in_tensor(tensor));
            }
            tensors.push((name, shards[shard.as_str()]));
        }
        let shards = shards.into_keys().map(str::to_owned).collect();
        Ok(Self { tensors, numbers, shards, metadata: Vec::new() })
    }

    /// Returns the tensors and their shards, in the order of the index.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tensors.iter().map(|(name, shard)| (&**name, self.shards[*shard as usize].as_str()))
    }

    /// Returns the names of the shards, each once, sorted.
    pub fn shards(&self) -> impl ExactSizeIterator<Item = &str> {
        self.shards.iter().map(String::as_str)
    }

    /// Returns the name of the shard that has this tensor; `None` if the index does not name the tensor.
    #[must_use]
    pub fn shard_of(&self, tensor: &str) -> Option<&str> {
        self.shard_number_of(tensor).map(|number| self.shards[number].as_str())
    }

    /// Returns the metadata of the index as pairs of key and value, in the order of the index. A value that is no string
    /// is given as its JSON text.
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        self.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns the number of the shard that has this tensor, in the order of [`shards`](Self::shards).
    pub(crate) fn shard_number_of(&self, tensor: &str) -> Option<usize> {
        self.numbers.get(tensor).map(|&number| self.tensors[number as usize].1 as usize)
    }

    /// Returns the number of the shard with this name, in the order of [`shards`](Self::shards).
    pub(crate) fn shard_number(&self, shard: &str) -> Option<usize> {
        self.shards.binary_search_by(|known| known.as_str().cmp(shard)).ok()
    }
}

/// The parts of the JSON document that are used.
struct Document<'a> {
    metadata: Option<Pairs<&'a RawValue>>,
    weight_map: Option<Pairs<String>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Document<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let Pairs(parts) = Pairs::<&RawValue>::deserialize(deserializer)?;
        let mut document = Self { metadata: None, weight_map: None };
        for (key, value) in parts {
            match key.as_str() {
                "metadata" if document.metadata.is_none() => document.metadata = parsed(value)?,
                "weight_map" if document.weight_map.is_none() => document.weight_map = parsed(value)?,
                "metadata" | "weight_map" => {
                    return Err(serde::de::Error::custom(format!("the key {key:?} occurs twice")));
                }
                _ => {}
            }
        }
        Ok(document)
    }
}

/// Parses a part of the document, which may be null.
fn parsed<'a, T: Deserialize<'a>, E: serde::de::Error>(value: &'a RawValue) -> std::result::Result<Option<T>, E> {
    serde_json::from_str(value.get()).map_err(E::custom)
}

/// The pairs of an object, in its order. A key that occurs twice is there twice.
struct Pairs<V>(Vec<(String, V)>);

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Object<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
}
