//! Decodes whole containers by random access and in file order. Tests and fuzz targets share these functions.
#![allow(dead_code)]

use std::collections::BTreeMap;

use tersor::analysis::BoundsOptions;
use tersor::{
    Category, DecodeOptions, Dtype, Error, ErrorKind, FileInfo, FileOutput, Limits, ReadAt, Reader, Result,
    StreamDecoder, decode_files,
};

/// A tensor, or the content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub name: Option<String>,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    pub bytes: Vec<u8>,
}

/// The content of a container as a reader in file order returns it: stored entries by ordinal, and pairs of an alias
/// and its target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Streamed {
    pub metadata: Vec<(String, String)>,
    pub stored: BTreeMap<usize, Content>,
    pub aliases: Vec<(usize, usize)>,
    pub files: Vec<(FileInfo, Vec<u8>)>,
}

/// Pseudo-random numbers (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// Returns about normally distributed numbers of standard deviation 1.
    pub fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.below(1 << 30) as f64 / f64::from(1 << 30) - 0.5).sum::<f64>() * 1.4
    }
}

/// Returns small limits for damaged or random containers.
pub fn tight() -> Limits {
    Limits::default()
        .with_total_bytes(16 << 20)
        .with_tensor_bytes(16 << 20)
        .with_tensors(1 << 16)
        .with_head_bytes(1 << 20)
}

fn options(limits: Limits) -> DecodeOptions {
    DecodeOptions::default().with_limits(limits).with_threads(1)
}

/// Decodes all tensors by random access and checks their digests.
pub fn by_index(source: impl ReadAt, limits: Limits) -> Result<Vec<Content>> {
    let reader = Reader::with_options(source, options(limits))?;
    let mut tensors = Vec::new();
    for tensor in reader.tensors() {
        let bytes = tensor.decode()?;
        if !cfg!(fuzzing) {
            tensor.verify()?;
        }
        if let Some(borrowed) = tensor.borrow_bytes()? {
            assert_eq!(borrowed, bytes, "borrowed and decoded bytes differ");
        }
        tensors.push(Content {
            name: Some(tensor.name().to_owned()),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            bytes,
        });
    }
    Ok(tensors)
}

/// Computes the ledger, which reads all chunks and the bytes between the segments.
pub fn ledger(source: impl ReadAt, limits: Limits) -> Result<()> {
    let reader = Reader::with_options(source, options(limits))?;
    // `bounds` computes the ledger first, and can fail later, when it decodes chunks
    let ledger = match reader.bounds(&BoundsOptions::default()) {
        Ok(bounds) => bounds.ledger,
        Err(_) => reader.ledger()?,
    };
    assert_eq!(ledger.bytes(), reader.file_len(), "the ledger does not add up");
    Ok(())
}

/// Decodes everything in file order; files, if there are any, with their digests.
pub fn in_order(bytes: &[u8], limits: Limits) -> Result<Streamed> {
    let streamed = streamed(bytes, limits)?;
    match files(bytes, limits) {
        Ok(files) => Ok(Streamed { files, ..streamed }),
        Err(error) if error.kind() == ErrorKind::InvalidArgument => Ok(streamed),
        Err(error) => Err(error),
    }
}

/// Decodes tensors and file contents in file order.
pub fn streamed(bytes: &[u8], limits: Limits) -> Result<Streamed> {
    let mut decoder = StreamDecoder::new(bytes, options(limits))?;
    let mut stored: BTreeMap<usize, Content> = BTreeMap::new();
    while let Some(part) = decoder.next_part()? {
        let content = stored.entry(part.ordinal).or_insert_with(|| Content {
            name: part.name.map(str::to_owned),
            dtype: part.dtype,
            shape: part.shape.to_vec(),
            bytes: Vec::new(),
        });
        assert_eq!(content.bytes.len() as u64, part.offset, "parts out of order");
        assert!(!part.bytes.is_empty());
        content.bytes.extend_from_slice(part.bytes);
    }
    assert!(decoder.next_part()?.is_none());
    assert_eq!(decoder.position(), bytes.len() as u64);
    Ok(Streamed {
        metadata: decoder.metadata().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        stored,
        aliases: decoder.declared().filter_map(|one| Some((one.ordinal, one.alias_of?))).collect(),
        files: Vec::new(),
    })
}

/// Recreates the files; returns an error of kind `Corrupt` if the digest of one differs.
pub fn files(bytes: &[u8], limits: Limits) -> Result<Vec<(FileInfo, Vec<u8>)>> {
    let mut memory = Memory::default();
    let infos = decode_files(bytes, &mut memory, options(limits))?;
    assert!(memory.files.iter().all(|file| file.missing == 0), "bytes that were not written");
    let files: Vec<_> = infos.into_iter().zip(memory.files.into_iter().map(|file| file.bytes)).collect();
    for (info, bytes) in &files {
        assert_eq!(info.len, bytes.len() as u64);
        if info.digest != Some(*blake3::hash(bytes).as_bytes()) && !cfg!(fuzzing) {
            return Err(Error::corrupt("a file is not what its digest says").in_tensor(&info.path));
        }
    }
    Ok(files)
}

