//! The inputs of a verb that takes several, and the places of their outputs.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::files::remote::url_of;
use crate::screen::failure::{Failure, Outcome};
use crate::screen::json::{print_line, print_object};
use crate::screen::words::{counted, say};

/// The advice for an output of a sharded model that has no free name.
pub const OTHER_FOLDER: &str = "choose another folder with -o";

/// The inputs of a run, and what the command line says on their outputs.
#[derive(Debug)]
pub struct Batch<'a> {
    inputs: &'a [PathBuf],
    /// The batch of the model whose shards are the inputs.
    of_model: Option<&'a Batch<'a>>,
    /// The value of `-o`, for a single input.
    output: Option<&'a Path>,
    /// The value of `--output-dir`.
    folder: Option<&'a Path>,
    /// The outputs that are complete.
    written: RefCell<Vec<PathBuf>>,
}

impl<'a> Batch<'a> {
    /// Checks the inputs and the options for outputs.
    pub fn new(inputs: &'a [PathBuf], output: Option<&'a Path>, folder: Option<&'a Path>) -> Outcome<Self> {
        if let ([_, _, ..], Some(output)) = (inputs, output) {
            let problem = format!("this output has {} inputs", inputs.len());
            return Err(Failure::wrong_use(output, problem, "give one input, or a folder with --output-dir"));
        }
        if inputs.len() > 1 && inputs.iter().any(|input| input == Path::new("-")) {
            let pipe = Path::new("-");
            return Err(Failure::wrong_use(pipe, "a pipe cannot be one of several inputs", "give it alone"));
        }
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let problem = if folder.exists() { "this is no folder" } else { "there is no such folder" };
            return Err(Failure::wrong_use(folder, problem, "create the folder, or choose another with --output-dir"));
        }
        Ok(Self { inputs, of_model: None, output, folder, written: RefCell::default() })
    }

    /// Returns the batch of the shards of one input. Their outputs get default names in `folder`, or beside the shards.
    pub fn of_shards(&'a self, shards: &'a [PathBuf], folder: Option<&'a Path>) -> Self {
        Self { inputs: shards, of_model: Some(self), output: None, folder, written: RefCell::default() }
    }

    /// Runs `one` on each input. An input that fails does not stop the others; the first failure is returned.
    pub fn each(&self, mut one: impl FnMut(&Path) -> Outcome) -> Outcome {
        if let ([only], None) = (self.inputs, self.of_model) {
            return one(only).map_err(|failure| match self.folder {
                Some(_) => failure.advising("replace --output-dir by -o with a name"),
                None => failure,
            });
        }
        let (unit, advice) = match self.of_model {
            Some(_) => ("shard", OTHER_FOLDER),
            None => ("input", "give this input alone, with -o and a name"),
        };
        let mut failures = Vec::new();
        for input in self.inputs {
            if let Err(failure) = one(input) {
                failures.push(failure.advising(advice).told());
            }
        }
        let count = failures.len();
        match failures.into_iter().next() {
            Some(first) => {
                let all = counted(self.inputs.len() as u64, unit);
                say(false, &format!("tersor: {count} of {all} failed, see above"));
                Err(first)
            }
            None => Ok(()),
        }
    }

    /// Returns the value of `-o`.
    pub fn output(&self) -> Option<&'a Path> {
        self.output
    }

    /// Returns the folder of the outputs, if the command line names one.
    pub fn folder(&self) -> Option<&'a Path> {
        self.folder.or(self.output)
    }

    /// Returns whether outputs have a default place, for an input that is a pipe.
    pub fn has_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// Returns `path` in the folder of `--output-dir`, or without this option `path` itself. A URL has no folder, so its
    /// place is the current one.
    pub fn placed(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default();
        match self.folder {
            Some(folder) => folder.join(name),
            None if url_of(path).is_some() => name.into(),
            None => path.to_owned(),
        }
    }

    /// Returns the paths that no output may replace, together with the `own` files of an input.
    pub fn inputs(&self, own: Vec<PathBuf>) -> Vec<PathBuf> {
        let all = own.into_iter().chain(self.inputs.iter().cloned()).collect();
        match self.of_model {
            Some(model) => model.inputs(all),
            None => all,
        }
    }

    /// Refuses the output of an input before, which `--force` would replace.
    pub fn check_unused(&self, path: &Path) -> Outcome {
        if let Some(model) = self.of_model {
            return model.check_unused(path);
        }
        let whole = path.canonicalize();
        if whole.is_ok_and(|whole| self.written.borrow().contains(&whole)) {
            let problem = "this is already the output of an input before";
            return Err(Failure::wrong_use(path, problem, "choose another name with -o"));
        }
        Ok(())
    }

    /// Records an output that is complete.
    pub fn wrote(&self, path: &Path) {
        match self.of_model {
            Some(model) => model.wrote(path),
            None => self.written.borrow_mut().extend(path.canonicalize()),
        }
    }

    /// Prints the object of an input: the only one over several lines, and each of several on a line of its own.
    pub fn print(&self, object: &Value) -> Outcome {
        let is_alone = self.inputs.len() == 1 && self.of_model.is_none();
        if is_alone { print_object(object) } else { print_line(object) }
    }
}
