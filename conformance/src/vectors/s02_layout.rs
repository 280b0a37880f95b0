//! Section 2: the order of frames.

use crate::encoder::container::Part;
use crate::vectors::bad::{CORRUPT, IN_ORDER, List};
use crate::vectors::bases::two;

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    order_rules(list);
}

pub(crate) fn order_rules(list: &mut List) {
    list.begin("2");
    list.rule("R2-2");
    let two = two();
    list.change(&two, "index-before-a-segment", IN_ORDER, "an index frame that is not the last", |parts| {
        let mut early = two.parts();
        early.parts.pop();
        let bytes = early.assemble();
        let start = early_index(&bytes);
        let index = bytes[start..bytes.len() - 32].to_vec();
        let last = parts.parts.pop().unwrap();
        parts.parts.push(Part::Verbatim { bytes: index });
        parts.parts.push(last);
    });
    list.change(&two, "no-index", [Some("corrupt"), Some("unsupported")], "no index frame", |parts| {
        parts.no_index = true;
    });
    list.rule("R2-3");
    list.change(&two, "no-manifest", CORRUPT, "segments without a manifest", |parts| {
        parts.parts.remove(0);
        parts.segment_of.clear();
        parts.entry_digests.clear();
    });
}

/// Returns the offset of the index, which it reads from the footer.
pub(crate) fn early_index(bytes: &[u8]) -> usize {
    let mut offset = [0; 8];
    offset.copy_from_slice(&bytes[bytes.len() - 32..][..8]);
    u64::from_le_bytes(offset) as usize
}
