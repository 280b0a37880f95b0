//! The numbers of rules: each bad vector names a rule of the specification.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

const SPECIFICATION: &str = include_str!("../../spec/format.md");

const LIST: &str = include_str!("../../spec/vectors/bad.json");

/// Returns the rules of the specification: for each number its text, which begins after `**R3-1**`.
fn rules() -> BTreeMap<&'static str, String> {
    let mut rules = BTreeMap::new();
    let mut lines = SPECIFICATION.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((number, text)) = line.strip_prefix("- **").and_then(|rest| rest.split_once("** ")) else { continue };
        if !number.starts_with('R') {
            continue;
        }
        let mut text = text.to_owned();
        // the lines of the rule that follow are indented
        while let Some(more) = lines.next_if(|line| line.starts_with("  ")) {
            text.push_str(more);
        }
        assert!(rules.insert(number, text).is_none(), "two rules have the number {number}");
    }
    rules
}

#[test]
fn bad_vectors_name_rules() {
    let rules = rules();
    assert_eq!(rules.len(), SPECIFICATION.matches("- **R").count());
    let list: BTreeMap<String, Value> = serde_json::from_str(LIST).expect("a list of bad vectors");
    let mut named = BTreeSet::new();
    for (name, about) in &list {
        let rule = about["rule"].as_str().unwrap_or_else(|| panic!("{name} has no rule"));
        assert!(rules.contains_key(rule), "{name}: the specification has no rule {rule}");
        named.insert(rule);
    }
    let missing: Vec<_> =
        rules.iter().filter(|(number, text)| text.contains("must") && !named.contains(**number)).collect();
    // a note for authors of vectors: some rules bind a decoder, or a container cannot break them alone
    println!("{} of {} rules have a bad vector; these say \"must\" and have none:", named.len(), rules.len());
    for (number, text) in missing {
        println!("{number} {text}");
    }
}
