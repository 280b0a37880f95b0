//! A good vector: a container and its content.

use crate::decoder::claims::Claims;
use crate::decoder::head::{Head, Words};
use crate::encoder::container::{Item, Part, Parts, Representation, bytes_of};
use crate::wire::dtypes::{DTYPES, dtype_name};
use crate::wire::frame::{Header, MIXING};
use crate::wire::manifest::{Entry, File, Packing};
use crate::wire::primitives::digest;
use crate::wire::segment::Segment;

/// A good vector: the description of a container and its content.
pub struct Vector {
    pub name: String,
    pub about: &'static str,
    pub metadata: Vec<(&'static str, &'static str)>,
    pub files: Vec<File>,
    /// Whether the container is a folder although it has only one file.
    pub in_folder: bool,
    pub entries: Vec<Entry>,
    pub items: Vec<Item>,
    /// The claims, the features and the rest of the header. The feature MIXING is added if a segment needs it.
    pub header: Header,
    /// If true, the manifest and the index are stored in zstd frames.
    pub packed: bool,
}

/// The largest size of a `.bin` file. If the content is larger, a test compares digests only.
pub(crate) const CONTENT_BYTES: usize = 200_000;

impl Vector {
    /// Makes a vector with one manifest of all entries, followed by these items.
    pub fn new(name: &str, about: &'static str, entries: Vec<Entry>, items: Vec<Item>) -> Self {
        let items = std::iter::once(Item::Manifest(entries.len())).chain(items).collect();
        let (metadata, files) = (Vec::new(), Vec::new());
        Self {
            name: name.to_owned(),
            about,
            metadata,
            files,
            entries,
            items,
            in_folder: false,
            header: Header::PLAIN,
            packed: false,
        }
    }

    pub fn parts(&self) -> Parts {
        let mut parts = Parts::new(&self.metadata, &self.files, &self.entries, &self.items);
        parts.header = self.header;
        if self.in_folder {
            parts.manifest().folder = Some(true);
        }
        let needs_mixing = |item: &Item| match item {
            Item::Segment { representation: Representation::Fields(fields), .. } => fields.need_mixing(),
            _ => false,
        };
        if self.items.iter().any(needs_mixing) {
            parts.header.critical |= MIXING;
        }
        if self.packed {
            parts.packing = Packing::Zstd;
            for part in &mut parts.parts {
                if let Part::Manifest { packing, .. } = part {
                    *packing = Packing::Zstd;
                }
            }
        }
        parts
    }

    /// Asserts that the decoder of this crate decodes all segments of fields.
    pub fn check(&self, parts: &mut Parts) {
        if let Err(why) = self.decode(parts) {
            panic!("{}: {why}", self.name);
        }
    }

    /// Decodes with the decoder of this crate. Returns its reason if it refuses the header or a segment.
    pub fn decode(&self, parts: &mut Parts) -> Result<(), String> {
        let claims = Claims::read(&parts.header.bytes())?;
        parts.segments().try_for_each(|segment| self.decode_segment(claims, segment))
    }

    fn decode_segment(&self, claims: Claims, segment: &Segment) -> Result<(), String> {
        let mut ordinal = 0;
        let mut member = |distance: &u64| {
            ordinal += *distance as usize;
            self.entries.get(ordinal).ok_or("a member that there is not")
        };
        let members = segment.members.iter().map(&mut member).collect::<Result<Vec<&Entry>, _>>()?;
        let name = String::from_utf8_lossy(members[0].name.as_deref().unwrap_or_default());
        let about = |why: &str| format!("{name}: {why}");
        let bytes: Vec<u8> = members.iter().flat_map(|member| member.bytes.iter().copied()).collect();
        let (_, _, bits, w) = DTYPES[usize::from(segment.dtype)];
        let elements = bytes.len() as u64 * 8 / u64::from(bits);
        let element_words = u64::from(bits / w);
        claims.check_segment(segment.representation, elements, element_words, segment.chunk_len).map_err(about)?;
        if segment.representation != 2 {
            return Ok(());
        }
        let shapes: Vec<Vec<u64>> = members.iter().map(|member| member.shape.clone()).collect();
        let words = Words { dtype: dtype_name(segment.dtype), w, element_words };
        let head = Head::read(&segment.parameters, &shapes, words, segment.chunk_len).map_err(about)?;
        head.check_claims(claims, elements, segment.chunk_len).map_err(about)?;
        let mut from = 0;
        for (chunk, bytes) in
            segment.chunks.iter().zip(bytes.chunks((segment.chunk_len * u64::from(bits) / 8) as usize))
        {
            let elements = bytes.len() as u64 * 8 / u64::from(bits);
            if head.chunk(chunk, from, elements).map_err(about)? != bytes {
                return Err(about("other bytes"));
            }
            from += elements;
        }
        Ok(())
    }

