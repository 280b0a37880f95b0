//! The text of the specification is consistent: rules have the numbers of their sections, and references have targets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const SPEC: &str = include_str!("../spec/format.md");
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/spec/vectors");

/// The numbers of the headings: "8" of `## 8. Fields`, "8.1" of `### 8.1 Codings`.
fn headings() -> BTreeSet<&'static str> {
    let numbers = SPEC.lines().filter(|line| line.starts_with('#')).filter_map(|line| {
        let number = line.trim_start_matches('#').split_whitespace().next()?.trim_end_matches('.');
        number.starts_with(|first: char| first.is_ascii_digit()).then_some(number)
    });
    numbers.collect()
}

/// The rules that `line` names, such as R8.5-2.
fn rules(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-');
    words.map(|word| word.trim_end_matches(['.', '-'])).filter(|word| {
        let mut rest = word.strip_prefix('R').into_iter().flat_map(|rest| rest.split(['.', '-']));
        word.contains('-')
            && rest.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
            && word.starts_with('R')
    })
}

/// A rule stands in the section of its number or in a subsection, and the numbers of a section ascend.
#[test]
fn rules_are_numbered_by_their_section() {
    let mut section = "";
    let mut known = BTreeSet::new();
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for line in SPEC.lines() {
        if line.starts_with('#') {
            let number = line.trim_start_matches('#').split_whitespace().next().unwrap_or("");
            section = number.trim_end_matches('.');
        }
        if let Some((rule, _)) = line.strip_prefix("- **").and_then(|rest| rest.split_once("** ")) {
            // other bold words at the start of an item are terms
            let Some((of, number)) = rule.strip_prefix('R').and_then(|rule| rule.split_once('-')) else { continue };
            let is_within = section == of || section.strip_prefix(of).is_some_and(|rest| rest.starts_with('.'));
            let number: u32 = number.parse().expect("the number of a rule");
            let before = last.insert(of, number).unwrap_or(0);
            assert!(is_within && number > before, "{rule} in section {section} after rule {before}");
            known.insert(rule);
        }
    }
    assert!(known.len() > 150);
    for rule in SPEC.lines().flat_map(rules) {
        assert!(known.contains(rule), "{rule} is named and does not exist");
    }
}

/// Numbers in text such as "section 8.2" and "(8.6)".
#[test]
fn sections_that_are_named_exist() {
    let headings = headings();
    let mut found = 0;
    for (at, word) in SPEC.match_indices("section ").chain(SPEC.match_indices("sections ")) {
        let rest = &SPEC[at + word.len()..];
        let number = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or("").trim_end_matches('.');
        // a section of another document has three numbers
        if number.is_empty() || number.matches('.').count() > 1 {
            continue;
        }
        assert!(headings.contains(number), "section {number} is named and does not exist");
        found += 1;
    }
    assert!(found > 50, "{found}");
}

/// Annex A names all good vectors.
#[test]
fn the_annex_names_the_vectors() {
    let (_, annex) = SPEC.split_once("## Annex A").expect("an annex");
    let rows = annex.lines().filter(|line| line.starts_with("| "));
    let names = rows.flat_map(|line| line.split('`').skip(1).step_by(2)).filter(|name| !name.ends_with('/'));
    let named: BTreeSet<String> = names.map(str::to_owned).collect();
    let files = std::fs::read_dir(Path::new(VECTORS).join("good")).unwrap().map(|entry| entry.unwrap().path());
    let containers = files.filter(|path| path.extension().is_some_and(|extension| extension == "tersor"));
    let present = containers.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(named, present);
}
