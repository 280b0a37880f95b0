//! The functions of the fuzz targets. `tests/regressions.rs` calls them with the inputs that once failed.

use tersor::internals::{self, KeptModel, Model};
use tersor::{DecodeOptions, Dtype, EncodeOptions, Encoder, Limits, Reader, TensorView, byte_len, element_count};

use super::support::{Content, agree, by_index, in_order};

/// A fuzz target: its name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 8] = [
    ("container", container),
    ("decoder", decoder),
    ("lanes", lanes),
    ("bits", bits),
    ("steps", steps),
    ("maps", maps),
    ("masks", masks),
    ("roundtrip", roundtrip),
];

/// Returns limits that allow many runs a second.
fn limits() -> Limits {
    Limits::default()
        .with_total_bytes(1 << 20)
        .with_tensor_bytes(1 << 20)
        .with_tensors(5000)
        .with_name_bytes(400)
        .with_head_bytes(1 << 18)
}

/// Opens a container and reads everything that needs no decoding.
pub fn container(data: &[u8]) {
    let options = DecodeOptions::default().with_limits(limits()).with_threads(1);
    let Ok(reader) = Reader::with_options(data, options) else { return };
    let names: usize = reader.tensors().map(|tensor| tensor.name().len()).sum();
    let pairs: usize = reader.metadata().map(|(key, value)| key.len() + value.len()).sum();
    let bytes: u64 = reader.files().map(|file| file.len).sum();
    assert!(names + pairs < 1 << 20 && bytes <= 1 << 20);
    for tensor in reader.tensors() {
        assert_eq!(element_count(tensor.shape()), Some(tensor.element_count()));
        assert_eq!(byte_len(tensor.dtype(), tensor.shape()), Some(tensor.byte_len()));
        assert_eq!(tensor.digest().is_none(), tensor.byte_len() == 0);
        assert!(tensor.alias_of().is_none_or(|same| same.alias_of().is_none() && same.dtype() == tensor.dtype()));
        assert!(reader.tensor(tensor.name()).is_some());
        drop(tensor.representation());
    }
    if let Ok(ledger) = reader.ledger() {
        assert_eq!(ledger.bytes(), data.len() as u64);
    }
}

/// Decodes everything, by index and in file order.
pub fn decoder(data: &[u8]) {
    drop(agree(data, limits()));
}

/// Takes values from the front of some bytes, and zeros after their end.
struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    fn word(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Returns `count` symbols of `width` bits from the bytes that follow, repeated as often as necessary.
    fn symbols(&mut self, width: u32, count: usize) -> Vec<u16> {
        let mut own: Vec<u16> =
            self.0.chunks(2).map(|pair| pair.iter().fold(0, |a, &b| a << 8 | u16::from(b))).collect();
        own.push(0);
        own.into_iter().cycle().take(count).map(|symbol| symbol & ((1 << width) - 1)).collect()
    }
}

/// Returns `count` pseudo-random contexts below `contexts`.
fn contexts(seed: u8, contexts: usize, count: usize) -> Vec<u8> {
    let mut state = u32::from(seed) | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 24) as usize % contexts) as u8
    };
    (0..count).map(|_| next()).collect()
}

/// Decodes an arbitrary chunk of a small tensor under arbitrary parameters of the representation fields.
pub fn steps(data: &[u8]) {
    let mut source = Source(data);
    let dtypes: Vec<Dtype> = Dtype::all().collect();
    let dtype = dtypes[usize::from(source.byte()) % dtypes.len()];
    let shape = [1 + u64::from(source.byte()) % 40, 8 + u64::from(source.byte()) % 8 * 8];
    let len = usize::from(source.word()) % 400;
    let parameters = source.bytes(len);
    let Ok(bytes) = internals::decode_fields(dtype, &shape, parameters, source.0) else { return };
    assert_eq!(Some(bytes.len() as u64), byte_len(dtype, &shape));
}

