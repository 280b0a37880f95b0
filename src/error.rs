//! What can go wrong, and where.

use std::fmt;
use std::io;

/// `std::result::Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kind of an [`Error`]; the first four are those of section 15 of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends before it should.
    Truncated,
    /// The input breaks a rule of the format.
    Corrupt,
    /// A version, feature, dtype, representation or coding that this version does not know.
    Unsupported,
    /// The input asks for more than [`Limits`](crate::Limits) allow.
    Limit,
    /// The caller asked for something that cannot be.
    InvalidArgument,
    /// Reading or writing failed.
    Io,
    /// The progress callback asked to stop.
    Cancelled,
}

impl ErrorKind {
    /// The kind in one lower-case word, as the test vectors name it.
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

/// An error: its kind, what is wrong, and where as far as that is known.
///
/// The innermost place wins: a section, tensor or offset once set is kept by the callers above.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    what: String,
    section: Option<&'static str>,
    tensor: Option<String>,
    offset: Option<u64>,
    source: Option<io::Error>,
    is_foreign: bool,
}

impl Error {
    /// An error of `kind`; `what` says what is wrong, in a few words without a full stop.
    pub fn new(kind: ErrorKind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            what: what.into(),
            section: None,
            tensor: None,
            offset: None,
            source: None,
            is_foreign: false,
        }))
    }

    /// Of kind [`ErrorKind::Corrupt`].
    #[cold]
    pub fn corrupt(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Corrupt, what)
    }

    /// Returns an error of kind [`ErrorKind::Corrupt`] for an input that is no Tersor file at all; see [`is_foreign`](Self::is_foreign).
    #[cold]
    pub(crate) fn foreign(what: impl Into<String>) -> Self {
        let mut this = Self::corrupt(what);
        this.0.is_foreign = true;
        this
    }

    /// Of kind [`ErrorKind::Truncated`].
    #[cold]
    pub fn truncated(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Truncated, what)
    }

    /// Of kind [`ErrorKind::Unsupported`].
    #[cold]
    pub fn unsupported(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, what)
    }

    /// Of kind [`ErrorKind::Limit`].
    #[cold]
    pub fn limit(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, what)
    }

    /// Of kind [`ErrorKind::InvalidArgument`].
    #[cold]
    pub fn invalid(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, what)
    }

    /// Of kind [`ErrorKind::Cancelled`].
    #[cold]
    pub fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "stopped on request")
    }

    /// Names the section of the file.
    #[must_use]
    pub fn in_section(mut self, section: &'static str) -> Self {
        self.0.section.get_or_insert(section);
        self
    }

    /// Names the tensor.
    #[must_use]
    pub fn in_tensor(mut self, name: &str) -> Self {
        self.0.tensor.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Gives the offset in bytes from the start of the file.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns whether the input is a file of another format, rather than a damaged Tersor file.
    pub fn is_foreign(&self) -> bool {
        self.0.is_foreign
    }

    /// What is wrong, without the place.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The section of the file, if known.
    pub fn section(&self) -> Option<&'static str> {
        self.0.section
    }

    /// The name of the tensor or file, if known: bytes of the input, unescaped.
    pub fn tensor(&self) -> Option<&str> {
        self.0.tensor.as_deref()
    }

    /// The offset in bytes from the start of the file, if known.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    /// Names are shown with control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Shows text from a file with control and directional characters and backslashes escaped, so that it can neither steer a terminal nor pass for another text.
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

/// Characters that reorder what a terminal shows (Unicode UAX #9) or break its lines.
fn is_directional(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' ..= '\u{202e}' | '\u{2066}' ..= '\u{2069}' | '\u{feff}')
}
