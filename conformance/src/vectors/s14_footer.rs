//! Section 14: the footer.

use crate::vectors::bad::{ASTRAY, CORRUPT, ELSEWHERE, List, TRUNCATED};
use crate::vectors::bases::one;
use crate::vectors::good::Vector;

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    footer_rules(list);
}

pub(crate) fn footer_rules(list: &mut List) {
    list.begin("14");
    let base = one();
    macro_rules! edit {
        ($name:expr, $kinds:expr, $breaks:expr, $edit:expr) => {
            list.change(&base, $name, $kinds, $breaks, |parts| parts.edit_footer = Box::new($edit))
        };
    }
    list.rule("R14-1");
    edit!("footer-magic", TRUNCATED, "the footer's magic", |footer| footer.magic[3] ^= 1);
    list.rule("R14-5");
    edit!("footer-magic-before-checksum", TRUNCATED, "the footer's magic, and its checksum", |footer| {
        (footer.magic[0], footer.checksum) = (0, 1);
    });
    list.rule("R14-2");
    edit!("footer-checksum", CORRUPT, "the footer's checksum", |footer| footer.checksum = 1 << 31);
    list.rule("R14-3");
    edit!("file-length-longer", CORRUPT, "a file length of a byte more", |footer| footer.total += 1);
    edit!("file-length-shorter", CORRUPT, "a file length of a byte less", |footer| footer.total -= 1);
    list.rule("R14-4");
    edit!("index-offset", CORRUPT, "an index a byte earlier", |footer| footer.offset -= 1);
    edit!("index-length", CORRUPT, "an index of a byte more", |footer| footer.len += 1);
    list.rule("R14-7");
    edit!("index-longer-by-what-is-before", ELSEWHERE, "an index that begins a byte earlier", |footer| {
        (footer.offset, footer.len) = (footer.offset - 1, footer.len + 1);
    });
    list.rule("R14-4");
    edit!("index-in-header", CORRUPT, "an index that begins in the header", |footer| {
        (footer.offset, footer.len) = (0, footer.offset + footer.len);
    });
    edit!("index-overflow", CORRUPT, "an index whose end overflows", |footer| {
        footer.len = footer.len.wrapping_add(footer.offset).wrapping_sub(u64::MAX - 3);
        footer.offset = u64::MAX - 3;
    });
    list.rule("R14-7");
    edit!("index-empty", CORRUPT, "an index of no bytes", |footer| {
        (footer.offset, footer.len) = (footer.offset + footer.len, 0);
    });
    let appended = [Some("truncated"), Some("corrupt")];
    list.rule("R15-4");
    list.change(&base, "byte-after-the-end", appended, "a byte after the footer", |parts| parts.tail = vec![0]);
    let again = base.parts().assemble();
    list.change(&base, "container-after-the-end", CORRUPT, "a second container after the first", |parts| {
        parts.tail = again;
    });
    list.rule("R14-7");
    list.change(&base, "index-and-a-byte", ASTRAY, "a byte between the index and the footer", |parts| {
        parts.after_index = vec![0];
    });
    let empty = Vector::new("", "", vec![], vec![]);
    list.change(&empty, "index-is-a-manifest", ASTRAY, "a footer that points to a manifest", |parts| {
        parts.no_index = true;
        // the manifest lies between the header and the footer
        parts.edit_footer = Box::new(|footer| (footer.offset, footer.len) = (24, footer.offset - 24));
    });
    list.rule("R15-4");
    let footer = again_footer(&base);
    list.change(&base, "footer-twice", CORRUPT, "the footer twice", |parts| parts.tail = footer);
}

pub(crate) fn again_footer(base: &Vector) -> Vec<u8> {
    let whole = base.parts().assemble();
    whole[whole.len() - 32..].to_vec()
}
