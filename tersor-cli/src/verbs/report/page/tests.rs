//! Properties of every page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::fixtures::{HOSTILE, network, series, tiny, without_values};
use super::markup::{label, name};
use super::render;

/// HTML elements without an end tag.
const VOID: [&str; 3] = ["meta", "br", "wbr"];

fn all() -> Vec<Value> {
    let network = network(200, 0.0);
    let nothing = without_values(&network);
    let series = series(6, 40);
    let no_series = without_values(&series);
    vec![
        network,
        nothing,
        tiny(),
        series,
        no_series,
        json!({}),
        json!(null),
        json!({ "series": null }),
        json!({ "series": [], "tensors": [] }),
    ]
}

/// Returns the tags of a page: start tags with their attributes, and end tags with a slash before the name.
fn tags(page: &str) -> Vec<&str> {
    let body = page.strip_prefix("<!DOCTYPE html>").expect("a document type");
    let (head, rest) = body.split_once("<style>").expect("a style");
    let (_, body) = rest.split_once("</style>").expect("its end");
    let pieces = head.split('<').skip(1).chain(body.split('<').skip(1));
    pieces.map(|piece| piece.split_once('>').expect("a tag that ends").0).collect()
}

#[test]
fn every_element_is_closed() {
    for report in all() {
        let page = render(&report);
        let mut open = Vec::new();
        for tag in tags(&page) {
            let name = tag.split([' ', '\n']).next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "<{tag}>");
            } else if !VOID.contains(&name) && !tag.ends_with('/') {
                open.push(name);
            }
            // attribute values are quoted
            assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
            let unquoted: String = tag.split('"').step_by(2).collect();
            assert!(!unquoted.contains(['\'', '&']), "<{tag}>");
        }
        assert_eq!(open, [""; 0]);
    }
}

#[test]
fn a_page_is_self_contained_and_runs_nothing() {
    for report in all() {
        let page = render(&report);
        assert!(page.contains("default-src 'none'"));
        for tag in tags(&page) {
            let name = tag.split([' ', '\n']).next().unwrap();
            assert!(
                !["script", "img", "link", "iframe", "object", "embed", "base", "form", "image", "use"].contains(&name),
                "<{tag}>"
            );
            let attributes: String = tag.split('"').step_by(2).collect();
            for word in [" src=", " srcset=", " on", " xlink"] {
                assert!(!attributes.contains(word), "<{tag}>");
            }
            if let Some((_, target)) = tag.split_once("href=\"") {
                assert!(target.starts_with('#'), "<{tag}>");
            }
        }
        for word in ["http:", "https:", "://", "url(", "@import", "<script", "javascript:"] {
            assert!(!page.contains(word), "{word}");
        }
    }
    assert!(!render(&tiny()).contains("src="));
}

#[test]
fn links_lead_to_sections() {
    for report in [network(3, 0.0), tiny(), series(2, 3)] {
        let page = render(&report);
        for link in page.split("href=\"#").skip(1) {
            let target = link.split('"').next().unwrap();
            assert_eq!(page.matches(&format!("id=\"{target}\"")).count(), 1, "{target}");
        }
    }
}

#[test]
fn names_are_text() {
    for page in [render(&network(200, 0.0)), render(&series(6, 40))] {
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/<wbr>script&gt;&quot;&amp;&#39;"));
        assert!(page.contains("layers.<wbr>0.<wbr>\\u{202e}thgiew"));
        assert!(!page.contains(['\u{202e}', '\u{feff}', '\u{0}', '\u{1b}']));
    }
    let pages = [render(&network(200, 0.0)), render(&replaced(&network(5, 0.0), "x"))];
    let skeleton = |tag: &str| tag.split('"').step_by(2).collect::<String>();
    let known: BTreeSet<String> = pages.iter().flat_map(|page| tags(page)).map(skeleton).collect();
    for hostile in HOSTILE {
        assert!(!name(hostile).contains(['<', '>', '"', '\'', '\n']));
        // the tags of a page do not depend on the texts of the report
        let page = render(&replaced(&network(5, 0.0), hostile));
        for tag in tags(&page) {
            assert!(known.contains(&skeleton(tag)), "{hostile}: <{tag}>");
        }
    }
    let long = name(&"a<".repeat(5000));
    assert!(long.len() < 2000 && long.ends_with("..."));
}

/// `value` with `text` in place of every text and every key of a ledger.
fn replaced(value: &Value, text: &str) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| match key.as_str() {
                "ledger" | "parameters" => (key.clone(), json!({ text: 1 })),
                _ => (key.clone(), replaced(value, text)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(|item| replaced(item, text)).collect(),
        Value::String(_) => json!(text),
        other => other.clone(),
    }
}

