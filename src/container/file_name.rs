//! Names of the files in a container.

use crate::spec::MAX_FILE_NAME_BYTES;

/// Returns whether `name` is the name of a file, without folders, on every common system (section 5).
pub(crate) fn is_file_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    let is_device = matches!(&stem[..], "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || port.is_some_and(|port| {
            let mut characters = port.chars();
            let digit = matches!(characters.next(), Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'));
            digit && characters.next().is_none()
        });
    !name.is_empty()
        && name.len() <= MAX_FILE_NAME_BYTES
        && !name.ends_with(['.', ' '])
        && !name.bytes().any(|byte| byte < 0x20 || byte == 0x7f || b"/\\:*?\"<>|".contains(&byte))
        && !is_device
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_system_refuses_are_refused() {
        let refused = [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "c:",
            "a\nb",
            "\u{7f}",
            "nul.txt",
            "Com1",
            "CON .txt",
            "lpt\u{b2}",
            "conin$",
            "a ",
            "a*",
        ];
        for name in refused {
            assert!(!is_file_name(name), "{name:?}");
        }
        for name in ["a", "model.safetensors", ".hidden", "com10", "console", "\u{e9}\u{1f600} x"] {
            assert!(is_file_name(name), "{name:?}");
        }
        assert!(is_file_name(&"x".repeat(255)) && !is_file_name(&"x".repeat(256)));
    }
}
