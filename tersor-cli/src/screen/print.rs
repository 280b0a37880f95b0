//! Printing to stdout.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::failure::{Failure, Outcome};

/// Prints a text to stdout.
pub fn print(text: &str) -> Outcome {
    print_with(|out| out.write_all(text.as_bytes()))
}

/// Prints the output of `write` to stdout while it is produced.
pub fn print_with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Outcome {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(|error| Failure::writing(Path::new("-"), &error))
}

/// Treats a pipe that the reader closed, as `| head` does, as success.
pub fn ignore_closed_pipe(printed: Outcome) -> Outcome {
    match printed {
        Err(failure) if failure.is_quiet() => Ok(()),
        printed => printed,
    }
}
