//! Encodes, decodes in every way, and compares.

use std::collections::{BTreeMap, HashSet};

#[cfg(feature = "half")]
use half::{bf16, f16};
use tersor::{
    Dtype, Element, EncodeOptions, Encoder, ErrorKind, FileInput, Limits, ReadAt, Reader, Tensor, TensorView,
    encode_files,
};

use crate::support::{Content, Random, by_index, files, in_order};

/// Encodes the tensors and checks the summary.
pub fn encode(tensors: &[Content], options: EncodeOptions) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), options).unwrap();
    encoder.add_metadata("key", "value").unwrap();
    for tensor in tensors {
        let view = TensorView::new(tensor.dtype, &tensor.shape, &tensor.bytes).unwrap();
        encoder.add(tensor.name.as_ref().unwrap(), view).unwrap();
    }
    let (container, summary) = encoder.finish().unwrap();
    assert_eq!(summary.coded_bytes, container.len() as u64);
    assert_eq!(summary.tensors, tensors.len() as u64);
    assert_eq!(summary.raw_bytes, tensors.iter().map(|tensor| tensor.bytes.len() as u64).sum::<u64>());
    container
}

/// Reads a container of these tensors in every way.
pub fn check(container: &[u8], tensors: &[Content], random: &mut Random) {
    assert_eq!(by_index(container, Limits::unlimited()).unwrap(), tensors);
    let reader = Reader::new(container).unwrap();
    assert!(reader.metadata().eq([("key", "value")]));
    for (tensor, expected) in reader.tensors().zip(tensors) {
        let found = reader.tensor(expected.name.as_ref().unwrap()).unwrap();
        assert_eq!((found.name(), found.shape()), (tensor.name(), &expected.shape[..]));
        assert_eq!(tensor.byte_len(), expected.bytes.len() as u64);
        let mut out = vec![0xa5; expected.bytes.len()];
        tensor.decode_bytes_into(&mut out).unwrap();
        assert!(out == expected.bytes);
        out.push(0);
        assert_eq!(tensor.decode_bytes_into(&mut out).unwrap_err().kind(), ErrorKind::InvalidArgument);
        if let Some(borrowed) = tensor.borrow_bytes().unwrap() {
            assert!(borrowed == expected.bytes);
        }
        let digest = blake3::hash(&expected.bytes);
        let known = (!expected.bytes.is_empty()).then(|| digest.as_bytes()[..16].try_into().unwrap());
        assert_eq!(tensor.digest(), known);
        check_rows(tensor, expected, random);
        if let Some(same) = tensor.alias_of() {
            assert!(same.decode().unwrap() == expected.bytes);
        }
    }
    let streamed = in_order(container, Limits::unlimited()).unwrap();
    let aliases: BTreeMap<usize, usize> = streamed.aliases.iter().copied().collect();
    for (ordinal, expected) in tensors.iter().enumerate() {
        match streamed.stored.get(&ordinal) {
            Some(content) => assert_eq!(content, expected),
            None if expected.bytes.is_empty() => {}
            None => {
                let content = &streamed.stored[&aliases[&ordinal]];
                assert!(content.dtype == expected.dtype && content.bytes == expected.bytes);
            }
        }
    }
    // every content is stored once
    let mut contents = HashSet::new();
    assert!(streamed.stored.values().all(|content| contents.insert((content.dtype, &content.bytes))));
}

