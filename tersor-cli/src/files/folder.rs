//! A folder of decoded files, which appears when all its files are complete.

use std::collections::{HashSet, VecDeque};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tersor::Escaped;

use super::attributes::Attributes;
use super::cleanup;
use super::output::check_free;
use super::temporary::{Temporary, builder, folder_of, plain};
use crate::screen::failure::{Failure, Outcome};

/// The largest number of open files; operating systems limit it.
const OPEN_FILES: usize = 64;
/// Everybody may do everything in a folder, as far as the umask of the user allows.
const FOLDER_MODE: u32 = 0o777;

/// A folder that is being written.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Whether the folder exists, with `--force`: its files are then replaced one by one.
    exists: bool,
    /// The names of the files in the folder, with `/` between the names of subfolders.
    names: Vec<String>,
    files: Files,
    /// The attributes that every file gets.
    attributes: Option<Attributes>,
}

/// The files of a folder that is being written.
#[derive(Debug)]
enum Files {
    /// Few files, which have no names yet. They leave nothing behind, even if the command is killed.
    Unnamed(Vec<Temporary>),
    /// Files in a folder with a temporary name.
    InFolder {
        folder: TemporaryFolder,
        /// Open files by number, the most recently used last.
        open: VecDeque<(usize, File)>,
    },
}

/// A folder with a temporary name, which is recorded for [`cleanup`].
#[derive(Debug)]
struct TemporaryFolder(Option<TempDir>);

impl TemporaryFolder {
    /// Creates a folder in `place`, which must be on the file system of the final folder, so that it can be renamed.
    fn create(place: &Path) -> io::Result<Self> {
        let mut record = cleanup::record();
        let folder = builder(FOLDER_MODE).tempdir_in(place).map_err(|error| plain(&error))?;
        record.add(folder.path());
        Ok(Self(Some(folder)))
    }

    fn path(&self) -> &Path {
        self.0.as_ref().unwrap_or_else(|| unreachable!("the folder exists until it has its final name")).path()
    }

    /// Gives the folder its final name.
    fn persist(mut self, path: &Path) -> io::Result<()> {
        let Some(folder) = self.0.take() else { return Ok(()) };
        let mut record = cleanup::record();
        record.forget(folder.path());
        fs::rename(folder.path(), path)?;
        let _ = folder.keep();
        Ok(())
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Some(folder) = self.0.take() {
            let mut record = cleanup::record();
            record.forget(folder.path());
            drop(folder);
        }
    }
}

impl Folder {
    /// Creates the folder `path` with files of the given names and sizes.
    pub fn create(path: &Path, force: bool, inputs: &[PathBuf], files: &[(&str, u64)]) -> Outcome<Self> {
        check_free(path, force, inputs)?;
        let exists = path.is_dir();
        if !exists && fs::symlink_metadata(path).is_ok() {
            let problem = "this is a file, and several files need a folder";
            return Err(Failure::wrong_use(path, problem, "give the name of a folder with -o"));
        }
        if exists {
            check_names(path, inputs, files)?;
        }
        let place = if exists { path } else { folder_of(path) };
        let unnamed = match files.len() <= OPEN_FILES {
            true => files.iter().map(|_| Temporary::unnamed(place)).collect::<Option<Vec<_>>>(),
            false => None,
        };
        let content = match unnamed {
            Some(unnamed) => Files::Unnamed(unnamed),
            None => {
                let folder = TemporaryFolder::create(place).map_err(|error| Failure::creating(path, &error))?;
                Files::InFolder { folder, open: VecDeque::new() }
            }
        };
        let names = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        let this = Self { path: path.to_owned(), exists, names, files: content, attributes: None };
        for (number, &(name, len)) in files.iter().enumerate() {
            let final_path = path.join(name);
            let writing = |error: io::Error| Failure::writing(&final_path, &error);
            match &this.files {
                Files::Unnamed(unnamed) => unnamed[number].file().set_len(len).map_err(writing)?,
                Files::InFolder { folder, .. } => {
                    let made = create_new(&folder.path().join(name));
                    made.map_err(|error| this.not_made(name, &error))?.set_len(len).map_err(writing)?;
                }
            }
        }
        Ok(this)
    }

    /// Sets the attributes that every file gets.
    pub fn keep(&mut self, attributes: Option<Attributes>) {
        self.attributes = attributes;
        let Some(attributes) = attributes else { return };
        match &self.files {
            Files::Unnamed(files) => files.iter().for_each(|file| attributes.protect(file.file())),
            Files::InFolder { folder, .. } => {
                let opened = self.names.iter().filter_map(|name| File::open(folder.path().join(name)).ok());
                opened.for_each(|file| attributes.protect(&file));
            }
        }
    }

