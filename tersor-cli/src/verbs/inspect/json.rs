//! The contents of a container as JSON.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tersor::{FileInfo, SegmentLedger, Tensor};

use super::listing::{IdealSizes, Listing};
use crate::screen::json_list::write_list;
use crate::screen::words::{bits_per_weight, hex};
use crate::verbs::{ledger, lossy};

/// Writes one object for a model in several containers: the path of its index, and the objects of the containers.
pub fn write_all(listings: &[(&PathBuf, Listing<'_>)], index: &Path, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{{\n\"file\": {},\n\"shards\": [", json!(index.to_string_lossy()))?;
    for (number, (path, listing)) in listings.iter().enumerate() {
        out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        write(listing, &path.to_string_lossy(), out)?;
    }
    writeln!(out, "]\n}}")
}

/// Writes one object. Long lists are written item by item.
pub fn write(listing: &Listing<'_>, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let metadata: Map<String, Value> =
        listing.reader.metadata().map(|(key, value)| (key.to_owned(), value.into())).collect();
    let (len, weights) = (listing.reader.file_len(), listing.weights());
    write!(out, "{{\n  \"file\": {}", json!(path))?;
    write!(out, ",\n  \"bytes\": {len}")?;
    write!(out, ",\n  \"raw_bytes\": {}", listing.raw_bytes())?;
    write!(out, ",\n  \"weights\": {weights}")?;
    write!(out, ",\n  \"bits_per_weight\": {}", json!(bits_per_weight(len, weights)))?;
    write!(out, ",\n  \"decoder_level\": {}", listing.reader.decoder_level())?;
    write!(out, ",\n  \"features\": {}", json!(listing.reader.features()))?;
    write!(out, ",\n  \"lossy\": {}", lossy::to_json(listing.reader))?;
    write!(out, ",\n  \"metadata\": {}", Value::from(metadata))?;
    write_list(out, "files", listing.files.iter().map(|info| file(listing, info)))?;
    write_list(out, "tensors", listing.tensors.iter().map(|one| tensor(listing, one)))?;
    let segments = listing.ledger.segments.iter().enumerate();
    write_list(out, "segments", segments.map(|(number, one)| segment(listing, number, one)))?;
    write!(out, ",\n  \"ledger\": {}", ledger::to_json(&listing.ledger.totals()))?;
    writeln!(out, ",\n  \"ledger_sum\": {}\n}}", listing.ledger.bytes())
}

fn file(listing: &Listing<'_>, file: &FileInfo) -> Value {
    let digest = file.digest.map(|digest| hex(&digest));
    let (stored, _) = listing.stored_bytes(file);
    json!({ "path": file.path, "bytes": file.len, "stored_bytes": stored, "blake3": digest })
}

fn tensor<'r>(listing: &Listing<'r>, tensor: &Tensor<'r>) -> Value {
    let footprint = listing.footprint(tensor);
    let segment = footprint.segment.map(|segment| &listing.ledger.segments[segment]);
    json!({
        "name": tensor.name(),
        "dtype": tensor.dtype().name(),
        "shape": tensor.shape(),
        "weights": tensor.element_count(),
        "raw_bytes": tensor.byte_len(),
        "bytes": footprint.bytes,
        "bits_per_weight": bits_per_weight(footprint.bytes, tensor.element_count()),
        "representation": segment.map_or("none", |segment| &segment.representation),
        "alias_of": tensor.alias_of().map(|other| other.name()),
        "segment": footprint.segment,
        "shares_segment": listing.is_shared(footprint),
        "digest": tensor.digest().map(|digest| hex(&digest)),
    })
}

fn segment(listing: &Listing<'_>, number: usize, segment: &SegmentLedger) -> Value {
    let ideal = listing.ideal.as_ref().map(|ideal| ideal[number]);
    json!({
        "members": segment.members.iter().map(|&member| listing.ledger.name(member)).collect::<Vec<_>>(),
        "dtype": segment.dtype.name(),
        "weights": segment.elements,
        "raw_bytes": segment.raw_bytes,
        "bytes": segment.bytes(),
        "bits_per_weight": segment.bits_per_weight(),
        "chunks": segment.chunks,
        "representation": segment.representation,
        "ledger": ledger::to_json(&segment.lines),
        "ideal_bytes": ideal.map(|ideal| IdealSizes::bytes_of(ideal.with_contexts)),
        "order0_bytes": ideal.map(|ideal| IdealSizes::bytes_of(ideal.order0)),
    })
}
