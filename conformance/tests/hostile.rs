//! Whatever the bytes: an error or the right data, without a panic, without end, or more memory than the input and the
//! limits have earned.
//!
//! By default a part of all changes is tried, at fixed strides. `TERSOR_SWEEP=complete` tries them all, in containers of more
//! than 2 KiB each bit instead of each value of the bytes outside heads; for this release is the place:
//! `TERSOR_SWEEP=complete cargo test --release --test hostile`.

#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use conformance::coders::{ClassField, Coding, Fields, Source, Tables, field};
use conformance::good::{Vector, fields, segment, tensor};
use conformance::wire::{Item, Manifest, Packing, Part, Parts, Representation, crc, put_varint};
use peak_alloc::PeakAlloc;
use support::{Content, Streamed, agree, by_index, in_order, tight};
use tersor::{
    DecodeOptions, Dtype, EncodeOptions, Encoder, ErrorKind, FileInput, Limits, Reader, Result, TensorView,
    encode_files,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Tests take turns, as they watch the memory of the whole process and use all cores.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What `work` gives, and the most bytes of memory that it held beside those before it.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let out = work();
    (out, MEMORY.peak_usage().saturating_sub(before))
}

fn complete() -> bool {
    std::env::var("TERSOR_SWEEP").is_ok_and(|value| value == "complete")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn containers(folder: &str) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(root().join("spec/vectors").join(folder)).unwrap();
    let mut found: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "tersor"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    assert!(found.len() > 20);
    found
}

/// A container and what it holds, read in both ways.
struct Known {
    name: String,
    bytes: Vec<u8>,
    indexed: Vec<Content>,
    streamed: Streamed,
}

impl Known {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let (indexed, streamed) = agree(&bytes, tight());
        Self { name: name.to_owned(), indexed: indexed.unwrap(), streamed: streamed.unwrap(), bytes }
    }

    /// The changed bytes give an error or what they gave before.
    fn check(&self, changed: &[u8], what: &dyn Fn() -> String) -> usize {
        let mut errors = 0;
        match by_index(changed, tight()) {
            Ok(indexed) => assert!(indexed == self.indexed, "{} by index: other data, {}", self.name, what()),
            Err(error) => errors += self.is_decent(error, what),
        }
        match in_order(changed, tight()) {
            Ok(streamed) => assert!(streamed == self.streamed, "{} in order: other data, {}", self.name, what()),
            Err(error) => errors += self.is_decent(error, what),
        }
        errors
    }

    fn is_decent(&self, error: tersor::Error, what: &dyn Fn() -> String) -> usize {
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::Unsupported | ErrorKind::Limit),
            "{}: {kind}: {error}, {}",
            self.name,
            what()
        );
        assert!(!error.to_string().is_empty());
        1
    }
}

/// Vectors, and a container as the library makes it.
fn known() -> Vec<Known> {
    let mut all: Vec<Known> = containers("good").into_iter().map(|(name, bytes)| Known::new(&name, bytes)).collect();
    all.push(Known::new("encoded", encoded()));
    all
}

fn encoded() -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), EncodeOptions::default().with_chunk_bytes(4096)).unwrap();
    encoder.metadata("some", "metadata").unwrap();
    let floats: Vec<u8> = (0..3000u32).flat_map(|i| ((i * i % 997) as f32 * 0.01 - 3.0).to_le_bytes()).collect();
    let words: Vec<u8> = (0..2000u16).flat_map(|i| (i % 100 * (i % 17)).to_le_bytes()).collect();
    encoder.add("floats", TensorView::new(Dtype::F32, &[30, 100], &floats).unwrap()).unwrap();
    encoder.add("words", TensorView::new(Dtype::I16, &[2000], &words).unwrap()).unwrap();
    encoder.add("again", TensorView::new(Dtype::F32, &[3000], &floats).unwrap()).unwrap();
    encoder.finish().unwrap().0
}

/// `work` for each number below `count`, on all cores.
fn on_all_cores(count: usize, work: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, |cores| cores.get()) {
            scope.spawn(|| {
                while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&number| number < count) {
                    work(number);
                }
            });
        }
    });
}

