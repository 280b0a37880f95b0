//! The command's way to map a file; compiled into the command, not into the library. It lies here because mapping is `unsafe`.
#![allow(unsafe_code)]

use std::io;
use std::path::Path;

use tersor::Map;

/// Maps a file that the user of the command named.
pub fn map(path: &Path) -> io::Result<Map> {
    // SAFETY: the command's help asks its user to leave the file alone while it is worked on; the command itself never
    // writes to its input, and replaces outputs by renaming.
    unsafe { Map::open(path) }
}
