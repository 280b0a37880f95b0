//! Fields, tables, lanes and bits (sections 8 to 11), encoding only.

use super::wire::put_varint;

/// How a field is coded; the numbers go to the file as they are, right or wrong.
#[derive(Clone)]
pub enum Coding {
    Raw,
    Constant(u64),
    /// Frequencies by symbol, and that of the escape.
    Lanes {
        table: Table,
        interval: u8,
        rate: u8,
    },
    Bits {
        word: u8,
        limit: u8,
    },
}

#[derive(Clone)]
pub struct Field {
    pub width: u32,
    pub coding: Coding,
}

pub fn field(width: u32, coding: Coding) -> Field {
    Field { width, coding }
}

pub fn bits(wide: bool, limit: u8) -> Coding {
    Coding::Bits { word: wide.into(), limit }
}

/// Frequencies by symbol, and that of the escape.
#[derive(Clone)]
pub struct Table {
    pub frequencies: Vec<u32>,
    pub escape: Option<u32>,
}

impl Table {
    /// For symbols of `width` bits as they occur; those that occur less than `least` times are escaped.
    pub fn of(symbols: &[u16], width: u32, least: u64) -> Self {
        let mut counts = vec![0u64; 1 << width];
        symbols.iter().for_each(|&symbol| counts[usize::from(symbol)] += 1);
        let total = symbols.len().max(1) as u64;
        let share = |count: u64| (count * 3000 / total).max(1) as u32;
        let escaped: u64 = counts.iter().filter(|&&count| count < least).sum();
        let mut escape = (escaped > 0).then(|| share(escaped));
        let mut frequencies: Vec<u32> =
            counts.iter().map(|&count| if count > 0 && count >= least { share(count) } else { 0 }).collect();
        let sum: u32 = frequencies.iter().sum::<u32>() + escape.unwrap_or(0);
        // what is left goes to the most frequent
        match (0..frequencies.len()).max_by_key(|&symbol| (frequencies[symbol], symbol)) {
            Some(most) if frequencies[most] > 0 => frequencies[most] += 4096 - sum,
            _ => escape = escape.map(|frequency| frequency + 4096 - sum),
        }
        Self { frequencies, escape }
    }

    /// Section 9, as the parameters have it.
    pub fn write(&self, out: &mut Vec<u8>) {
        let words = self.words();
        put_varint(out, words.len() as u64 / 2);
        out.extend(words);
    }

    /// The words of the stream, as bytes.
    pub fn words(&self) -> Vec<u8> {
        let mut coder = BitsEncoder::new(false);
        let mut zero = [Adaptive::NEW; 4];
        let mut classes = vec![[Adaptive::NEW; 16]; 14];
        let mut second = [Adaptive::NEW; 16];
        let (mut zeros, mut last_class) = (0, 13);
        coder.half(self.escape.is_some());
        let all = self.frequencies.iter().map(|&f| (f, false)).chain(self.escape.map(|f| (f, true)));
        for (frequency, is_escape) in all {
            coder.adaptive(&mut zero[if is_escape { 3 } else { zeros }], frequency == 0, 30);
            if frequency == 0 {
                zeros = 2.min(zeros + 1);
                continue;
            }
            zeros = 0;
            let class = frequency.ilog2() as usize;
            coder.tree(&mut classes[last_class], class as u16, 4, 30);
            last_class = class.min(13);
            for bit in (0..class).rev() {
                let value = frequency >> bit & 1 == 1;
                if bit + 1 == class {
                    coder.adaptive(&mut second[class], value, 30);
                } else {
                    coder.half(value);
                }
            }
        }
        coder.finish()
    }
}

/// The parameters of fields in a segment's head (section 8).
pub fn parameters(transform: u8, fields: &[Field]) -> Vec<u8> {
    let mut out = vec![transform, fields.len() as u8];
    for field in fields {
        out.push(field.width as u8);
        match &field.coding {
            Coding::Raw => out.push(0),
            Coding::Constant(value) => {
                out.push(1);
                put_varint(&mut out, *value);
            }
            Coding::Lanes { table, interval, rate } => {
                out.extend([2, *interval, *rate]);
                table.write(&mut out);
            }
            Coding::Bits { word, limit } => out.extend([3, *word, *limit]),
        }
    }
    out
}

