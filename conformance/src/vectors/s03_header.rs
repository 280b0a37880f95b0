//! Section 3: the header.

use crate::vectors::bad::{CORRUPT, Kinds, List, TRUNCATED, UNSUPPORTED};
use crate::vectors::bases::one;
use crate::wire::frame::{MAGIC, VERSION, header};

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    header_rules(list);
}

pub(crate) fn header_rules(list: &mut List) {
    list.section = "3";
    let base = one();
    let new = |list: &mut List, name: &str, kinds: Kinds, breaks: &str, bytes: Vec<u8>| {
        list.change(&base, name, kinds, breaks, |parts| parts.header = bytes);
    };
    for at in [0, 1, 4, 7] {
        let mut magic = MAGIC;
        magic[at] ^= 0x80;
        new(list, &format!("magic-{at}"), CORRUPT, "the magic", header(&magic, VERSION, 0, 0, 0));
    }
    new(list, "major-version", UNSUPPORTED, "the major version", header(&MAGIC, [1, 4], 0, 0, 0));
    new(list, "minor-version-newer", UNSUPPORTED, "the minor version", header(&MAGIC, [0, 5], 0, 0, 0));
    new(list, "minor-version-older", UNSUPPORTED, "the minor version", header(&MAGIC, [0, 3], 0, 0, 0));
    let mut spoiled = header(&MAGIC, [0, 5], 0, 0, 0);
    spoiled[23] ^= 1;
    new(list, "version-before-checksum", UNSUPPORTED, "the version and then the checksum", spoiled);
    new(list, "reserved-field", CORRUPT, "the reserved field", header(&MAGIC, VERSION, 1, 0, 0));
    new(list, "critical-feature-0", UNSUPPORTED, "a critical feature", header(&MAGIC, VERSION, 0, 1, 0));
    new(list, "critical-feature-31", UNSUPPORTED, "a critical feature", header(&MAGIC, VERSION, 0, 1 << 31, 0));
    let mut spoiled = header(&MAGIC, VERSION, 0, 1, 0);
    spoiled[20] ^= 1;
    new(list, "checksum-before-features", CORRUPT, "the header's checksum", spoiled);
    let mut optional = header(&MAGIC, VERSION, 0, 0, 0);
    optional[16] ^= 1;
    new(list, "header-checksum", CORRUPT, "the header's checksum", optional);
    let whole = base.parts().assemble();
    list.section = "16";
    for (name, len) in
        [("in-magic", 3), ("after-magic", 8), ("in-header", 23), ("after-header", 24), ("in-manifest", 40)]
    {
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..len].to_vec());
    }
    list.add("nothing", TRUNCATED, "there is nothing", vec![]);
    for (name, missing) in [("last-byte", 1), ("footer", 32), ("footer-and-a-byte", 33)] {
        list.add(&format!("cut-{name}"), TRUNCATED, "the end is missing", whole[..whole.len() - missing].to_vec());
    }
}
