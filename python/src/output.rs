//! Output files that appear under their names only when they are complete.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};
use tersor::{Error, FileInfo, FileOutput, Result};

/// Makes a temporary file beside `path`.
pub fn temporary(path: &Path) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tersor-");
    // the permissions of a new file, which the umask reduces
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(parent(path)).map_err(|error| Error::from(error).in_file(path))
}

/// Gives a complete temporary file its name.
pub fn publish(file: NamedTempFile, path: &Path) -> Result<()> {
    file.persist(path).map(drop).map_err(|error| Error::from(error.error).in_file(path))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The files of a container, under temporary names until [`publish`](Self::publish).
pub struct Files {
    path: PathBuf,
    folder: Option<TempDir>,
    files: Vec<NamedTempFile>,
    places: Vec<PathBuf>,
}

impl Files {
    /// Makes an output: `path` is the name of the file, or of the folder if the container was made from one.
    pub fn new(path: PathBuf) -> Self {
        Self { path, folder: None, files: Vec::new(), places: Vec::new() }
    }

    /// Gives all files their names.
    pub fn publish(self) -> Result<()> {
        let Some(folder) = self.folder else {
            return self.files.into_iter().try_for_each(|file| publish(file, &self.path));
        };
        for (file, place) in self.files.into_iter().zip(&self.places) {
            publish(file, place)?;
        }
        let path = self.path;
        std::fs::rename(folder.path(), &path).map_err(|error| Error::from(error).in_file(&path))?;
        // the folder has another name now, and is not temporary any more
        let _ = folder.keep();
        Ok(())
    }

    fn make_folder(&mut self) -> Result<PathBuf> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tersor-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.tempdir_in(parent(&self.path))?;
        let path = folder.path().to_owned();
        self.folder = Some(folder);
        Ok(path)
    }
}

impl FileOutput for Files {
    fn begin(&mut self, files: &[FileInfo]) -> Result<()> {
        let folder = match files.iter().any(|file| file.in_folder) {
            true => Some(self.make_folder()?),
            false => None,
        };
        for file in files {
            // no component is empty, `.` or `..`, so the file lies in the folder
            let place = folder.as_ref().map_or_else(|| self.path.clone(), |folder| folder.join(&file.path));
            std::fs::create_dir_all(parent(&place))?;
            self.files.push(temporary(&place)?);
            self.places.push(place);
        }
        Ok(())
    }

    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> Result<()> {
        let file = self.files[file].as_file_mut();
        file.seek(SeekFrom::Start(offset))?;
        Ok(file.write_all(bytes)?)
    }
}
