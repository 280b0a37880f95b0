//! How the command `tersor` maps a file. It lies here because mapping is `unsafe`.

use std::io;
use std::path::Path;

use super::Map;

/// Maps a file that the user of the command named.
///
/// Only the command may call this: its help asks the user to leave the file alone while it is read.
pub fn map(path: &Path) -> io::Result<Map> {
    // SAFETY: the command's help asks its user to leave the file alone while it is worked on; the command itself never
    // writes to its input, and replaces outputs by renaming.
    unsafe { Map::open(path) }
}