fn check_rows(tensor: Tensor<'_>, expected: &Content, random: &mut Random) {
    let rows = tensor.row_count();
    assert_eq!(rows, expected.shape.first().copied().unwrap_or(1));
    assert_eq!(tensor.rows(0..rows.saturating_add(1)).is_err(), rows < u64::MAX);
    if expected.bytes.is_empty() {
        assert!(tensor.rows(0..rows).unwrap().decode().unwrap().is_empty());
        return;
    }
    let row_bits = tensor.element_count() / rows * u64::from(expected.dtype.bits());
    for _ in 0..3 {
        let first = random.below(rows + 1);
        let last = first + random.below(rows + 1 - first);
        let (start, end) = (first * row_bits, last * row_bits);
        let slice = tensor.rows(first..last).unwrap();
        match slice.decode() {
            Ok(bytes) => {
                assert!(bytes == expected.bytes[start as usize / 8..end as usize / 8]);
                let mut out = vec![0x5a; bytes.len()];
                slice.decode_bytes_into(&mut out).unwrap();
                assert!(out == bytes);
                assert!(first == last || start % 8 == 0 && end % 8 == 0);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
                assert!(start % 8 != 0 || end % 8 != 0, "{error}");
            }
        }
        check_values::<f32>(tensor, first..last, |value| value.to_bits().into());
        check_values::<f64>(tensor, first..last, |value| value.to_bits());
        #[cfg(feature = "half")]
        {
            check_values::<f16>(tensor, first..last, |value| value.to_bits().into());
            check_values::<bf16>(tensor, first..last, |value| value.to_bits().into());
        }
    }
    assert!(tensor.rows(1..rows + 1).is_err());
    let backwards = std::ops::Range { start: 1, end: 0 };
    assert_eq!(tensor.rows(backwards).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

/// Converted rows are the rows of the converted tensor.
fn check_values<T: Element>(tensor: Tensor<'_>, rows: std::ops::Range<u64>, bits: fn(&T) -> u64) {
    let (whole, part) = (tensor.decode_as::<T>(), tensor.rows(rows.clone()).unwrap().decode_as::<T>());
    if tensor.dtype() == Dtype::C64 {
        assert_eq!(whole.err().map(|error| error.kind()), Some(ErrorKind::Unsupported));
        return;
    }
    let (whole, part) = (whole.unwrap(), part.unwrap());
    assert_eq!(whole.len() as u64, tensor.element_count());
    let row = whole.len() / tensor.row_count() as usize;
    let own = &whole[rows.start as usize * row..rows.end as usize * row];
    assert!(own.iter().map(bits).eq(part.iter().map(bits)));
    if tensor.dtype() == T::DTYPE {
        let bytes = tensor.decode().unwrap();
        let words = bytes.chunks_exact(size_of::<T>());
        let stored = words.map(|word| word.iter().rev().fold(0, |value, &byte| value << 8 | u64::from(byte)));
        assert!(stored.eq(whole.iter().map(bits)));
    }
}

/// Makes a safetensors file of the tensors in this order, with an unusual header.
pub fn safetensors(tensors: &[Content], spaces: usize, metadata: bool) -> Vec<u8> {
    let mut header = Vec::new();
    if metadata {
        header.push(r#""__metadata__" : {"b":"1", "a":"caf\u00e9 \ud83d\ude00"}"#.to_owned());
    }
    let mut offset = 0;
    for tensor in tensors {
        let end = offset + tensor.bytes.len();
        let (name, dtype) = (serde_json::to_string(tensor.name.as_ref().unwrap()).unwrap(), tensor.dtype.name());
        header.push(format!(
            "{name}:\n{{\"shape\":{:?} ,\"dtype\":\"{dtype}\",\"data_offsets\":[{offset},{end}]}}",
            tensor.shape
        ));
        offset = end;
    }
    // the keys of the header are not in the order of the bytes
    header.reverse();
    let mut text = format!("{{{}}}", header.join(","));
    text.push_str(&" ".repeat(spaces));
    let mut out = (text.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(text.as_bytes());
    tensors.iter().for_each(|tensor| out.extend_from_slice(&tensor.bytes));
    out
}

/// A source whose bytes must be read.
struct OnDisk<'a>(&'a [u8]);

impl ReadAt for OnDisk<'_> {
    fn len(&self) -> std::io::Result<u64> {
        ReadAt::len(self.0)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_exact_at(offset, buffer)
    }
}

/// Encodes files, given by path and content, decodes them in every way and returns the container.
pub fn check_files(files_in: &[(&str, &[u8])], options: EncodeOptions) -> Vec<u8> {
    let inputs: Vec<FileInput<'_>> = files_in.iter().map(|(path, bytes)| FileInput::new(path, bytes)).collect();
    // from a source that has no bytes in memory
    let sources: Vec<OnDisk<'_>> = files_in.iter().map(|(_, bytes)| OnDisk(bytes)).collect();
    let from_disk: Vec<FileInput<'_>> =
        files_in.iter().zip(&sources).map(|((path, _), source)| FileInput::of_source(path, source)).collect();
    let (container, summary) = encode_files(&inputs, Vec::new(), options.clone().with_threads(1)).unwrap();
    let (again, _) = encode_files(&from_disk, Vec::new(), options.with_threads(2)).unwrap();
    assert!(container == again, "the number of threads or the kind of the source changes the bytes");
    assert_eq!(summary.raw_bytes, files_in.iter().map(|(_, bytes)| <[u8]>::len(bytes) as u64).sum::<u64>());
    let out = files(&container, Limits::unlimited()).unwrap();
    assert_eq!(out.len(), inputs.len());
    for ((info, bytes), (path, expected)) in out.iter().zip(files_in) {
        assert_eq!((&info.path[..], info.in_folder), (*path, files_in.len() > 1 || path.contains('/')));
        assert!(bytes == expected, "{path:?}");
    }
    by_index(&container[..], Limits::unlimited()).unwrap();
    in_order(&container, Limits::unlimited()).unwrap();
    container
}
