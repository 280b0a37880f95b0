//! The folder for the files of a sharded model, which appear one by one.

use std::fs;
use std::path::{Path, PathBuf};

use super::output::Destination;
use crate::screen::failure::{Failure, Outcome};

/// A folder that vanishes again if it was created for a model of which no file was written.
#[derive(Debug)]
pub struct ModelFolder {
    created: Option<PathBuf>,
}

impl ModelFolder {
    /// Refuses a path that cannot be a folder.
    pub fn check(path: &Path) -> Outcome {
        let problem = match Destination::of(path) {
            Destination::Path if path.is_file() => "this is a file, and several files need a folder",
            Destination::Path => return Ok(()),
            _ => "several files cannot go to a pipe",
        };
        Err(Failure::wrong_use(path, problem, "give the name of a folder with -o"))
    }

    /// Creates the folder `path` if it does not exist. `None` stands for folders that exist.
    pub fn create(path: Option<&Path>) -> Outcome<Self> {
        let Some(path) = path.filter(|path| !path.is_dir()) else { return Ok(Self { created: None }) };
        Self::check(path)?;
        fs::create_dir(path).map_err(|error| Failure::creating(path, &error))?;
        Ok(Self { created: Some(path.to_owned()) })
    }
}

impl Drop for ModelFolder {
    fn drop(&mut self) {
        if let Some(path) = &self.created {
            // this fails if there is a file in it
            let _ = fs::remove_dir(path);
        }
    }
}
