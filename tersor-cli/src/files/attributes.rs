//! The permissions and the time of a file. The file that is made of it keeps them, as with gzip and zstd, so that nobody
//! can read more than before.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::SystemTime;

/// The attributes of a file that its encoded or decoded form keeps.
#[derive(Debug, Clone, Copy)]
pub struct Attributes {
    /// Who may read, write and execute the file.
    #[cfg(unix)]
    mode: u32,
    modified: Option<SystemTime>,
}

impl Attributes {
    /// Returns the attributes in `metadata`.
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            #[cfg(unix)]
            mode: std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777,
            modified: metadata.modified().ok(),
        }
    }

    /// Returns the attributes of a regular file; `None` for everything else.
    pub fn of_file(path: &Path) -> Option<Self> {
        std::fs::metadata(path).ok().filter(Metadata::is_file).map(|metadata| Self::of(&metadata))
    }

    /// Restricts a file that is being written: others may do no more than with the complete one.
    pub fn protect(&self, file: &File) {
        #[cfg(unix)]
        set_mode(file, self.mode | 0o600);
        #[cfg(not(unix))]
        let _ = file;
    }

    /// Gives a complete file the attributes. Some file systems have none, so an error is no failure.
    pub fn apply(&self, file: &File) {
        #[cfg(unix)]
        set_mode(file, self.mode);
        if let Some(modified) = self.modified {
            let _ = file.set_modified(modified);
        }
    }
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) {
    let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
}