/// Tries changes `0..count` of a container, or about `budget` of them; each gives changed bytes and says what they are.
fn sweep(known: &Known, count: usize, budget: usize, change: impl Fn(usize) -> (Vec<u8>, String) + Sync) -> [usize; 2] {
    // odd, so that it is prime to the 256 values of a byte
    let stride = if complete() { 1 } else { count.div_ceil(budget.max(1)) | 1 };
    let errors = AtomicUsize::new(0);
    let tried = count.div_ceil(stride);
    on_all_cores(tried, |number| {
        let (changed, what) = change(number * stride);
        errors.fetch_add(known.check(&changed, &|| what.clone()), Ordering::Relaxed);
    });
    [tried, errors.into_inner()]
}

/// Bytes `from..` of a container, every value of each.
fn every_value(known: &Known, from: usize, to: usize, budget: usize) -> [usize; 2] {
    sweep(known, (to - from) * 255, budget, |number| {
        let (at, difference) = (from + number / 255, 1 + (number % 255) as u8);
        let mut changed = known.bytes.clone();
        changed[at] ^= difference;
        (changed, format!("byte {at} xor {difference}"))
    })
}

/// Changes of a byte that are tried: all, or each bit.
fn values(known: &Known) -> usize {
    if known.bytes.len() > 2048 && complete() { 8 } else { 255 }
}

/// Change `number` of all: where, and what to xor with.
fn change(known: &Known, number: usize) -> (usize, u8) {
    match values(known) {
        8 => (number / 8, 1 << (number % 8)),
        values => (number / values, 1 + (number % values) as u8),
    }
}

