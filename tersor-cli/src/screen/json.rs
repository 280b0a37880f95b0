//! JSON for programs that is safe to show in a terminal: characters that a terminal obeys are escaped.

use std::io::{self, Write};

use serde_json::Value;
use tersor::Escaped;

use super::failure::Outcome;
use super::print::{ignore_closed_pipe, print_with};

/// Prints an object to stdout.
pub fn print_object(object: &Value) -> Outcome {
    ignore_closed_pipe(print_with(|out| writeln!(SafeJson::new(out), "{object:#}")))
}

/// Prints an object to stdout on a single line, for one of several inputs.
pub fn print_line(object: &Value) -> Outcome {
    ignore_closed_pipe(print_with(|out| writeln!(SafeJson::new(out), "{object}")))
}

/// Writes JSON and replaces each character that a terminal obeys by its escape, `\u009b` for example. Such characters
/// occur only in strings, so the value stays the same.
pub struct SafeJson<W> {
    out: W,
    /// The bytes of a character that is not complete.
    rest: Vec<u8>,
}

impl<W: Write> SafeJson<W> {
    /// Makes a writer of JSON.
    pub fn new(out: W) -> Self {
        Self { out, rest: Vec::new() }
    }

    fn write_text(&mut self, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')) {
            return self.out.write_all(text.as_bytes());
        }
        let mut start = 0;
        for (place, character) in text.char_indices().filter(|&(_, character)| is_obeyed(character)) {
            self.out.write_all(&text.as_bytes()[start..place])?;
            write!(self.out, "\\u{:04x}", u32::from(character))?;
            start = place + character.len_utf8();
        }
        self.out.write_all(&text.as_bytes()[start..])
    }
}

impl<W: Write> Write for SafeJson<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.rest.is_empty()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            self.write_text(text)?;
            return Ok(bytes.len());
        }
        self.rest.extend_from_slice(bytes);
        let all = std::mem::take(&mut self.rest);
        let complete = match std::str::from_utf8(&all) {
            Ok(_) => all.len(),
            Err(error) => error.valid_up_to(),
        };
        self.write_text(std::str::from_utf8(&all[..complete]).unwrap_or_default())?;
        self.rest = all[complete..].to_vec();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns whether a terminal obeys a character, or shows text in another order because of it. White space between the
/// values of JSON is not meant.
fn is_obeyed(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control() && !matches!(character, '\n' | '\r' | '\t');
    }
    Escaped(character.encode_utf8(&mut [0; 4])).to_string().starts_with("\\u")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_a_terminal_obeys_are_escaped() {
        let text = "{\"a\u{9b}\u{202e}b\": \"\u{e9}\u{1f600}\\\\ \u{7f}\"}\n";
        for step in [1, 2, 3, 100] {
            let mut out = SafeJson::new(Vec::new());
            text.as_bytes().chunks(step).for_each(|chunk| out.write_all(chunk).unwrap());
            let written = String::from_utf8(out.out).unwrap();
            assert_eq!(written, "{\"a\\u009b\\u202eb\": \"\u{e9}\u{1f600}\\\\ \\u007f\"}\n");
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
            assert_eq!(value(&written), value(text));
        }
    }
}
