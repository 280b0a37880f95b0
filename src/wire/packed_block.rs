//! Packed blocks (section 1.4): bytes that are stored raw or as a zstd frame, whichever is smaller.

use std::borrow::Cow;
use std::io::Read;

use super::{Cursor, put_varint};
use crate::error::{Error, Result};
use crate::limits::Bound;

/// The zstd level of small blocks. It is high because most packed blocks are small and are read often.
const ZSTD_LEVEL: i32 = 19;
/// The zstd level of larger blocks, at which a megabyte does not take seconds.
const QUICK_ZSTD_LEVEL: i32 = 12;
/// The maximum size of a small block.
const SMALL_BYTES: usize = 64 << 10;

/// Appends `raw` as a packed block.
pub(crate) fn write_packed(out: &mut Vec<u8>, raw: &[u8]) -> Result<()> {
    let level = if raw.len() <= SMALL_BYTES { ZSTD_LEVEL } else { QUICK_ZSTD_LEVEL };
    let coded = zstd::bulk::compress(raw, level)?;
    put_varint(out, raw.len() as u64);
    if coded.len() < raw.len() {
        put_varint(out, coded.len() as u64);
        out.extend_from_slice(&coded);
    } else {
        put_varint(out, 0);
        out.extend_from_slice(raw);
    }
    Ok(())
}

/// Reads a packed block of at most `limit` bytes. Memory grows with the bytes that zstd returns, not with the declared
/// size.
pub(crate) fn read_packed<'a>(cursor: &mut Cursor<'a>, limit: u64) -> Result<Cow<'a, [u8]>> {
    let start = cursor.clone();
    let raw_len = cursor.varint()?;
    let coded_len = cursor.varint()?;
    let too_long = || {
        let what = format!("a block unpacks to {raw_len} bytes, but the limit is {limit}");
        Error::limit(what).of_limit(Bound::HeadBytes.name())
    };
    if raw_len > limit {
        return Err(start.place(too_long()));
    }
    if coded_len == 0 {
        let raw_len = usize::try_from(raw_len)
            .map_err(|_| start.place(Error::limit("a block is larger than the address space")))?;
        return cursor.bytes(raw_len).map(Cow::Borrowed);
    }
    let coded_len = usize::try_from(coded_len)
        .map_err(|_| start.place(Error::corrupt("a block is larger than the address space")))?;
    let coded = cursor.bytes(coded_len)?;
    decompress(coded, raw_len).map(Cow::Owned).map_err(|error| start.place(error))
}

/// Returns log2 of the largest window that a frame of `raw_len` bytes may ask for (section 1.3), so that a small frame
/// cannot ask for much memory.
fn window_log(raw_len: u64) -> u32 {
    raw_len.clamp(1, 1 << 27).next_power_of_two().ilog2().clamp(10, 27)
}

/// Checks that `coded` is exactly one zstd frame, with a window that is allowed for `raw_len` bytes (section 1.3). zstd
/// itself accepts a larger window if it happens not to need it.
pub(crate) fn check_zstd_frame(coded: &[u8], raw_len: u64) -> Result<()> {
    match zstd::zstd_safe::find_frame_compressed_size(coded) {
        Ok(size) if size == coded.len() => {}
        _ => return Err(Error::corrupt("zstd: the bytes are not exactly one frame")),
    }
    match window(coded) {
        Some(window) if window <= 1 << window_log(raw_len) => Ok(()),
        Some(window) => {
            Err(Error::corrupt(format!("zstd: a window of {window} bytes is too large for {raw_len} bytes")))
        }
        None => Err(Error::corrupt("zstd: the bytes are not a frame")),
    }
}

/// Returns the window size of a zstd frame (RFC 8878, section 3.1.1.1). For a single-segment frame this is its content
/// size.
fn window(frame: &[u8]) -> Option<u64> {
    let (magic, header) = frame.split_first_chunk()?;
    let (&descriptor, header) = header.split_first()?;
    if *magic != [0x28, 0xb5, 0x2f, 0xfd] {
        return None;
    }
    if descriptor & 0x20 == 0 {
        let &byte = header.first()?;
        let base = 1u64 << (10 + (byte >> 3));
        return Some(base + base / 8 * u64::from(byte & 7));
    }
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut content = [0; 8];
    content[..size].copy_from_slice(header.get(dictionary..dictionary + size)?);
    let content = u64::from_le_bytes(content);
    Some(if size == 2 { content + 256 } else { content })
}

/// Decompresses exactly one zstd frame of exactly `raw_len` bytes.
fn decompress(coded: &[u8], raw_len: u64) -> Result<Vec<u8>> {
    let bad = |error: std::io::Error| Error::corrupt(format!("zstd: {error}"));
    check_zstd_frame(coded, raw_len)?;
    let mut raw = Vec::new();
    let mut decoder = zstd::Decoder::with_buffer(coded).map_err(bad)?.single_frame();
    decoder.window_log_max(window_log(raw_len)).map_err(bad)?;
    (&mut decoder).take(raw_len).read_to_end(&mut raw).map_err(bad)?;
    if raw.len() as u64 != raw_len {
        return Err(Error::corrupt(format!("zstd: {} bytes, but {raw_len} are declared", raw.len())));
    }
    let mut more = [0];
    if decoder.read(&mut more).map_err(bad)? != 0 {
        return Err(Error::corrupt(format!("zstd: more than the declared {raw_len} bytes")));
    }
    Ok(raw)
}
