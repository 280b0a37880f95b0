//! Section 16: what a decoder must reject. Here: containers that end too early.

use crate::encoder::container::Representation;
use crate::vectors::bad::{List, TRUNCATED};
use crate::vectors::bases::one;
use crate::vectors::build::{segment, tensor};
use crate::vectors::good::Vector;

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    list.begin("16.1");
    cut_near_the_ends(list);
    cut_in_a_segment(list);
}

/// Returns the rule that makes a container truncated if only `len` bytes are left of it.
fn rule_of_cut(len: usize) -> &'static str {
    match len {
        ..24 => "R3-9",
        24..56 => "R14-6",
        _ => "R16.1-3",
    }
}

fn cut_near_the_ends(list: &mut List) {
    let whole = one().parts().assemble();
    for (name, len) in
        [("in-magic", 3), ("after-magic", 8), ("in-header", 23), ("after-header", 24), ("in-manifest", 40)]
    {
        list.rule(rule_of_cut(len));
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..len].to_vec());
    }
    list.rule(rule_of_cut(0));
    list.add("nothing", TRUNCATED, "there is nothing", vec![]);
    for (name, missing) in [("last-byte", 1), ("footer", 32), ("footer-and-a-byte", 33)] {
        let len = whole.len() - missing;
        list.rule(rule_of_cut(len));
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..len].to_vec());
    }
}

fn cut_in_a_segment(list: &mut List) {
    let entries = vec![tensor("weight", "U8", &[4], vec![1, 2, 3, 4])];
    let whole = Vector::new("", "", entries, vec![segment(&[0], 4, Representation::Raw)]).parts().assemble();
    // bytes 47..68 are the prelude of the segment, and bytes 128..132 its body
    assert_eq!((whole[47], &whole[68..128], &whole[128..132]), (2, &[0; 60][..], &[1, 2, 3, 4][..]));
    for (name, len) in [
        ("after-the-kind-of-a-segment", 48),
        ("in-the-head-of-a-segment", 60),
        ("in-the-checksum-of-a-segment", 66),
        ("before-padding", 68),
        ("in-padding", 100),
        ("before-a-body", 128),
        ("in-a-body", 130),
        ("after-a-body", 132),
    ] {
        list.rule(rule_of_cut(len));
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..len].to_vec());
    }
}