#[derive(Default)]
struct Memory {
    files: Vec<MemoryFile>,
}

struct MemoryFile {
    bytes: Vec<u8>,
    missing: u64,
}

impl FileOutput for Memory {
    fn begin(&mut self, files: &[FileInfo]) -> Result<()> {
        assert!(self.files.is_empty());
        self.files = files.iter().map(|f| MemoryFile { bytes: vec![0; f.len as usize], missing: f.len }).collect();
        Ok(())
    }

    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Result<()> {
        let file = &mut self.files[file];
        file.bytes[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        file.missing -= bytes.len() as u64;
        Ok(())
    }
}

/// Decodes any bytes in both ways. Both must end, and if both succeed they must return the same.
pub fn agree(bytes: &[u8], limits: Limits) -> (Result<Vec<Content>>, Result<Streamed>) {
    let (indexed, streamed) = (by_index(bytes, limits), in_order(bytes, limits));
    // a reader in file order reads every byte that a reader by index reads
    for outcome in [indexed.as_ref().err(), ledger(bytes, limits).as_ref().err()] {
        if let (Some(error), Ok(_)) = (outcome, &streamed) {
            assert_eq!(error.kind(), ErrorKind::Limit, "only by index: {error}");
        }
    }
    if let (Ok(indexed), Ok(streamed)) = (&indexed, &streamed) {
        let aliases: BTreeMap<usize, usize> = streamed.aliases.iter().copied().collect();
        let named = streamed.stored.values().filter(|content| content.name.is_some()).count();
        let with_bytes = indexed.iter().filter(|content| !content.bytes.is_empty()).count();
        assert!(with_bytes >= named, "{with_bytes} tensors by index, {named} in order");
        assert!(with_bytes <= named + aliases.len(), "{with_bytes} tensors by index, {named} in order");
        // both are in the order of ordinals, and aliases are not among the stored entries
        let mut rest = indexed.iter();
        for content in streamed.stored.values().filter(|content| content.name.is_some()) {
            assert!(rest.any(|other| other == content), "{:?} by index is another", content.name);
        }
    }
    (indexed, streamed)
}

/// Checks the bounds of a file: no stream is smaller than its model allows, contexts never make a code longer, and the
/// sum of all parts is the size of the file.
pub fn check_bounds(reader: &Reader<'_>) {
    let bounds = reader.bounds(&BoundsOptions::default().with_statistics(true)).unwrap();
    assert_eq!(bounds.ledger, reader.ledger().unwrap());
    for (segment, ledger) in bounds.segments.iter().zip(&bounds.ledger.segments) {
        for stream in &segment.streams {
            let Some(lengths) = stream.lengths else { continue };
            let actual = stream.actual_bits as f64;
            assert!(lengths.model_bits <= actual * (1.0 + 1e-6), "{stream:?} of {ledger:?}");
            assert!(lengths.conditional_bits <= lengths.order0_bits * (1.0 + 1e-9), "{stream:?}");
            assert!(lengths.order0_bits <= lengths.kt_order0_bits * (1.0 + 1e-9), "{stream:?}");
            assert!(lengths.conditional_bits <= lengths.kt_bits * (1.0 + 1e-9), "{stream:?}");
            assert!(lengths.conditional_bits <= lengths.two_part_bits * (1.0 + 1e-9), "{stream:?}");
            if stream.coding == "lanes" {
                // 32 states of 32 bits a chunk, of which about half is lost, and 1 % for rounding
                let most = 1.01 * lengths.model_bits + 1088.0 * ledger.chunks as f64;
                assert!(actual < most, "{stream:?} in {} chunks", ledger.chunks);
            }
        }
    }
    let totals = bounds.totals();
    assert_eq!(totals.file_bits, 8 * reader.file_len());
    let parts = totals.lengths.model_bits + totals.coder_overhead_bits() + totals.raw_bits as f64;
    let file = parts + (totals.side_information_bits + totals.framing_bits) as f64;
    assert!((file / totals.file_bits as f64 - 1.0).abs() < 1e-12, "{totals:?}");
    // the categories of the ledger that are framing
    let framing = [
        Category::Header,
        Category::Manifest,
        Category::Frames,
        Category::Lengths,
        Category::Checksums,
        Category::Padding,
        Category::Index,
        Category::Digests,
        Category::Footer,
        Category::Other,
    ];
    let is_framing = |(category, bytes): (Category, u64)| if framing.contains(&category) { bytes } else { 0 };
    let framing: u64 = bounds.ledger.totals().into_iter().map(is_framing).sum();
    // the ledger counts the lengths of a mask's streams as part of the mask
    let chunks: u64 = bounds.ledger.segments.iter().map(|segment| segment.chunks).sum();
    assert!((8 * framing..8 * framing + 160 * chunks + 1).contains(&totals.framing_bits), "{framing} {totals:?}");
    for statistics in bounds.statistics.iter().flatten() {
        let numbers = [statistics.mean, statistics.deviation, statistics.kurtosis, statistics.zero_share];
        assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{statistics:?}");
        assert!(statistics.priors.models.iter().all(|prior| prior.bits.is_finite()), "{statistics:?}");
    }
}