/// The words of a chunk: unsigned integers of `width` bits.
pub fn words(bytes: &[u8], width: u32) -> Vec<u64> {
    let bit = |k: usize| u64::from(bytes[k / 8] >> (k % 8) & 1);
    let width = width as usize;
    (0..bytes.len() * 8 / width).map(|i| (0..width).fold(0, |word, k| word | bit(i * width + k) << k)).collect()
}

pub fn transform(kind: u8, x: u64, w: u32) -> u64 {
    let mask = u64::MAX >> (64 - w);
    match kind {
        1 => (x << 1 | x >> (w - 1)) & mask,
        2 if x >> (w - 1) == 0 => (2 * x) & mask,
        // with X = x - 2^w: -2X - 1 = 2^(w+1) - 2x - 1
        2 => 0u64.wrapping_sub(2u64.wrapping_mul(x)).wrapping_sub(1) & mask,
        _ => x,
    }
}

/// The symbols of each field.
pub fn split(words: &[u64], kind: u8, w: u32, widths: &[u32]) -> Vec<Vec<u16>> {
    let mut shift = w;
    let symbols = widths.iter().map(|width| {
        shift -= width;
        words.iter().map(|&x| (transform(kind, x, w) >> shift & ((1 << width) - 1)) as u16).collect()
    });
    symbols.collect()
}

/// A chunk's coded bytes under fields.
pub fn encode_fields(bytes: &[u8], w: u32, kind: u8, fields: &[Field]) -> Vec<u8> {
    let widths: Vec<u32> = fields.iter().map(|field| field.width).collect();
    let mut out = Vec::new();
    for (field, symbols) in fields.iter().zip(split(&words(bytes, w), kind, w, &widths)) {
        out.extend(encode_field(&symbols, field));
    }
    out
}

pub fn encode_field(symbols: &[u16], field: &Field) -> Vec<u8> {
    match &field.coding {
        Coding::Raw => pack(symbols, field.width),
        Coding::Constant(_) => Vec::new(),
        Coding::Lanes { table, interval, rate } => lanes(symbols, table, *interval, *rate, field.width).write(),
        Coding::Bits { word, limit } => {
            let mut coder = BitsEncoder::new(*word == 1);
            let mut contexts = vec![Adaptive::NEW; 1 << field.width];
            symbols.iter().for_each(|&symbol| coder.tree(&mut contexts, symbol, field.width, *limit));
            let words = coder.finish();
            let mut out = Vec::new();
            put_varint(&mut out, words.len() as u64 / if *word == 1 { 4 } else { 2 });
            out.extend(words);
            out
        }
    }
}

/// Packed bits (section 1.2).
pub fn pack(values: &[u16], width: u32) -> Vec<u8> {
    let width = width as usize;
    let mut out = vec![0; (values.len() * width).div_ceil(8)];
    for (i, value) in values.iter().enumerate() {
        for k in 0..width {
            let at = i * width + k;
            out[at / 8] |= ((value >> k & 1) as u8) << (at % 8);
        }
    }
    out
}

/// A stream of the lane coder in its parts.
#[derive(Clone)]
pub struct LaneStream {
    pub word_count: u64,
    pub escape_count: u64,
    pub states: Vec<u32>,
    pub words: Vec<u16>,
    pub escapes: Vec<u8>,
}

impl LaneStream {
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.word_count);
        put_varint(&mut out, self.escape_count);
        out.extend(self.states.iter().flat_map(|state| state.to_le_bytes()));
        out.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        out.extend(&self.escapes);
        out
    }
}

