//! Errors as the user sees them: `tersor: PATH: what (section, tensor, byte): what to do next`.

use std::error::Error as _;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use tersor::{Error, ErrorKind, Escaped};

/// Status where data are bad or reading or writing failed.
pub const BAD_DATA: u8 = 1;
/// Status where the command was used wrongly.
pub const WRONG_USE: u8 = 2;

/// Why a verb ended early.
#[derive(Debug)]
pub struct Failure {
    status: u8,
    /// `None`: nothing more to say, as when the reader of a pipe has gone.
    message: Option<String>,
}

impl Failure {
    /// Something the user can put right in the command line or the file system.
    pub fn wrong_use(path: &Path, what: impl AsRef<str>, advice: &str) -> Self {
        Self::new(WRONG_USE, path, what.as_ref(), advice)
    }

    /// Something in the data.
    pub fn bad_data(path: &Path, what: impl AsRef<str>, advice: &str) -> Self {
        Self::new(BAD_DATA, path, what.as_ref(), advice)
    }

    fn new(status: u8, path: &Path, what: &str, advice: &str) -> Self {
        Self { status, message: Some(format!("{}: {what}: {advice}", shown(path))) }
    }

    /// A difference that the output has told of.
    pub fn said() -> Self {
        Self::quiet(BAD_DATA)
    }

    fn quiet(status: u8) -> Self {
        Self { status, message: None }
    }

    /// The library on a Tersor file.
    pub fn container(path: &Path, error: &Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::Truncated => "the file is incomplete, copy or download it again",
            ErrorKind::Corrupt if error.is_foreign_format() => "give a file that `tersor encode` wrote",
            ErrorKind::Corrupt => "the file is damaged, copy or download it again, or encode the original again",
            ErrorKind::Unsupported => "a newer version of tersor may know it",
            ErrorKind::Limit => "if you trust the file, allow more by --max-decoded SIZE, or --max-decoded unlimited",
            ErrorKind::Io => "see whether the file can be read, and try again",
            _ => "see `tersor --help`",
        };
        Self::library(path, error, advice)
    }

    /// The library on a file to encode.
    pub fn original(path: &Path, error: &Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::Truncated => "the file is incomplete, copy or download it again",
            ErrorKind::Corrupt => "see how it was written, or copy or download it again",
            ErrorKind::Unsupported => "a newer version of tersor may know it",
            ErrorKind::InvalidArgument => "rename the file",
            _ => "try again",
        };
        Self::library(path, error, advice)
    }

    fn library(path: &Path, error: &Error, advice: &str) -> Self {
        let status = if error.kind() == ErrorKind::InvalidArgument { WRONG_USE } else { BAD_DATA };
        Self::new(status, path, &error.to_string(), advice)
    }

    /// The library writing to `path`: a gone reader is no news.
    pub fn writing_by_library(path: &Path, error: &Error) -> Self {
        match error.source().and_then(|source| source.downcast_ref()) {
            Some(source) => Self::writing(path, source),
            None => Self::library(path, error, "try again, or write elsewhere with -o"),
        }
    }

    /// Writing to `path` failed in between.
    pub fn writing(path: &Path, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::quiet(BAD_DATA);
        }
        Self::new(BAD_DATA, output(path), &format!("cannot write: {error}"), writing_advice(error.kind()))
    }

    /// `path` could not be made.
    pub fn creating(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{AlreadyExists, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
        let (status, advice) = match error.kind() {
            NotFound => {
                let advice = "make the folder first, or choose another with -o";
                return Self::wrong_use(path, "cannot write here: its folder does not exist", advice);
            }
            NotADirectory => (WRONG_USE, "choose another folder with -o"),
            AlreadyExists => (WRONG_USE, "add --force to replace it, or choose another name with -o"),
            kind @ (PermissionDenied | ReadOnlyFilesystem) => (WRONG_USE, writing_advice(kind)),
            kind => (BAD_DATA, writing_advice(kind)),
        };
        Self::new(status, output(path), &format!("cannot write here: {error}"), advice)
    }

    /// `path`, which the user named, could not be read.
    pub fn reading(path: &Path, error: &io::Error) -> Self {
        let (status, what, advice) = match error.kind() {
            io::ErrorKind::NotFound => (WRONG_USE, "no such file or folder".to_owned(), "check the path"),
            io::ErrorKind::PermissionDenied => {
                (WRONG_USE, format!("cannot read: {error}"), "get permission to read it")
            }
            _ => (BAD_DATA, format!("cannot read: {error}"), "see whether the file can be read, and try again"),
        };
        Self::new(status, path, &what, advice)
    }

    /// Whether there is nothing to say.
    pub fn is_quiet(&self) -> bool {
        self.message.is_none()
    }

    /// What there is to say.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("the output was closed")
    }

    /// Says it on stderr; the status to exit with.
    pub fn report(&self) -> ExitCode {
        if let Some(message) = &self.message {
            let _ = writeln!(io::stderr(), "tersor: {message}");
        }
        ExitCode::from(self.status)
    }
}

fn writing_advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, or write elsewhere with -o",
        io::ErrorKind::FileTooLarge => "raise the limit for files (ulimit -f), or write elsewhere with -o",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "get permission to write there, or choose another folder with -o"
        }
        _ => "try again, or write elsewhere with -o",
    }
}

/// A path for the user's eyes; `-` is an input.
pub fn shown(path: &Path) -> String {
    match path.to_string_lossy() {
        path if path == "-" => "standard input".to_owned(),
        path => Escaped(&path).to_string(),
    }
}

/// A path for the user's eyes; `-` is an output.
pub fn shown_output(path: &Path) -> String {
    shown(output(path))
}

fn output(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("standard output") } else { path }
}
