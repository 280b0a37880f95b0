//! The error type of the library: the kind of a failure, its description, and its place in the input.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an [`Error`]. The first four are the kinds of section 16 of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends too early.
    Truncated,
    /// The input breaks a rule of the format.
    Corrupt,
    /// The input uses a version, feature, dtype, representation or coding that this version of the library does not
    /// know, or there is no conversion between a dtype and the requested type.
    Unsupported,
    /// The input asks for more than [`Limits`](crate::Limits) allow.
    Limit,
    /// The caller passed an argument that cannot be used.
    InvalidArgument,
    /// Reading or writing failed.
    Io,
    /// The progress callback asked to stop.
    Cancelled,
}

impl ErrorKind {
    /// Returns the name of the kind in lower case, as the test vectors spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::Limit => "limit",
            Self::InvalidArgument => "invalid argument",
            Self::Io => "io",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An error: its kind, a description of the problem, and the place of the problem as far as it is known.
///
/// The innermost place wins: once a section, tensor, offset or path is set, callers further up do not replace it.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    what: String,
    /// Whether the input is a file of another format.
    is_foreign: bool,
    /// The field of `Limits` that is too low.
    limit: Option<&'static str>,
    path: Option<PathBuf>,
    section: Option<&'static str>,
    tensor: Option<String>,
    offset: Option<u64>,
    source: Option<io::Error>,
}

impl Error {
    /// Makes an error of `kind`. `what` describes the problem in a few words without a full stop.
    #[must_use]
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            what: what.into(),
            is_foreign: false,
            limit: None,
            path: None,
            section: None,
            tensor: None,
            offset: None,
            source: None,
        }))
    }

    /// Makes an error of kind [`ErrorKind::Corrupt`].
    #[cold]
    #[must_use]
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, what)
    }

    /// Makes an error of kind [`ErrorKind::Truncated`].
    #[cold]
    #[must_use]
    pub fn truncated(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Truncated, what)
    }

    /// Makes an error of kind [`ErrorKind::Unsupported`].
    #[cold]
    #[must_use]
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// Makes an error of kind [`ErrorKind::Limit`].
    #[cold]
    #[must_use]
    pub fn limit(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, what)
    }

    /// Makes an error of kind [`ErrorKind::InvalidArgument`].
    #[cold]
    #[must_use]
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, what)
    }

    /// Makes an error of kind [`ErrorKind::Cancelled`].
    #[cold]
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "stopped on request")
    }

    /// Marks the input as a file of another format.
    #[must_use]
    pub(crate) fn foreign(mut self) -> Self {
        self.0.is_foreign = true;
        self
    }

    /// Names the field of `Limits` that is too low.
    #[must_use]
    pub(crate) fn of_limit(mut self, name: &'static str) -> Self {
        self.0.limit = Some(name);
        self
    }

    /// Sets the path of the file, unless it is set already.
    #[must_use]
    pub fn in_file(mut self, path: impl AsRef<Path>) -> Self {
        self.0.path.get_or_insert_with(|| path.as_ref().to_owned());
        self
    }

    /// Sets the section of the file, unless it is set already.
    #[must_use]
    pub fn in_section(mut self, section: &'static str) -> Self {
        self.0.section.get_or_insert(section);
        self
    }

    /// Sets the name of the tensor, unless it is set already.
    #[must_use]
    pub fn in_tensor(mut self, name: &str) -> Self {
        self.0.tensor.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Sets the offset in bytes from the start of the file, unless it is set already.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the description of the problem, without its place.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// Returns whether the input is a file of another format, such as a safetensors file that was never encoded.
    /// The kind of these errors is [`ErrorKind::Corrupt`].
    #[must_use]
    pub fn is_foreign_format(&self) -> bool {
        self.0.is_foreign
    }

    /// Returns the name of the field of [`Limits`](crate::Limits) that is too low, such as `name_bytes`. It is known if
    /// the kind is [`ErrorKind::Limit`] and there would have been memory.
    #[must_use]
    pub fn limit_name(&self) -> Option<&'static str> {
        self.0.limit
    }

    /// Returns the path of the file, if it is known.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Returns the section of the file, if it is known.
    #[must_use]
    pub fn section(&self) -> Option<&'static str> {
        self.0.section
    }

    /// Returns the name of the tensor or of the contained file, if it is known. The name comes from the input and is
    /// not escaped; see [`Escaped`].
    #[must_use]
    pub fn tensor(&self) -> Option<&str> {
        self.0.tensor.as_deref()
    }

    /// Returns the offset in bytes from the start of the file, if it is known.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    /// Writes the path, the description and the place. Names are escaped; see [`Escaped`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.0.path {
            write!(f, "{}: ", Escaped(&path.to_string_lossy()))?;
        }
        f.write_str(&self.0.what)?;
        let mut open = false;
        let mut separate = |f: &mut fmt::Formatter<'_>| {
            let mark = if open { ", " } else { " (" };
            open = true;
            f.write_str(mark)
        };
        if let Some(section) = self.0.section {
            separate(f)?;
            f.write_str(section)?;
        }
        if let Some(tensor) = &self.0.tensor {
            separate(f)?;
            write!(f, "tensor {}", Escaped(tensor))?;
        }
        if let Some(offset) = self.0.offset {
            separate(f)?;
            write!(f, "byte {offset}")?;
        }
        if open {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|error| error as _)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::UnexpectedEof => ErrorKind::Truncated,
            _ => ErrorKind::Io,
        };
        let mut this = Self::new(kind, error.to_string());
        this.0.source = Some(error);
        this
    }
}

/// Displays text from a file with backslashes, control characters and directional characters escaped. The text can
/// then neither control a terminal nor look like another text.
///
/// ```
/// assert_eq!(tersor::Escaped("a\u{1b}[2Jb").to_string(), r"a\u{1b}[2Jb");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character == '\\' {
                f.write_str("\\\\")?;
            } else if character.is_control() || is_directional(character) {
                write!(f, "{}", character.escape_unicode())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

/// Returns whether `character` changes the order of displayed text (Unicode UAX #9) or breaks a line.
fn is_directional(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' ..= '\u{202e}' | '\u{2066}' ..= '\u{2069}' | '\u{feff}')
}
