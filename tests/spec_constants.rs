//! The constants of the code agree with the tables of the specification.

use std::collections::BTreeMap;

use tersor::internals;

const SPEC: &str = include_str!("../spec/format.md");

/// Returns the cells of the first table with this heading, one vector a row.
fn table(heading: &str) -> Vec<Vec<String>> {
    let mut lines = SPEC.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "no table {heading:?}");
    assert!(lines.next().is_some_and(|line| line.starts_with("|---")));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.take_while(|line| line.starts_with('|')).map(cells).collect()
}

#[test]
fn constants_are_those_of_section_17() {
    let rows = table("| name | value | section |");
    let spec: BTreeMap<String, u64> = rows.iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
    assert_eq!(spec.len(), rows.len(), "a name twice");
    assert!(spec.len() > 20);
    let code: BTreeMap<String, u64> =
        internals::constants().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(spec, code);
}

/// Every constant in `src/spec.rs` is in the table, with the section that its comment names first.
#[test]
fn constants_name_their_sections() {
    let rows = table("| name | value | section |");
    let sections: BTreeMap<&str, &str> = rows.iter().map(|row| (&*row[0], &*row[2])).collect();
    let mut section = None;
    let mut found = 0;
    for line in include_str!("../src/spec.rs").lines() {
        if let Some(rest) = line.strip_prefix("/// Section ") {
            section = rest.split_once(':').map(|(section, _)| section);
        } else if let Some((_, rest)) = line.split_once("const ") {
            let (name, _) = rest.split_once(':').expect("a type");
            let first = sections.get(name).and_then(|sections| sections.split(',').next());
            assert_eq!(first, section.take(), "the section of {name}, which stands in section 17 of the specification");
            found += 1;
        }
    }
    assert_eq!(found, rows.len());
}

#[test]
fn dtypes_are_those_of_section_5_1() {
    let spec = table("| code | dtype | bits an element | word width w | words an element |");
    let code: Vec<Vec<String>> = internals::dtypes()
        .into_iter()
        .map(|(code, name, bits, width, words)| {
            vec![code.to_string(), name.to_owned(), bits.to_string(), width.to_string(), words.to_string()]
        })
        .collect();
    assert_eq!(spec, code);
}

/// The table of section 3, the rule R3-2 and the title name the version that this code writes.
#[test]
fn the_version_is_the_one_of_section_3() {
    let file = tersor::Encoder::new(Vec::new(), tersor::EncodeOptions::default()).unwrap().finish().unwrap().0;
    let (major, minor) = (file[8], file[9]);
    let rows = table("| offset | width in bits | field | value |");
    let value = |field: &str| rows.iter().find(|row| row[2] == field).map(|row| row[3].clone());
    assert_eq!(value("major version"), Some(major.to_string()));
    assert_eq!(value("minor version"), Some(minor.to_string()));
    assert!(SPEC.starts_with(&format!("# The Tersor container, format {major}.{minor}\n")));
    assert!(SPEC.contains(&format!("The version must be {major}.{minor}.")));
}
