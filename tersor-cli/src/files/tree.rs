//! The files of a folder and its subfolders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::screen::failure::{Failure, Outcome};

/// A container holds no deeper path.
const MAX_DEPTH: usize = 32;

/// A file or folder that is not encoded, and the reason.
#[derive(Debug)]
pub struct LeftOut {
    /// The path.
    pub path: PathBuf,
    /// The reason in a few words, such as `hidden`.
    pub reason: &'static str,
}

/// The files below a folder.
#[derive(Debug, Default)]
pub struct Tree {
    /// The paths of the files from the folder, with `/` between the components, and their own paths; sorted.
    pub files: Vec<(String, PathBuf)>,
    /// The files and folders that are not encoded.
    pub left_out: Vec<LeftOut>,
}

impl Tree {
    /// Lists the files below `folder`. Links are followed, because the caches of model hubs consist of them.
    pub fn list(folder: &Path) -> Outcome<Self> {
        let mut this = Self::default();
        let whole = folder.canonicalize().map_err(|error| Failure::reading(folder, &error))?;
        this.add(folder, "", &mut vec![whole])?;
        this.files.sort();
        this.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(this)
    }

    /// Adds the files below `folder`. `prefix` is the path to it, with `/` at its end. `above` has the canonical paths
    /// of this folder and of all above it.
    fn add(&mut self, folder: &Path, prefix: &str, above: &mut Vec<PathBuf>) -> Outcome {
        let failed = |error: io::Error| Failure::reading(folder, &error);
        let mut is_empty = true;
        for item in fs::read_dir(folder).map_err(failed)? {
            let item = item.map_err(failed)?;
            let path = item.path();
            is_empty = false;
            if item.file_name().as_encoded_bytes().starts_with(b".") {
                self.left_out.push(LeftOut { path, reason: "hidden" });
                continue;
            }
            let metadata = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
            if !metadata.is_dir() && !metadata.is_file() {
                self.left_out.push(LeftOut { path, reason: "neither a file nor a folder" });
                continue;
            }
            let Ok(name) = item.file_name().into_string() else {
                return Err(Failure::wrong_use(&path, "the name is not valid Unicode", "rename the file"));
            };
            if metadata.is_file() {
                self.files.push((format!("{prefix}{name}"), path));
                continue;
            }
            let whole = path.canonicalize().map_err(|error| Failure::reading(&path, &error))?;
            if above.contains(&whole) {
                return Err(Failure::wrong_use(&path, "this link leads to a folder above it", "remove the link"));
            }
            if above.len() >= MAX_DEPTH {
                let problem = format!("more than {MAX_DEPTH} folders lie in one another");
                return Err(Failure::wrong_use(&path, problem, "encode the inner folders by themselves"));
            }
            above.push(whole);
            self.add(&path, &format!("{prefix}{name}/"), above)?;
            above.pop();
        }
        if is_empty && !prefix.is_empty() {
            self.left_out.push(LeftOut { path: folder.to_owned(), reason: "an empty folder" });
        }
        Ok(())
    }
}

/// Returns the failure to read a file or folder that lies in a folder.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if is_link && error.kind() == io::ErrorKind::NotFound {
        return Failure::wrong_use(path, "this is a link whose target is missing", "download the file again");
    }
    Failure::reading(path, error)
}
