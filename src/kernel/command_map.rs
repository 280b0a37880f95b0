//! Memory maps for the command `tersor`. They are here because mapping is `unsafe`.

use std::io;
use std::path::Path;

use super::Map;

/// Maps a file that the user of the command has named.
///
/// Only the command may call this, because its help asks the user not to change the file while it is read.
pub fn map(path: &Path) -> io::Result<Map> {
    // SAFETY: the help of the command asks the user not to change the file meanwhile. The command itself never writes
    // to its input, and replaces outputs by renaming.
    unsafe { Map::open(path) }
}