/// Section 10.
pub fn lanes(symbols: &[u16], table: &Table, interval: u8, rate: u8, width: u32) -> LaneStream {
    let named: Vec<usize> = (0..table.frequencies.len()).filter(|&symbol| table.frequencies[symbol] > 0).collect();
    let mut frequencies: Vec<u64> = named.iter().map(|&symbol| table.frequencies[symbol].into()).collect();
    frequencies.extend(table.escape.map(u64::from));
    let entry = |symbol: u16| named.iter().position(|&name| name == usize::from(symbol)).unwrap_or(named.len());
    let mut weights: Vec<u64> = frequencies.iter().map(|f| f << 12).collect();
    let mut counts = vec![0u64; frequencies.len()];
    let mut escapes = Vec::new();
    // frequency and start of each symbol, at its time
    let mut places = Vec::new();
    for (i, &symbol) in symbols.iter().enumerate() {
        if interval > 0 && i > 0 && i % (1 << interval) == 0 {
            for (weight, count) in weights.iter_mut().zip(&mut counts) {
                *weight = *weight - (*weight >> rate) + ((*count << (24 - interval)) >> rate);
                *count = 0;
            }
            frequencies = normalise(&weights);
        }
        let k = entry(symbol);
        if k == named.len() {
            escapes.push(symbol);
        }
        counts[k] += 1;
        places.push((frequencies[k], frequencies[..k].iter().sum::<u64>()));
    }
    let mut states = vec![1u64 << 16; 32];
    let mut words = Vec::new();
    for (i, (frequency, start)) in places.into_iter().enumerate().rev() {
        let x = &mut states[i % 32];
        if *x >= frequency << 20 {
            words.push(*x as u16);
            *x >>= 16;
        }
        *x = (*x / frequency) * 4096 + *x % frequency + start;
    }
    words.reverse();
    LaneStream {
        word_count: words.len() as u64,
        escape_count: escapes.len() as u64,
        states: states.into_iter().map(|state| state as u32).collect(),
        words,
        escapes: pack(&escapes, width),
    }
}