/// Decodes arbitrary codebooks or scales, or codes some and decodes them.
pub fn maps(data: &[u8]) {
    let mut source = Source(data);
    let (mode, count) = (source.byte(), 1 + usize::from(source.byte()) % 20);
    let (count_bits, bits) = (1 + u32::from(source.byte()) % 12, 1 + u32::from(source.byte()) % 64);
    let zero_bits = bits.min(23);
    match mode % 4 {
        0 => {
            let Ok(lists) = internals::decode_codebooks(source.0, count, count_bits, bits) else { return };
            assert_eq!(lists.len(), count);
            assert!(lists.iter().all(|list| !list.is_empty() && list.is_sorted_by(|a, b| a < b)));
            assert!(lists.iter().flatten().all(|number| bits == 64 || number >> bits == 0));
        }
        1 => {
            let Ok(scales) = internals::decode_scales(source.0, count, zero_bits) else { return };
            assert!(scales.len() == count && scales.iter().all(|scale| scale.is_finite()));
        }
        2 => {
            let list = |source: &mut Source<'_>| {
                let len = 1 + usize::from(source.byte()) % (1 << count_bits).min(40);
                let number = |_| source.bytes(8).iter().fold(0u64, |all, &byte| all << 8 | u64::from(byte));
                let numbers: std::collections::BTreeSet<u64> =
                    (0..len).map(number).map(|number| number & (u64::MAX >> (64 - bits))).collect();
                numbers.into_iter().collect::<Vec<u64>>()
            };
            let lists: Vec<Vec<u64>> = (0..count).map(|_| list(&mut source)).collect();
            let coded = internals::encode_codebooks(&lists, count_bits, bits);
            assert!(internals::decode_codebooks(&coded, count, count_bits, bits).expect("what was coded") == lists);
        }
        _ => {
            let scale = |source: &mut Source<'_>| {
                let bits = u32::from(source.word()) << 16 | u32::from(source.word());
                let scale = f32::from_bits(bits >> zero_bits << zero_bits);
                if scale.is_finite() { scale } else { 0.0 }
            };
            let scales: Vec<f32> = (0..count).map(|_| scale(&mut source)).collect();
            let coded = internals::encode_scales(&scales, zero_bits);
            let back = internals::decode_scales(&coded, count, zero_bits).expect("what was coded");
            assert!(back.iter().zip(&scales).all(|(one, other)| one.to_bits() == other.to_bits()));
        }
    }
}

/// Decodes an arbitrary mixed mask, or mixed kept values, or codes some and decodes them.
pub fn masks(data: &[u8]) {
    let mut source = Source(data);
    let (mode, count) = (source.byte(), usize::from(source.word()) % 5000);
    let row = 1 + u32::from(source.word()) % 300;
    let kernel = 1 + u32::from(source.byte()) % row;
    let is_known = mode & 1 == 1;
    if mode & 2 == 0 {
        if !is_known {
            let Ok(bits) = internals::decode_mask(source.0, row, kernel, count) else { return };
            assert!(bits.iter().all(|&bit| bit < 2));
            return;
        }
        let bits = source.symbols(1, count);
        let coded = internals::encode_mask(&bits, row, kernel);
        assert!(internals::decode_mask(&coded, row, kernel, count).expect("what was coded") == bits);
        return;
    }
    let width = 1 + u32::from(source.byte()) % 12;
    let len = usize::from(source.byte()) % 16;
    let Ok(model) = KeptModel::read(source.bytes(len), width) else { return };
    let density = 1 + usize::from(source.byte()) % 8;
    let kept: Vec<bool> = contexts(source.byte(), density, count).iter().map(|&context| context == 0).collect();
    if !is_known {
        let Ok(symbols) = model.decode(source.0, &kept) else { return };
        assert!(symbols.iter().all(|symbol| symbol >> width == 0));
        return;
    }
    let symbols = source.symbols(width, kept.iter().filter(|&&is_kept| is_kept).count());
    let coded = model.encode(&symbols, &kept);
    assert!(model.decode(&coded, &kept).expect("what was coded") == symbols);
}

/// Decodes arbitrary lanes under an arbitrary model, or codes arbitrary symbols and decodes them.
pub fn lanes(data: &[u8]) {
    let mut source = Source(data);
    let (mode, width) = (source.byte(), 1 + u32::from(source.byte()) % 12);
    let count = usize::from(source.word()) % 5000;
    let contexts_count = 1 + usize::from(mode >> 1) % 32;
    let contexts = contexts(source.byte(), contexts_count, count.max(1));
    if mode & 1 == 0 {
        let len = usize::from(source.byte());
        let Ok(model) = Model::read_lanes(source.bytes(len), width, contexts_count) else { return };
        let Ok(symbols) = model.decode(source.0, &contexts[..count], count) else { return };
        assert!(symbols.iter().all(|symbol| symbol >> width == 0));
        assert_eq!(model.encode(&symbols, &contexts[..count]), source.0, "a stream has one form");
        return;
    }
    let (interval, rate) = match source.byte() % 10 {
        0 => (0, 0),
        interval => (7 + interval, 1 + source.byte() % 8),
    };
    let precision = (32_768 / contexts_count).ilog2().min(9 + u32::from(source.byte()) % 4);
    let symbols = source.symbols(width, count.max(1));
    let mut counts = vec![vec![0; 1 << width]; contexts_count];
    for (&symbol, &context) in symbols.iter().zip(&contexts) {
        counts[usize::from(context)][usize::from(symbol)] += 1;
    }
    let model = Model::lanes(&counts, width, precision, interval, rate);
    assert_eq!(Model::read_lanes(&model.write(), width, contexts_count).expect("a model that was written"), model);
    let coded = model.encode(&symbols, &contexts);
    assert!(model.decode(&coded, &contexts, symbols.len()).expect("what was coded") == symbols);
    assert!(model.decode(&coded[..coded.len() - 1], &contexts, symbols.len()).is_err());
}