    /// Returns the failure to create the file `name`.
    fn not_made(&self, name: &str, error: &io::Error) -> Failure {
        let path = self.path.join(name);
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Failure::creating(&path, error);
        }
        let problem = format!("the file system does not distinguish {} from another decoded file", Escaped(name));
        Failure::bad_data(&path, problem, "decode to a file system that distinguishes upper and lower case")
    }

    /// Returns the final path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` at `offset` of file number `number`.
    pub fn write_at(&mut self, number: usize, offset: u64, bytes: &[u8]) -> Outcome {
        let written = match &mut self.files {
            Files::Unnamed(files) => write_all_at(files[number].file(), offset, bytes),
            Files::InFolder { folder, open } => {
                let path = folder.path().join(&self.names[number]);
                opened(open, number, &path).and_then(|file| write_all_at(file, offset, bytes))
            }
        };
        written.map_err(|error| Failure::writing(&self.path.join(&self.names[number]), &error))
    }

    /// Syncs all files and gives the folder its final name, or moves the files into the existing folder.
    pub fn commit(mut self) -> Outcome {
        for (number, name) in self.names.iter().enumerate() {
            let attributes = self.attributes;
            let sync = |file: &File| {
                attributes.inspect(|attributes| attributes.apply(file));
                file.sync_all()
            };
            let synced = match &mut self.files {
                Files::Unnamed(files) => sync(files[number].file()),
                Files::InFolder { folder, open } => {
                    open.clear();
                    File::options().write(true).open(folder.path().join(name)).and_then(|file| sync(&file))
                }
            };
            synced.map_err(|error| Failure::writing(&self.path.join(name), &error))?;
        }
        let creating = |path: &Path, error: io::Error| Failure::creating(path, &error);
        let folder = match std::mem::replace(&mut self.files, Files::Unnamed(Vec::new())) {
            Files::Unnamed(files) if self.exists => {
                for (name, file) in self.names.iter().zip(files) {
                    let path = self.path.join(name);
                    create_parents_below(&self.path, name)?;
                    file.persist(&path, true).map_err(|error| creating(&path, error))?;
                }
                return Ok(());
            }
            Files::Unnamed(files) => {
                let place = folder_of(&self.path);
                let folder = TemporaryFolder::create(place).map_err(|error| creating(&self.path, error))?;
                for (name, file) in self.names.iter().zip(files) {
                    let path = folder.path().join(name);
                    let named = create_parents(&path).and_then(|()| file.persist(&path, false));
                    named.map_err(|error| self.not_made(name, &error))?;
                }
                folder
            }
            Files::InFolder { folder, .. } => folder,
        };
        if self.exists {
            for name in &self.names {
                let path = self.path.join(name);
                create_parents_below(&self.path, name)?;
                fs::rename(folder.path().join(name), &path).map_err(|error| creating(&path, error))?;
            }
            return Ok(());
        }
        folder.persist(&self.path).map_err(|error| creating(&self.path, error))
    }
}

/// Refuses names that replace an input or a folder in the existing folder `path`, or that a link in it leads elsewhere.
fn check_names(path: &Path, inputs: &[PathBuf], files: &[(&str, u64)]) -> Outcome {
    let inputs: HashSet<PathBuf> = inputs.iter().filter_map(|input| input.canonicalize().ok()).collect();
    for (name, _) in files {
        folders_below(path, name).try_for_each(|folder| check_no_link(&folder))?;
        let final_path = path.join(name);
        if final_path.canonicalize().is_ok_and(|whole| inputs.contains(&whole)) {
            let problem = "a decoded file would replace the input";
            return Err(Failure::wrong_use(&final_path, problem, "choose another folder with -o"));
        }
        if final_path.is_dir() {
            return Err(Failure::wrong_use(&final_path, "a folder has the name of this file", "move the folder away"));
        }
    }
    Ok(())
}

/// Creates a file and the folders above it. The signal handler waits until the file exists, and so removes it.
fn create_new(path: &Path) -> io::Result<File> {
    let _record = cleanup::record();
    create_parents(path)?;
    File::options().write(true).create_new(true).open(path)
}

/// Returns the folders of the file `name` below the folder `path`, the outermost first.
fn folders_below(path: &Path, name: &str) -> impl Iterator<Item = PathBuf> {
    name.match_indices('/').map(move |(end, _)| path.join(&name[..end]))
}

/// Refuses a link in the place of a folder: the container has chosen the name, and the link can lead anywhere.
fn check_no_link(folder: &Path) -> Outcome {
    match fs::symlink_metadata(folder) {
        Ok(metadata) if metadata.is_symlink() => {
            let problem = "this is a link, which can lead out of the output folder";
            Err(Failure::wrong_use(folder, problem, "remove the link, or choose another folder with -o"))
        }
        _ => Ok(()),
    }
}

/// Creates the folders of the file `name` below the folder `path`, if they do not exist. Follows no link.
fn create_parents_below(path: &Path, name: &str) -> Outcome {
    for folder in folders_below(path, name) {
        check_no_link(&folder)?;
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(Failure::creating(&folder, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Creates the folders above a file, if they do not exist.
fn create_parents(path: &Path) -> io::Result<()> {
    fs::create_dir_all(folder_of(path))
}

/// Returns file number `number` from the open files, or opens it.
fn opened<'a>(open: &'a mut VecDeque<(usize, File)>, number: usize, path: &Path) -> io::Result<&'a File> {
    let found = open.iter().position(|(known, _)| *known == number);
    let entry = match found.and_then(|index| open.remove(index)) {
        Some(entry) => entry,
        None => (number, File::options().write(true).open(path)?),
    };
    if open.len() >= OPEN_FILES {
        open.pop_front();
    }
    open.push_back(entry);
    Ok(&open[open.len() - 1].1)
}

/// Writes `bytes` at `offset` of a file.
pub fn write_all_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, bytes, offset);
    #[cfg(not(unix))]
    {
        use std::io::{Seek, SeekFrom, Write};
        let mut file = file;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(bytes)
    }
}
