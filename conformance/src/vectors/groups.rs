//! Rules for groups of values, which codebooks (section 8.6) and grids (section 8.7) have in common.

use crate::encoder::codebook::Codebook;
use crate::encoder::steps::{Map, Steps};
use crate::encoder::unpack::Unpack;
use crate::vectors::bad::{CORRUPT, List};
use crate::vectors::zeros::{Zeros, codebook_of_zeros, grid_of_zeros, nothing_kept, zeros_after};

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    group_rules(list);
}

/// Returns steps with groups of this block and this period.
pub(crate) type OfGroups = dyn Fn(u64, u64) -> Steps;

pub(crate) fn group_rules(list: &mut List) {
    let zeros = Zeros { dtype: "F32", shapes: &[&[1000]], chunk_len: 300 };
    let single = Zeros { chunk_len: 1 << 22, ..zeros };
    let steps: [(&str, &str, [&str; 3], &OfGroups); 2] = [
        ("codebook", "8.6", ["R8.6-1", "R8.6-2", "R8.6-3"], &|block, period| {
            nothing_kept(Map::Codebook(codebook_of_zeros(block, period, 1, 0)))
        }),
        // for grids, one rule refers to the three rules for codebooks
        ("grid", "8.7", ["R8.7-2"; 3], &|block, period| nothing_kept(Map::Grid(grid_of_zeros(block, period, 1, 0, 0)))),
    ];
    for (kind, section, [bounds, too_many, cut], steps) in steps {
        list.begin(section);
        zeros.accepts(&zeros_after(steps(10, 10), 1));
        single.accepts(&zeros_after(steps(4, 1 << 20), 1));
        single.accepts(&zeros_after(steps(7, 9), 1));
        for (name, rule, breaks, zeros, (block, period)) in [
            ("period-0", bounds, "a period of 0", single, (0, 0)),
            ("period-0-of-blocks", bounds, "a period of 0", single, (10, 0)),
            ("period-2-to-the-20-and-1", bounds, "a period above 2^20", single, (1, (1 << 20) + 1)),
            ("period-2-to-the-20-and-1-of-the-segment", bounds, "a period above 2^20", single, (0, (1 << 20) + 1)),
            ("period-longer-than-the-segment", too_many, "more groups than values", single, (0, 1001)),
            ("period-2-to-the-63", bounds, "a period above 2^20", single, (2, 1 << 63)),
            ("block-2-to-the-22-and-1", bounds, "a block above 2^22", single, ((1 << 22) + 1, 1)),
            ("block-2-to-the-63", bounds, "a block above 2^22", single, (1 << 63, 2)),
            ("groups-above-2-to-the-22", bounds, "blocks and period of more than 2^22 values", single, (5, 1 << 20)),
            ("groups-of-2-to-the-42", bounds, "blocks and period of more than 2^22 values", single, (1 << 22, 1 << 20)),
            ("chunks-cut-blocks", cut, "a chunk length that blocks do not divide", zeros, (7, 1)),
            ("chunks-cut-groups", cut, "a chunk length that blocks and period do not divide", zeros, (20, 30)),
        ] {
            list.rule(rule);
            list.zeros(&format!("{kind}-{name}"), CORRUPT, breaks, &zeros, &zeros_after(steps(block, period), 1));
        }
    }
    // the chunk length counts words, but the size of a block counts values
    list.begin("8.6");
    list.rule("R8.6-3");
    let unpacked = |block: u64| {
        let map = Map::Codebook(Codebook { value_bits: 4, ..codebook_of_zeros(block, 1, 1, 0) });
        zeros_after(Steps { unpack: Some(Unpack { value_bits: 4, run_words: 1, axis: 0 }), ..nothing_kept(map) }, 1)
    };
    let words = Zeros { dtype: "I32", ..zeros };
    words.accepts(&unpacked(800));
    list.zeros(
        "codebook-chunks-of-unpacked-cut-blocks",
        CORRUPT,
        "a chunk length that blocks do not divide",
        &words,
        &unpacked(700),
    );
}
