//! Errors as the user sees them: `tersor: PATH: problem (section, tensor, byte): advice`.

use std::error::Error as _;
use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use tersor::{Error, ErrorKind, Escaped};

/// The exit status if the data are bad, a comparison found a difference, or reading or writing failed.
pub const BAD_DATA: u8 = 1;
/// The exit status if the command was used incorrectly.
pub const WRONG_USE: u8 = 2;

/// The result of a step of the command.
pub type Outcome<T = ()> = Result<T, Failure>;

/// The reason why a verb ended early.
#[derive(Debug)]
pub struct Failure {
    status: u8,
    /// `None` if there is nothing to report, for example because the reader of a pipe closed it.
    message: Option<Message>,
}

/// What a failure tells the user.
#[derive(Debug)]
struct Message {
    /// The file and the problem.
    text: String,
    advice: String,
}

impl Display for Message {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.text, self.advice)
    }
}

impl Failure {
    /// Returns a failure that the user can fix in the command line or in the file system.
    pub fn wrong_use(path: &Path, problem: impl AsRef<str>, advice: &str) -> Self {
        Self::new(WRONG_USE, path, problem.as_ref(), advice)
    }

    /// Returns a failure that lies in the data.
    pub fn bad_data(path: &Path, problem: impl AsRef<str>, advice: &str) -> Self {
        Self::new(BAD_DATA, path, problem.as_ref(), advice)
    }

    fn new(status: u8, path: &Path, problem: &str, advice: &str) -> Self {
        let text = format!("{}: {problem}", shown(path));
        Self { status, message: Some(Message { text, advice: advice.to_owned() }) }
    }

    /// Returns the failure of a comparison whose differences have been printed already.
    pub fn differs() -> Self {
        Self { status: BAD_DATA, message: None }
    }

    /// Returns the failure for an error of the library in reading a Tersor file.
    pub fn container(path: &Path, error: &Error) -> Self {
        let option = match error.limit_name() {
            Some("tensors") => "--max-tensors",
            Some("name_bytes") => "--max-name",
            Some("head_bytes" | "scratch_bytes") => "--max-head",
            Some("work") => "--max-work",
            _ => "--max-decoded",
        };
        let raise = format!("if you trust the file, raise the limit with {option}, a number or `unlimited`");
        let advice = match error.kind() {
            ErrorKind::Truncated => "the file is incomplete, copy or download it again",
            ErrorKind::Corrupt if error.is_foreign_format() => "give a file that `tersor encode` wrote",
            ErrorKind::Corrupt => "the file is damaged, copy or download it again, or encode the original again",
            ErrorKind::Unsupported => "use the version of tersor that wrote it",
            ErrorKind::Limit if error.limit_name().is_none() => "there is not enough memory",
            ErrorKind::Limit => &raise,
            ErrorKind::Io => "check that the file can be read, and try again",
            _ => "see `tersor --help`",
        };
        Self::library(path, error, advice)
    }

    /// Returns the failure for an error of the library in reading a file to encode.
    pub fn original(path: &Path, error: &Error) -> Self {
        let advice = match error.kind() {
            ErrorKind::Truncated => "the file is incomplete, copy or download it again",
            ErrorKind::Corrupt => "check the program that wrote it, or copy or download it again",
            ErrorKind::Unsupported => "a newer version of tersor may be able to read it",
            ErrorKind::InvalidArgument if path == Path::new("-") => "choose another name with --name",
            ErrorKind::InvalidArgument => "rename the file",
            _ => "try again",
        };
        Self::library(path, error, advice)
    }

    fn library(path: &Path, error: &Error, advice: &str) -> Self {
        let status = if error.kind() == ErrorKind::InvalidArgument { WRONG_USE } else { BAD_DATA };
        Self::new(status, path, &error.to_string(), advice)
    }

    /// Returns the failure for an error of the library in writing to `path`. A closed pipe is not reported.
    pub fn writing_by_library(path: &Path, error: &Error) -> Self {
        match error.source().and_then(|source| source.downcast_ref()) {
            Some(source) => Self::writing(path, source),
            None => Self::library(path, error, &writing_advice(path, io::ErrorKind::Other)),
        }
    }