/// Section 10.3.
pub fn normalise(weights: &[u64]) -> Vec<u64> {
    let m = weights.len() as u64;
    let v: Vec<u64> = weights.iter().map(|weight| weight >> 8).collect();
    let total: u64 = v.iter().sum();
    let e: Vec<u64> = v.iter().map(|v| (4096 * v).saturating_sub(total)).collect();
    let ratio = ((4096 - m) << 32).checked_div(e.iter().sum()).unwrap_or(0);
    let mut starts: Vec<u64> = Vec::new();
    let mut before = 0;
    for (k, e) in e.iter().enumerate() {
        starts.push(k as u64 + ((ratio * before) >> 32));
        before += e;
    }
    starts.push(4096);
    starts.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// Section 11.3.
#[derive(Clone, Copy)]
pub struct Adaptive {
    pub p: u32,
    c: u32,
}

impl Adaptive {
    pub const NEW: Self = Self { p: 32768, c: 0 };

    fn update(&mut self, bit: bool, limit: u8) {
        let r = 131_072 / (2 * self.c + 3);
        self.p = if bit { self.p - ((self.p * r) >> 16) } else { self.p + (((65536 - self.p) * r) >> 16) };
        self.p = self.p.clamp(32, 65504);
        self.c += u32::from(self.c < u32::from(limit));
    }
}

/// Section 11.2, both sizes.
pub struct BitsEncoder {
    /// B and P.
    word: u32,
    precision: u32,
    lower: u128,
    range: u128,
    /// The first word held back, and how many there are.
    held: Option<(u128, u64)>,
    out: Vec<u8>,
    empty: bool,
}

impl BitsEncoder {
    pub fn new(wide: bool) -> Self {
        let (word, precision) = if wide { (32, 16) } else { (16, 12) };
        let range = (1 << (2 * word)) - 1;
        Self { word, precision, lower: 0, range, held: None, out: Vec::new(), empty: true }
    }

    fn put(&mut self, word: u128) {
        self.out.extend_from_slice(&(word as u64).to_le_bytes()[..self.word as usize / 8]);
    }

    fn resolve(&mut self, wrapped: bool) {
        let Some((first, count)) = self.held.take() else { return };
        let all_ones = (1 << self.word) - 1;
        self.put((first + u128::from(wrapped)) & all_ones);
        (1..count).for_each(|_| self.put(if wrapped { 0 } else { all_ones }));
    }

    /// What bit 0 takes of the range.
    pub fn part_of_zero(&self, p: u32) -> u128 {
        (self.range >> self.precision) * u128::from(p >> (16 - self.precision))
    }

    /// `p`: the probability of a 0 in units of 2^-16. Returns whether a word was shifted out.
    pub fn bit(&mut self, bit: bool, p: u32) -> bool {
        self.empty = false;
        let modulus = 1u128 << (2 * self.word);
        let (scale, zero) = (self.range >> self.precision, self.part_of_zero(p));
        let old = self.lower;
        if bit {
            self.lower = (self.lower + zero) % modulus;
            self.range = (scale << self.precision) - zero;
        } else {
            self.range = zero;
        }
        if (self.lower + self.range) % modulus > self.lower {
            self.resolve(self.lower < old);
        }
        let shifts = self.range < 1 << self.word;
        if shifts {
            let word = self.lower >> self.word;
            self.lower = (self.lower << self.word) % modulus;
            self.range <<= self.word;
            match &mut self.held {
                Some((_, count)) => *count += 1,
                None if self.lower + self.range >= modulus => self.held = Some((word, 1)),
                None => self.put(word),
            }
        }
        shifts
    }

    pub fn half(&mut self, bit: bool) {
        self.bit(bit, 1 << 15);
    }

    pub fn adaptive(&mut self, context: &mut Adaptive, bit: bool, limit: u8) -> bool {
        let shifts = self.bit(bit, context.p);
        context.update(bit, limit);
        shifts
    }

    pub fn tree(&mut self, contexts: &mut [Adaptive], symbol: u16, width: u32, limit: u8) {
        let mut node = 1;
        for shift in (0..width).rev() {
            let bit = symbol >> shift & 1 == 1;
            self.adaptive(&mut contexts[node], bit, limit);
            node = 2 * node + usize::from(bit);
        }
    }

    /// The words, as bytes.
    pub fn finish(mut self) -> Vec<u8> {
        if self.empty {
            return self.out;
        }
        let modulus = 1u128 << (2 * self.word);
        let point = (self.lower + (1 << self.word) - 1) % modulus;
        self.resolve(point < self.lower);
        let word = point >> self.word;
        self.put(word);
        if word == ((self.lower + self.range) % modulus) >> self.word {
            self.put(0);
        }
        self.out
    }
}

/// Symbols of 8 bits that keep the bits coder from deciding its words until it holds back `held` of them, and then decide
/// them, one way or the other.
pub fn undecided(wide: bool, limit: u8, held: u64, last: bool) -> Vec<u16> {
    let mut coder = BitsEncoder::new(wide);
    let mut contexts = [Adaptive::NEW; 256];
    let word = coder.word;
    // from the lower end to a point that all words after the first are zero of: a carry is open as long as it is inside
    let mut distance = 0x5a3d << (2 * word - 16);
    let mut symbols = Vec::new();
    while coder.held.is_none_or(|(_, count)| count < held) {
        assert!(symbols.len() < 10_000, "the coder decides all too soon");
        let mut node = 1;
        for _ in 0..8 {
            if distance >= coder.range {
                // decided: aim at another
                distance = (1 << word) - coder.lower % (1 << word);
                let further = (coder.range - distance.min(coder.range)) >> word;
                distance += (further * 5 / 11) << word;
            }
            let zero = coder.part_of_zero(contexts[node].p);
            let bit = distance >= zero;
            if bit {
                distance -= zero;
            }
            if coder.adaptive(&mut contexts[node], bit, limit) {
                distance <<= word;
            }
            node = 2 * node + usize::from(bit);
        }
        symbols.push(node as u16 - 256);
    }
    symbols.extend([if last { 255 } else { 0 }; 20]);
    symbols
}

/// A zstd frame of blocks that are stored or repeat one byte (RFC 8878), of a single segment.
pub fn zstd_stored(content: &[u8]) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend((content.len() as u32).to_le_bytes());
    zstd_blocks(content, &mut out);
    out
}

/// The same with a window of 2^`log` bytes, without content size.
pub fn zstd_windowed(content: &[u8], log: u8) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3];
    zstd_blocks(content, &mut out);
    out
}

fn zstd_blocks(content: &[u8], out: &mut Vec<u8>) {
    let mut blocks: Vec<(u32, u32, &[u8])> = Vec::new();
    // no block may be larger than the window; 1000 is below any
    for piece in content.chunks(1000) {
        match piece.iter().all(|byte| *byte == piece[0]) {
            true => blocks.push((1, piece.len() as u32, &piece[..1])),
            false => blocks.push((0, piece.len() as u32, piece)),
        }
    }
    if blocks.is_empty() {
        blocks.push((0, 0, &[]));
    }
    let count = blocks.len();
    for (number, (kind, size, bytes)) in blocks.into_iter().enumerate() {
        let header = u32::from(number + 1 == count) | kind << 1 | size << 3;
        out.extend(&header.to_le_bytes()[..3]);
        out.extend(bytes);
    }
}
