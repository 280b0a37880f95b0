//! A file that has no name until it is complete, or a temporary name where the system needs one.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use super::cleanup;

/// The prefix of temporary names.
const TEMPORARY_PREFIX: &str = ".tersor-";
const TEMPORARY_SUFFIX: &str = ".tmp";
/// Everybody may read and write a file, as far as the umask of the user allows.
const FILE_MODE: u32 = 0o666;

/// A file that is not complete. When it is dropped, it vanishes.
#[derive(Debug)]
pub enum Temporary {
    /// A file without a name. The system removes it when the command ends, even if it is killed.
    Unnamed(File),
    /// A file with a temporary name, which is recorded for [`cleanup`]. `None` after it got its final name.
    Named(Option<NamedTempFile>),
}

impl Temporary {
    /// Creates a file in `folder`. It has no name if the system can do this.
    pub fn create(folder: &Path) -> io::Result<Self> {
        Self::unnamed(folder).map_or_else(|| Self::named(folder), Ok)
    }

    /// Creates a file without a name in `folder`; `None` if the system cannot do this.
    pub fn unnamed(folder: &Path) -> Option<Self> {
        unnamed(folder).map(Self::Unnamed)
    }

    fn named(folder: &Path) -> io::Result<Self> {
        let mut record = cleanup::record();
        let file = builder(FILE_MODE).tempfile_in(folder).map_err(|error| plain(&error))?;
        record.add(file.path());
        Ok(Self::Named(Some(file)))
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        match self {
            Self::Unnamed(file) => file,
            Self::Named(file) => {
                file.as_ref().unwrap_or_else(|| unreachable!("the file is open until it has its final name")).as_file()
            }
        }
    }

    /// Gives the file its final name, in the folder in which it was created. With `force` it replaces a file of this
    /// name.
    pub fn persist(mut self, path: &Path, force: bool) -> io::Result<()> {
        match &mut self {
            Self::Unnamed(file) => {
                let linked = link(file, path);
                match linked {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists && force => replace(file, path),
                    // the system made a file that it cannot name: keep the bytes
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => copy(file, path, force),
                    other => other,
                }
            }
            Self::Named(file) => {
                let Some(file) = file.take() else { return Ok(()) };
                let temporary = file.path().to_owned();
                let mut record = cleanup::record();
                let done = rename(file, path, force);
                record.forget(&temporary);
                done
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Self::Named(file) = self
            && let Some(file) = file.take()
        {
            let mut record = cleanup::record();
            record.forget(file.path());
            drop(file);
        }
    }
}

/// Returns the folder of a path: the parent, or the current folder.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Returns a maker of files and folders with temporary names. `mode` has the permissions, of which the system takes away
/// the ones that the umask of the user has.
pub fn builder(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

/// Creates a file without a name; `None` if the system cannot do this, or cannot give it a name later.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(open(folder, flags, Mode::from_raw_mode(FILE_MODE)).ok()?);
    descriptor_path(&file).exists().then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path) -> Option<File> {
    None
}

/// Returns the path by which the system finds an open file.
#[cfg(target_os = "linux")]
fn descriptor_path(file: &File) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", file.as_raw_fd()).into()
}

/// Gives a file without a name the name `path`, which must be free.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    linkat(CWD, descriptor_path(file), CWD, path, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from)
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Replaces the file `path` by a file without a name, which has a temporary name for a moment.
fn replace(file: &File, path: &Path) -> io::Result<()> {
    let mut record = cleanup::record();
    let named = builder(FILE_MODE).make_in(folder_of(path), |name| link(file, name));
    let named = named.map_err(|error| plain(&error))?;
    let temporary = named.path().to_owned();
    record.add(&temporary);
    let done = named.persist(path).map(drop).map_err(|error| error.error);
    record.forget(&temporary);
    done
}

/// Copies a file without a name to a file with a temporary name, which then gets the name `path`.
fn copy(file: &mut File, path: &Path, force: bool) -> io::Result<()> {
    use std::io::Seek;
    let mut target = Temporary::named(folder_of(path))?;
    file.rewind()?;
    if let Temporary::Named(Some(target)) = &mut target {
        io::copy(file, target.as_file_mut())?;
        let metadata = file.metadata()?;
        let _ = target.as_file().set_permissions(metadata.permissions());
        let _ = metadata.modified().and_then(|modified| target.as_file().set_modified(modified));
        target.as_file().sync_all()?;
    }
    target.persist(path, force)
}

/// Renames a file. Without `force` the rename must not replace a file that appeared meanwhile; on a file system that
/// cannot guarantee this, the existence is checked first.
fn rename(file: NamedTempFile, path: &Path, force: bool) -> io::Result<()> {
    let failed = |error: tempfile::PersistError| error.error;
    if force {
        return file.persist(path).map(drop).map_err(failed);
    }
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists && fs::symlink_metadata(path).is_err() => {
            error.file.persist(path).map(drop).map_err(failed)
        }
        other => other.map(drop).map_err(failed),
    }
}

/// Returns an error without the temporary path that the crate tempfile adds.
pub fn plain(error: &io::Error) -> io::Error {
    let source = error.get_ref().and_then(|inner| inner.source()).and_then(|source| source.downcast_ref::<io::Error>());
    match source.and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error),
    }
}