/// Decodes arbitrary bits under an arbitrary model, or codes arbitrary symbols and decodes them.
pub fn bits(data: &[u8]) {
    let mut source = Source(data);
    let (mode, width) = (source.byte(), 1 + u32::from(source.byte()) % 12);
    let count = usize::from(source.word()) % 3000;
    let contexts_count = 1 + usize::from(mode >> 1) % 8;
    let contexts = contexts(source.byte(), contexts_count, count);
    if mode & 1 == 0 {
        let Ok(model) = Model::read_bits(source.bytes(2), width, contexts_count) else { return };
        let Ok(symbols) = model.decode(source.0, &contexts, count) else { return };
        assert!(symbols.iter().all(|symbol| symbol >> width == 0));
        // the last words of the input can differ, so the symbols are compared and not the words
        assert!(model.decode(&model.encode(&symbols, &contexts), &contexts, count).expect("what was coded") == symbols);
        return;
    }
    let model = Model::bits(width, contexts_count, source.byte() & 1 == 1, source.byte().max(1));
    assert_eq!(Model::read_bits(&model.write(), width, contexts_count).expect("a model that was written"), model);
    let symbols = source.symbols(width, count);
    let coded = model.encode(&symbols, &contexts);
    assert!(model.decode(&coded, &contexts, count).expect("what was coded") == symbols);
    assert!(model.decode(&coded[..coded.len() - 1], &contexts, count).is_err());
}

/// Codes arbitrary tensors and decodes them both ways.
pub fn roundtrip(data: &[u8]) {
    let mut source = Source(data);
    let level = 1 + source.byte() % 6;
    let options = EncodeOptions::default().with_threads(1).with_chunk_bytes(4096).with_level(level);
    let mut encoder = Encoder::new(Vec::new(), options).expect("memory");
    let mut tensors: Vec<Content> = Vec::new();
    for _ in 0..source.byte() % 5 {
        let kinds = Dtype::all().count();
        let dtype = Dtype::all().nth(usize::from(source.byte()) % kinds).expect("a dtype");
        let rank = usize::from(source.byte() % 4);
        let mut shape: Vec<u64> = (0..rank).map(|_| u64::from(source.byte() % 40)).collect();
        if byte_len(dtype, &shape).is_none() {
            shape.push(8);
        }
        let len = byte_len(dtype, &shape).expect("a small shape") as usize;
        let period = 1 + usize::from(source.word());
        let mut pattern = source.bytes(period.min(len)).to_vec();
        pattern.push(source.byte());
        let bytes: Vec<u8> = pattern.into_iter().cycle().take(len).collect();
        let len = usize::from(source.byte() % 8);
        let name = String::from_utf8_lossy(source.bytes(len)).into_owned();
        let tensor = Content { name: Some(name), dtype, shape, bytes };
        let view = TensorView::new(dtype, &tensor.shape, &tensor.bytes).expect("a tensor");
        let added = encoder.add(tensor.name.as_ref().expect("its name"), view);
        let twice = tensors.iter().any(|other| other.name == tensor.name);
        assert_eq!(added.is_err(), twice);
        if !twice {
            tensors.push(tensor);
        }
    }
    let (container, _) = encoder.finish().expect("memory");
    assert!(by_index(&container[..], Limits::default()).expect("what was coded") == tensors);
    let streamed = in_order(&container, Limits::default()).expect("what was coded");
    for (ordinal, content) in &streamed.stored {
        assert!(*content == tensors[*ordinal]);
    }
    for &(ordinal, target) in &streamed.aliases {
        assert!(tensors[ordinal].bytes == tensors[target].bytes);
    }
    let empty = tensors.iter().filter(|tensor| tensor.bytes.is_empty()).count();
    assert_eq!(streamed.stored.len() + streamed.aliases.len() + empty, tensors.len());
}
