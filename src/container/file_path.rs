//! Paths of the files in a container.

use crate::spec::{MAX_COMPONENT_BYTES, MAX_COMPONENTS};

/// Returns whether `path` is the path of a file within a folder, with `/` between its components, on every common
/// system (section 5).
pub(crate) fn is_file_path(path: &str) -> bool {
    path.split('/').count() <= MAX_COMPONENTS && path.split('/').all(is_component)
}

/// Returns the folders in which a file lies, the outermost first: `a` and `a/b` for `a/b/c`.
pub(crate) fn folders_of(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

/// Returns whether `name` can be the name of a file or a folder on every common system.
fn is_component(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    let is_device = matches!(&stem[..], "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || port.is_some_and(|port| {
            let mut characters = port.chars();
            let digit = matches!(characters.next(), Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'));
            digit && characters.next().is_none()
        });
    !name.is_empty()
        && name.len() <= MAX_COMPONENT_BYTES
        && !name.ends_with(['.', ' '])
        && !name.bytes().any(|byte| byte < 0x20 || byte == 0x7f || b"/\\:*?\"<>|".contains(&byte))
        && !is_device
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_some_system_refuses_are_refused() {
        let refused = [
            "",
            ".",
            "..",
            "/",
            "/a",
            "a/",
            "a//b",
            "a/../b",
            "../a",
            "./a",
            "a\\b",
            "c:",
            "a\nb",
            "\u{7f}",
            "nul.txt",
            "Com1",
            "CON .txt",
            "a/lpt\u{b2}",
            "conin$/a",
            "a ",
            "a./b",
            "a*",
        ];
        for path in refused {
            assert!(!is_file_path(path), "{path:?}");
        }
        for path in ["a", "model.safetensors", ".hidden/a", "com10", "console", "\u{e9}\u{1f600} x", "unet/a b/c.bin"] {
            assert!(is_file_path(path), "{path:?}");
        }
        assert!(is_file_path(&"x".repeat(255)) && !is_file_path(&"x".repeat(256)));
        assert!(is_file_path(&["x"; 32].join("/")) && !is_file_path(&["x"; 33].join("/")));
    }

    #[test]
    fn folders_are_named_from_the_outside() {
        assert!(folders_of("a/b/c").eq(["a", "a/b"]) && folders_of("a").next().is_none());
    }
}