    /// Returns the failure for an error in writing to `path`. A closed pipe is not reported.
    pub fn writing(path: &Path, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self { status: BAD_DATA, message: None };
        }
        Self::new(BAD_DATA, output(path), &format!("cannot write: {error}"), &writing_advice(path, error.kind()))
    }

    /// Returns the failure for an error in creating `path`.
    pub fn creating(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{AlreadyExists, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
        let of_kind = writing_advice(path, error.kind());
        let (status, advice) = match error.kind() {
            NotFound if path == std::env::temp_dir() => (WRONG_USE, "set TMPDIR to another folder"),
            NotFound => {
                let advice = "create the folder first, or choose another with -o";
                return Self::wrong_use(path, "cannot write here: the folder does not exist", advice);
            }
            NotADirectory => (WRONG_USE, "choose another folder with -o"),
            AlreadyExists => (WRONG_USE, "add --force to replace it, or choose another name with -o"),
            PermissionDenied | ReadOnlyFilesystem => (WRONG_USE, of_kind.as_str()),
            _ => (BAD_DATA, of_kind.as_str()),
        };
        Self::new(status, output(path), &format!("cannot write here: {error}"), advice)
    }

    /// Returns the failure for an error in reading `path`, which the user named.
    pub fn reading(path: &Path, error: &io::Error) -> Self {
        let (status, problem, advice) = match error.kind() {
            io::ErrorKind::NotFound => (WRONG_USE, "no such file or folder".to_owned(), "check the path"),
            io::ErrorKind::PermissionDenied => {
                (WRONG_USE, format!("cannot read: {error}"), "get permission to read it")
            }
            _ => (BAD_DATA, format!("cannot read: {error}"), "check that the file can be read, and try again"),
        };
        Self::new(status, path, &problem, advice)
    }

    /// Puts `instead` in the place of each advice to use `-o`, for an output that has another option.
    pub fn advising(mut self, instead: &str) -> Self {
        if let Some(message) = &mut self.message {
            let parts = message.advice.split(", or ");
            let parts = parts.map(|part| if part.ends_with("with -o") { instead } else { part });
            message.advice = parts.collect::<Vec<_>>().join(", or ");
        }
        self
    }

    /// Returns whether there is no message.
    pub fn is_quiet(&self) -> bool {
        self.message.is_none()
    }

    /// Returns the message without the name of the command.
    pub fn message(&self) -> String {
        self.message.as_ref().map_or_else(|| "the output was closed".to_owned(), Message::to_string)
    }

    /// Writes the message to stderr, and returns the failure without it.
    pub fn told(mut self) -> Self {
        if let Some(message) = self.message.take() {
            let _ = writeln!(io::stderr(), "tersor: {message}");
        }
        self
    }

    /// Writes the message to stderr and returns the exit status.
    pub fn report(self) -> ExitCode {
        ExitCode::from(self.told().status)
    }
}

/// Returns the advice for an error in writing to `path`. Standard output and the folder for temporary files have no
/// option.
fn writing_advice(path: &Path, kind: io::ErrorKind) -> String {
    let elsewhere = match path {
        _ if path == Path::new("-") => "send the output elsewhere",
        _ if path == std::env::temp_dir() => "set TMPDIR to another folder",
        _ => "write elsewhere with -o",
    };
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!("free some space, or {elsewhere}"),
        io::ErrorKind::FileTooLarge => format!("raise the limit on file sizes (ulimit -f), or {elsewhere}"),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            format!("get permission to write there, or {elsewhere}")
        }
        _ => format!("try again, or {elsewhere}"),
    }
}

/// Formats the path of an input; `-` is standard input.
pub fn shown(path: &Path) -> String {
    match path.to_string_lossy() {
        path if path == "-" => "standard input".to_owned(),
        path => Escaped(&path).to_string(),
    }
}

/// Formats the path of an output; `-` is standard output.
pub fn shown_output(path: &Path) -> String {
    shown(output(path))
}

fn output(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("standard output") } else { path }
}