#[test]
fn changed_bytes_of_the_vectors() {
    let _turn = turn();
    let mut all = [0, 0];
    for known in known() {
        // decoding a large one takes long
        let budget = if known.bytes.len() + known.streamed.stored.len() * 100 > 20_000 { 150 } else { 1000 };
        let budget = if known.name.starts_with("largest") { 60 } else { budget };
        let mut done = vec![sweep(&known, known.bytes.len() * values(&known), budget, |number| {
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
        let budget = if known.bytes.len() > 10_000 { 100 } else { 400 };
        let [tried, errors] = sweep(&known, known.bytes.len(), budget, |len| {
            (known.bytes[..len].to_vec(), format!("cut to {len} bytes"))
        });
        assert_eq!(errors, 2 * tried, "{}: what is cut is never whole", known.name);
    }
}

#[test]
fn a_truncated_stream_is_truncated() {
    let bytes = encoded();
    let step = if complete() { 1 } else { 7 };
    for len in (0..bytes.len()).step_by(step) {
        assert_eq!(in_order(&bytes[..len], tight()).unwrap_err().kind(), ErrorKind::Truncated, "{len}");
    }
}

/// What is inserted or left out is noticed as well.
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

/// A real network: every value of every byte of header, manifest, heads, index and footer; one change of each other byte.
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
    // a change is noticed after what comes before it is decoded: late ones are dear
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

/// Where the checksums of a container are, and what they cover.
struct Structure {
    /// Header, preludes and footer.
    heads: Vec<std::ops::Range<usize>>,
    /// What a checksum covers, and where it is; those of chunks before those of the preludes that they are in.
    sums: Vec<(std::ops::Range<usize>, usize)>,
}

impl Structure {
    fn of(bytes: &[u8]) -> Self {
        let footer = bytes.len() - 32;
        let mut this = Self { heads: std::iter::once(0..24).collect(), sums: vec![(0..20, 20)] };
        let mut at = 24;
        while at < footer {
            let start = at;
            let kind = bytes[at];
            at += 1;
            let (head, body) = (varint(bytes, &mut at), varint(bytes, &mut at));
            let head_end = at + head as usize;
            let mut next = head_end + 4;
            this.heads.push(start..next);
            if kind == 2 {
                let mut cursor = at;
                let members = varint(bytes, &mut cursor);
                for _ in 0..members {
                    varint(bytes, &mut cursor);
                }
                cursor += 1;
                varint(bytes, &mut cursor);
                let raw = bytes[cursor] == 0;
                cursor += 1;
                let parameters = varint(bytes, &mut cursor) as usize;
                cursor += parameters;
                if raw {
                    next = next.next_multiple_of(64);
                }
                let mut chunk = next;
                for entry in (cursor..head_end).step_by(8) {
                    let len = u32::from_le_bytes(bytes[entry..entry + 4].try_into().unwrap()) as usize;
                    this.sums.push((chunk..chunk + len, entry + 4));
                    chunk += len;
                }
                assert_eq!(chunk, next + body as usize);
            }
            this.sums.push((start..head_end, head_end));
            at = next + body as usize;
        }
        assert_eq!(at, footer);
        this.heads.push(footer..bytes.len());
        this.sums.push((footer..footer + 24, footer + 24));
        this
    }

    /// Sets all checksums right.
    fn repair(&self, bytes: &mut [u8]) {
        for (range, at) in &self.sums {
            let sum = crc(&bytes[range.clone()]);
            bytes[*at..*at + 4].copy_from_slice(&sum.to_le_bytes());
        }
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[*at];
        *at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

/// An attacker sets the checksums right. What comes out may be other data then, but no panic, and the same both ways.
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
        let budget = if known.bytes.len() > 10_000 { 150 } else { 700 };
        let stride = if complete() { 1 } else { count.div_ceil(budget) | 1 };
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

/// A file of many changes at once.
#[test]
fn noise_after_a_good_beginning() {
    let _turn = turn();
    let mut random = conformance::Random(1);
    let base = encoded();
    for round in 0..if complete() { 100_000 } else { 1000 } {
        let mut changed = base[..random.below(base.len() as u64 + 1) as usize].to_vec();
        let count = random.below(500) as usize;
        changed.extend(random.bytes(count));
        let (indexed, streamed) = agree(&changed, tight());
        assert!(round == 0 || indexed.is_err() || streamed.is_err() || changed == base);
    }
}

/// Bytes of memory that decoding `bytes` under `limits` may hold at a time: what was decoded (here kept twice), a chunk on
/// its way in words and symbols, heads unpacked, and the input a few times.
fn allowance(bytes: &[u8], limits: Limits) -> usize {
    let decoded = 6 * limits.total_bytes;
    let heads = 10 * limits.head_bytes;
    (decoded + heads) as usize + 20 * bytes.len() + (4 << 20)
}

/// No measure of speed: what this guards against would take hours.
const HANG: Duration = Duration::from_secs(300);

/// Decodes under a watch on memory and time.
fn watch(name: &str, bytes: &[u8], limits: Limits) -> [Option<ErrorKind>; 2] {
    let mut kinds = [None, None];
    for (way, kind) in kinds.iter_mut().enumerate() {
        let start = Instant::now();
        let (outcome, peak) = peak(|| match way {
            0 => by_index(bytes, limits).map(drop),
            _ => in_order(bytes, limits).map(drop),
        });
        let allowed = allowance(bytes, limits);
        assert!(peak <= allowed, "{name}: {peak} bytes of memory for {} of input, way {way}", bytes.len());
        assert!(start.elapsed() < HANG, "{name} took {:?}, way {way}", start.elapsed());
        *kind = outcome.err().map(|error| error.kind());
    }
    kinds
}

#[test]
fn memory_stays_within_the_limits() {
    let _turn = turn();
    let limits = Limits::default()
        .with_total_bytes(1 << 20)
        .with_tensor_bytes(1 << 20)
        .with_tensors(10_000)
        .with_head_bytes(64 << 10);
    for (name, bytes) in containers("good").into_iter().chain(containers("bad")) {
        watch(&name, &bytes, limits);
        watch(&name, &bytes, tight());
    }
    // the watch itself: more than allowed is noticed
    let ((), own) = peak(|| drop(vec![1u8; 50 << 20]));
    assert!(own >= 50 << 20);
}

/// Without bounds of the caller's, memory is still earned: claims alone get none.
#[test]
fn claims_get_no_memory() {
    let _turn = turn();
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4])];
    let base = Vector::new("", "", entries, vec![segment(&[0], 4, Representation::Raw)]);
    type Change = Box<dyn Fn(&mut Parts)>;
    let claims: Vec<(&str, Change)> = vec![
        (
            "a head of 2^40 bytes",
            Box::new(|parts| {
                let mut frame = vec![128];
                put_varint(&mut frame, 1 << 40);
                put_varint(&mut frame, 0);
                frame.extend([0; 100]);
                parts.parts = vec![Part::Verbatim { bytes: frame }];
            }),
        ),
        (
            "a chunk of 4 GiB",
            Box::new(|parts| {
                parts.segment().table = Some(vec![(u32::MAX, 0)]);
                let Part::Segment { segment, body_len, .. } = &mut parts.parts[1] else { unreachable!() };
                (segment.representation, *body_len) = (1, Some(u32::MAX.into()));
            }),
        ),
        (
            "a tensor of 2^40 bytes in one raw chunk",
            Box::new(|parts| {
                parts.manifest().dimensions = vec![1 << 40];
            }),
        ),
        (
            "a packed block of 2^40 bytes",
            Box::new(|parts| {
                let content = parts.manifest().content();
                let mut block = Vec::new();
                put_varint(&mut block, 1 << 40);
                put_varint(&mut block, 0);
                block.extend(content);
                let Part::Manifest { packing, .. } = &mut parts.parts[0] else { unreachable!() };
                *packing = Packing::Bytes(block);
            }),
        ),
        ("2^40 members", Box::new(|parts| parts.segment().count = 1 << 40)),
        ("2^40 segments", Box::new(|parts| parts.edit_index = Box::new(|index| index.count = 1 << 40))),
    ];
    for (name, change) in claims {
        let mut parts = base.parts();
        change(&mut parts);
        let bytes = parts.assemble();
        for way in 0..2 {
            let (outcome, peak) = peak(|| match way {
                0 => by_index(&bytes[..], Limits::unlimited()).map(drop),
                _ => in_order(&bytes, Limits::unlimited()).map(drop),
            });
            assert!(outcome.is_err(), "{name}, way {way}");
            assert!(peak < 3 << 20, "{name}: {peak} bytes, way {way}");
        }
    }
}

/// Small files that unfold to much.
#[test]
fn bombs() {
    let _turn = turn();
    let constant = |shape: &[u64], copies: usize| {
        // the bytes are never made: the head is changed afterwards
        let entries = vec![tensor("x", "U8", &[1], vec![0])];
        let items = vec![segment(&[0], 1 << 22, fields(0, &[field(8, Coding::Constant(0))]))];
        let mut parts = Vector::new("", "", entries, items).parts();
        let elements = shape.iter().product::<u64>();
        let manifest = parts.manifest();
        (manifest.ranks, manifest.dimensions) = (vec![shape.len() as u64], shape.to_vec());
        for copy in 0..copies {
            let mut entry = conformance::good::alias(&format!("x{copy}"), 0, "U8", shape);
            entry.bytes = Vec::new();
            manifest.add(&entry);
        }
        let chunks = elements.div_ceil(1 << 22) as usize;
        parts.segment().chunks = vec![Vec::new(); chunks];
        parts.assemble()
    };
    let limit = [Some(ErrorKind::Limit); 2];
    assert_eq!(watch("16 MiB and one", &constant(&[(16 << 20) + 1], 0), tight()), limit);
    assert_eq!(watch("a tebibyte of zeros", &constant(&[1 << 20, 1 << 20], 0), tight()), limit);
    assert_eq!(watch("aliases", &constant(&[1 << 20], 20), tight()), limit);
    // the digest is wrong, but the limits are kept
    assert_eq!(watch("16 MiB", &constant(&[16 << 20], 0), tight()), [Some(ErrorKind::Corrupt); 2]);

    // manifests of zeros under zstd: each within the limit, all together not
    let zeros = |count: usize, size: usize| {
        let mut parts = Parts::new(&[], &[], &[], &[]);
        for number in 0..count {
            let key = (number as u64).to_le_bytes().to_vec();
            let manifest = Manifest { metadata: vec![(key, vec![b'0'; size])], ..Manifest::default() };
            let content = manifest.content();
            let coded = squeezed(&content);
            let mut block = Vec::new();
            put_varint(&mut block, content.len() as u64);
            put_varint(&mut block, coded.len() as u64);
            block.extend(coded);
            parts.parts.push(Part::Manifest {
                manifest: Manifest::default(),
                packing: Packing::Bytes(block),
                body: vec![],
            });
        }
        parts.assemble()
    };
    let bytes = zeros(100, 1 << 20);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(watch("manifests too large", &bytes, tight())[1], Some(ErrorKind::Limit));
    let bytes = zeros(500, 1_000_000);
    assert!(bytes.len() < 1 << 20);
    assert_eq!(watch("many large manifests", &bytes, tight())[1], Some(ErrorKind::Limit));

    // the largest tables, of 8 contexts, 256 entries and 32768 slots, take a few bytes each
    let alike: Vec<(u16, i32)> = (0..256).map(|symbol| (symbol, 1)).collect();
    let tables = Tables::new(12, 12, &[&alike[..]; 8], None);
    let source = Source::Class { field: 0, shift: 0, contexts: 8 };
    let coding = Coding::Lanes { source, tables, interval: 0, rate: 0 };
    let mut largest = vec![field(12, coding); 5];
    largest.push(field(4, Coding::Constant(0)));
    let rows = ClassField { depth: 0, width: 1, order: 0, rows: vec![0], groups: vec![] };
    let largest = Representation::Fields(Fields { classes: vec![rows], ..Fields::of(0, &largest) });
    let x = || vec![tensor("x", "U64", &[1], vec![0; 8])];
    let one = Vector::new("", "", x(), vec![segment(&[0], 1, largest)]).parts().segment().clone();
    let count = 3000;
    let entries: Vec<_> = (0..count).map(|i| tensor(&i.to_string(), "U64", &[1], vec![0; 8])).collect();
    let raw = fields(0, &[(); 4].map(|()| field(16, Coding::Raw)));
    let items = (0..count).map(|i| segment(&[i], 1, raw.clone())).collect();
    let mut parts = Vector::new("", "", entries, items).parts();
    for segment in parts.segments() {
        (segment.parameters, segment.chunks) = (one.parameters.clone(), one.chunks.clone());
    }
    let bytes = parts.assemble();
    println!("{} segments in {} bytes", count, bytes.len());
    assert_eq!(watch("tables", &bytes, tight().with_total_bytes(1 << 20)), [None, None]);
}

/// A zstd frame of blocks that repeat a byte, as small as it gets.
fn squeezed(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((content.len() as u32).to_le_bytes());
    let runs = content.chunk_by(|a, b| a == b).flat_map(|run| run.chunks(1 << 17));
    let count = runs.clone().count();
    for (number, run) in runs.enumerate() {
        let header = u32::from(number + 1 == count) | 1 << 1 | (run.len() as u32) << 3;
        out.extend(&header.to_le_bytes()[..3]);
        out.push(run[0]);
    }
    out
}

/// Borrowed bytes are those that decoding gives: a short chunk before must not shift them.
#[test]
fn a_short_raw_chunk_shifts_nothing() {
    let bytes = std::fs::read(root().join("spec/vectors/bad/corrupt--raw-chunk-before-short.tersor")).unwrap();
    let reader = Reader::new(&bytes[..]).unwrap();
    let tensor = reader.tensor("y").unwrap();
    match (tensor.borrow_bytes(), tensor.decode()) {
        (Ok(Some(borrowed)), Ok(decoded)) => assert_eq!(borrowed, decoded),
        (borrowed, _) => assert_eq!(borrowed.unwrap_err().kind(), ErrorKind::Corrupt),
    }
}

/// Work is bounded by the input: frames that each cost all that came before would be no end.
#[test]
fn many_frames_take_no_longer_than_their_bytes() {
    let _turn = turn();
    // each frame with each entry would be more than 10^10 steps
    let (frames, count) = (300_000, 60_000u64);
    let mut parts = Parts::new(&[], &[], &[], &[]);
    let mut manifest = Manifest::default();
    for number in 0..count {
        manifest.add(&tensor(&number.to_string(), "U8", &[0], vec![]));
    }
    parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
    for _ in 0..frames {
        let manifest = Manifest::default();
        parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
    }
    let bytes = parts.assemble();
    let start = Instant::now();
    in_order(&bytes, tight().with_head_bytes(64 << 20)).unwrap();
    assert!(start.elapsed() < HANG, "{:?}", start.elapsed());
}

/// A segment of very many members and chunks.
#[test]
fn many_members_come_back() {
    let members = 50_000usize;
    let mut entries: Vec<_> = (0..members).map(|i| tensor(&i.to_string(), "U8", &[1], vec![0])).collect();
    entries.push(tensor("large", "U8", &[4 << 20], vec![0; 4 << 20]));
    let all: Vec<usize> = (0..entries.len()).collect();
    let items = vec![Item::Segment {
        members: all,
        chunk_len: 256,
        representation: fields(0, &[field(8, Coding::Constant(0))]),
    }];
    let bytes = Vector::new("", "", entries, items).parts().assemble();
    let limits = tight().with_head_bytes(64 << 20);
    let mut decoder =
        tersor::StreamDecoder::new(&bytes[..], DecodeOptions::default().with_limits(limits).with_threads(1)).unwrap();
    while decoder.next_part().unwrap().is_some() {}
    let reader = Reader::with_options(&bytes[..], DecodeOptions::default().with_limits(limits)).unwrap();
    let large: Result<Vec<u8>> = reader.tensor("large").unwrap().decode();
    assert!(large.unwrap().iter().all(|byte| *byte == 0));
}