    /// Returns the bytes of all stored entries; `None` if they are more than `CONTENT_BYTES`.
    pub fn content(&self) -> Option<Vec<u8>> {
        let bytes = self.entries.iter().filter(|entry| entry.stored()).flat_map(|entry| entry.bytes.iter().copied());
        Some(bytes.collect()).filter(|bytes: &Vec<u8>| bytes.len() <= CONTENT_BYTES)
    }

    /// Returns the content that a reader must find, as JSON.
    pub fn describe(&self) -> String {
        let text = |bytes: &[u8]| json(std::str::from_utf8(bytes).expect("good vectors hold good text"));
        let section = section_of(&self.name);
        let mut lines =
            vec![format!("  \"section\": {}", json(&section)), format!("  \"about\": {}", json(self.about))];
        let pairs: Vec<String> = self.metadata.iter().map(|(k, v)| format!("[{}, {}]", json(k), json(v))).collect();
        lines.push(format!("  \"metadata\": [{}]", pairs.join(", ")));
        let mut rest = &self.entries[..];
        let mut files = Vec::new();
        for file in &self.files {
            let (own, others) = rest.split_at(file.entries as usize);
            rest = others;
            let mut bytes = file.prefix.clone();
            own.iter().for_each(|entry| bytes.extend(bytes_of(&self.entries, entry)));
            files.push(format!(
                "\n    {{\"path\": {}, \"prefix\": {}, \"entries\": {}, \"bytes\": {}, \"digest\": \"{}\"}}",
                text(&file.path),
                file.prefix.len(),
                file.entries,
                bytes.len(),
                hex(&digest::<32>(&bytes))
            ));
        }
        let is_folder = self.in_folder || self.files.len() > 1;
        lines.push(format!("  \"folder\": {is_folder}"));
        lines.push(format!("  \"files\": [{}]", files.join(",")));
        let entries = self.entries.iter().map(|entry| {
            let bytes = bytes_of(&self.entries, entry);
            let shape: Vec<String> = entry.shape.iter().map(u64::to_string).collect();
            format!(
                "\n    {{\"name\": {}, \"dtype\": \"{}\", \"shape\": [{}], \"alias_of\": {}, \"bytes\": {}, \"digest\": \"{}\"}}",
                entry.name.as_ref().map_or("null".to_owned(), |name| text(name)),
                dtype_name(entry.dtype),
                shape.join(", "),
                entry.alias.map_or("null".to_owned(), |target| target.to_string()),
                bytes.len(),
                hex(&digest::<16>(bytes))
            )
        });
        lines.push(format!("  \"entries\": [{}]", entries.collect::<Vec<_>>().join(",")));
        format!("{{\n{}\n}}\n", lines.join(",\n"))
    }
}

pub(crate) fn json(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            other => other.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}"))),
        }
    }
    out + "\""
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the first part of the names of a section's vectors: `s08-5` for section 8.5.
pub(crate) fn prefix_of(section: &str) -> String {
    let (first, rest) = section.split_once('.').unwrap_or((section, ""));
    let rest: String = rest.split('.').filter(|part| !part.is_empty()).map(|part| format!("-{part}")).collect();
    format!("s{first:0>2}{rest}")
}

/// Returns the section that a name begins with: 8.5 for `s08-5-mask-chunks`.
fn section_of(name: &str) -> String {
    let mut parts = name.split('-');
    let first = parts.next().and_then(|part| part.strip_prefix('s')).expect("a name that begins with its section");
    let mut section = first.trim_start_matches('0').to_owned();
    for part in parts.take_while(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        section.push('.');
        section.push_str(part);
    }
    section
}