#[test]
fn every_category_tensor_and_prior_appears() {
    let report = network(200, 0.0);
    let page = render(&report);
    for (category, bytes) in report["ledger"].as_object().unwrap() {
        let (_, line) = page.split_once(&format!("</span><span><b>{category}</b>")).expect(category);
        let cell = format!("<td class=\"number\">{}</td>", crate::screen::words::exact(bytes.as_u64().unwrap()));
        assert!(line.split_once("</tr>").unwrap().0.contains(&cell), "{category}");
    }
    let (_, table) = page.split_once("<section id=\"tensors\">").unwrap();
    let (table, segments) = table.split_once("<section id=\"priors\">").unwrap();
    for tensor in report["tensors"].as_array().unwrap() {
        let label = label(tensor, "name");
        assert!(table.contains(&label), "{label}");
        assert!(segments.contains(&format!("<summary><span class=\"name\">{label}")), "{label}");
    }
    for prior in ["uniform", "gaussian", "laplace", "mixture", "codebook", "pruned"] {
        assert!(segments.contains(&format!("<th scope=\"col\" class=\"number\">{prior}</th>")), "{prior}");
    }
    let page = render(&series(6, 40));
    for index in 1..=6 {
        assert!(page.contains(&format!("checkpoints/<wbr>step-00{index}000.<wbr>safetensors")));
    }
    assert_eq!(page.matches("class=\"background\"").count(), 34);
}

/// Checks the percentages of the stacked bars and of the waterfall.
#[test]
fn bars_add_up() {
    for report in [network(200, 0.0), tiny()] {
        let page = render(&report);
        for bar in page.split("<div class=\"stacked\"").skip(1) {
            let (bar, _) = bar.split_once("</div>").unwrap();
            let widths =
                bar.split("width:").skip(1).map(|rest| rest.split('%').next().unwrap().parse::<f64>().unwrap());
            let sum: f64 = widths.sum();
            assert!((sum - 100.0).abs() < 0.02, "{sum}");
        }
    }
    {
        // each step starts where the one before it ended, and the last ends at the file
        let page = render(&network(200, 0.0));
        let (_, steps) = page.split_once("<div class=\"waterfall\">").unwrap();
        let (steps, _) = steps.split_once("</table>").unwrap();
        let number = |text: &str| text.split('%').next().unwrap().parse::<f64>().unwrap();
        let spans: Vec<(f64, f64)> = steps
            .split("margin-left:")
            .skip(1)
            .map(|rest| (number(rest), number(rest) + number(rest.split_once("width:").unwrap().1)))
            .collect();
        assert_eq!(spans.len(), 9);
        let near = |a: f64, b: f64| assert!((a - b).abs() < 0.03, "{spans:?}");
        near(spans[0].0, 0.0);
        near(spans[1].0, spans[0].1);
        near(spans[2].1, spans[1].1);
        near(spans[3].1, spans[2].0);
        near(spans[3].0, spans[0].1);
        for pair in spans[3..8].windows(2) {
            near(pair[1].0, pair[0].1);
        }
        near(spans[7].1, spans[8].1);
    }
}

#[test]
fn missing_values_are_dashes() {
    let page = render(&without_values(&network(3, 0.0)));
    assert!(!page.contains("null") && !page.contains("NaN") && !page.contains("inf%"));
    assert!(page.contains("<span class=\"value\">\u{2013}</span>"));
    // values of other types anywhere
    for odd in [
        json!("x"),
        json!(-1),
        json!(1e308),
        json!(-1e308),
        json!([[]]),
        json!({ "a": {} }),
        json!(true),
        json!(u64::MAX),
    ] {
        let mut report = network(3, 0.0);
        spoil(&mut report, &odd, 3);
        let page = render(&report);
        assert!(!page.contains("NaN") && !page.contains("inf%"), "{odd}");
        let mut report = series(2, 3);
        spoil(&mut report, &odd, 4);
        render(&report);
        render(&json!({ "series": odd, "tensors": odd }));
    }
}

/// Replaces all values at `depth`, and all values without members, by `odd`.
fn spoil(value: &mut Value, odd: &Value, depth: u32) {
    match value {
        Value::Object(members) if depth > 0 => members.values_mut().for_each(|value| spoil(value, odd, depth - 1)),
        Value::Array(items) if depth > 0 => items.iter_mut().for_each(|item| spoil(item, odd, depth - 1)),
        other => *other = odd.clone(),
    }
}

#[test]
fn a_page_shows_the_figures() {
    let report = tiny();
    let page = render(&report);
    for text in ["277\u{a0}bytes", "scalar", "0.1136", "0.0712", "Not vacuous", "60,000"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!render(&network(3, 0.0)).contains("vacuous"));
}
