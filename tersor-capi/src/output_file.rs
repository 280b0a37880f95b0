//! Files that appear under their name only when they are complete.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tersor::{Error, Result};

/// A file with a temporary name in the folder of its final one. When it is dropped, it vanishes.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: NamedTempFile,
    path: PathBuf,
    replace: bool,
}

impl OutputFile {
    /// Creates a file that will get the name `path`. Without `replace` no file may have this name.
    pub(crate) fn create(path: &Path, replace: bool) -> Result<Self> {
        if !replace && path.symlink_metadata().is_ok() {
            return Err(Error::from(io::Error::from(io::ErrorKind::AlreadyExists)).in_file(path));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tersor-").suffix(".tmp");
        // everybody may read and write the file, as far as the umask allows
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(|error| Error::from(error).in_file(path))?;
        Ok(Self { file, path: path.to_owned(), replace })
    }

    /// Returns the open file.
    pub(crate) fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Writes the file to the disk and gives it its final name.
    pub(crate) fn commit(self) -> Result<()> {
        let Self { file, path, replace } = self;
        file.as_file().sync_all().map_err(|error| Error::from(error).in_file(&path))?;
        let done = if replace { file.persist(&path) } else { file.persist_noclobber(&path) };
        done.map(drop).map_err(|error| Error::from(error.error).in_file(&path))
    }
}

impl io::Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}
