//! The numbers of the specification are those of the code.

use std::collections::BTreeMap;
use std::path::Path;

use tersor::internals;

const SPEC: &str = include_str!("../spec/format.md");

/// The cells of the first table whose heading is `heading`, one vector a row.
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

/// Every constant in `src/` that names its section is in the table.
#[test]
fn constants_of_the_code_are_in_section_17() {
    let names: Vec<String> = table("| name | value | section |").into_iter().map(|row| row[0].clone()).collect();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let mut names_section = false;
            for line in text.lines() {
                let declared = line.split_once("const ").and_then(|(_, rest)| rest.split_once(':'));
                if let (true, Some((name, _))) = (names_section, declared) {
                    assert!(names.iter().any(|known| known == name), "{name} of {path:?} is not in section 17");
                    found += 1;
                }
                names_section = line.starts_with("/// Section ");
            }
        }
    }
    assert!(found > 15, "{found}");
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
