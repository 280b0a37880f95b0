//! Names of tensors: patterns, and suggestions for a name that no tensor has.

use tersor::Escaped;

use super::args::ExtractArgs;
use crate::screen::failure::Failure;

/// The largest number of names that are suggested.
const SUGGESTIONS: usize = 3;

/// Returns whether a name matches a pattern, in which `*` stands for any characters.
pub fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*') {
        match name.find(part) {
            Some(place) => name = &name[place + part.len()..],
            None => return false,
        }
    }
    name.ends_with(last)
}

/// Returns the failure for a name that no tensor has, with similar ones of `names` if there are any. `file` is the file
/// in which the tensor was searched, if the user chose one.
pub fn unknown<'n>(
    args: &ExtractArgs,
    name: &str,
    file: Option<&str>,
    names: impl Iterator<Item = &'n str>,
) -> Failure {
    let wanted = name.replace('*', "").to_lowercase();
    let last = wanted.rsplit('.').next().unwrap_or_default();
    let is_similar = |name: &&str| {
        let name = name.to_lowercase();
        name.contains(&wanted) || (!name.is_empty() && wanted.contains(&name)) || name.rsplit('.').next() == Some(last)
    };
    let similar: Vec<String> =
        names.filter(is_similar).take(SUGGESTIONS).map(|name| Escaped(name).to_string()).collect();
    let advice = match similar.is_empty() {
        true => "`tersor inspect` lists the tensors".to_owned(),
        false => format!("`tersor inspect` lists the tensors, such as {}", similar.join(", ")),
    };
    let place = file.map_or_else(String::new, |file| format!(" in {}", Escaped(file)));
    Failure::wrong_use(&args.file, format!("no tensor named {}{place}", Escaped(name)), &advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_characters() {
        for pattern in ["*", "a.*", "*.c", "a*c", "a.b.c*", "*b*", "*a*.*c*", "a.b.c", "**"] {
            assert!(matches(pattern, "a.b.c"), "{pattern}");
        }
        for pattern in ["", "b*", "*b", "a*b", "a.b.c*c", "*c*b*", "a.b*b.c", "a.b"] {
            assert!(!matches(pattern, "a.b.c"), "{pattern}");
        }
    }
}
