//! Section 13: the index.

use crate::encoder::container::{Item, Part, Representation};
use crate::vectors::bad::{CORRUPT, ELSEWHERE, IN_ORDER, List};
use crate::vectors::bases::{one, two, with_files};
use crate::vectors::build::{segment, tensor};
use crate::vectors::good::Vector;
use crate::wire::manifest::{Manifest, Packing};
use crate::wire::primitives::zigzag;

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    index_rules(list);
}

pub(crate) fn index_rules(list: &mut List) {
    list.begin("13");
    let (one, two, files) = (one(), two(), with_files());
    macro_rules! edit {
        ($base:expr, $name:expr, $kinds:expr, $breaks:expr, $edit:expr) => {
            list.change(&$base, $name, $kinds, $breaks, |parts| parts.edit_index = Box::new($edit))
        };
    }
    list.rule("R13-1");
    let content = one.parts().manifest().content();
    let inline = content.clone();
    edit!(one, "inline-though-one-manifest", IN_ORDER, "manifest offset 0 with one manifest frame", move |index| {
        (index.offset, index.len, index.inline) = (0, 0, Some(inline.clone()));
    });
    let inline = content;
    edit!(one, "length-without-offset", CORRUPT, "a manifest length without an offset", move |index| {
        (index.offset, index.inline) = (0, Some(inline.clone()));
    });
    list.change(&two, "offset-though-two-manifests", IN_ORDER, "a manifest offset with two manifest frames", |parts| {
        let manifest = Manifest::default();
        parts.parts.push(Part::Manifest { manifest, packing: Packing::Plain, body: vec![] });
        // 9 bytes besides the content: kind, two lengths, the two lengths of the packed block, and the checksum
        let (offset, length) = (24, 9 + parts.manifest().content().len() as u64);
        parts.edit_index = Box::new(move |index| (index.offset, index.len, index.inline) = (offset, length, None));
    });
    list.rule("R13-2");
    edit!(one, "manifest-offset-in-header", CORRUPT, "a manifest in the header", |index| index.offset = 23);
    list.rule("R13-1");
    edit!(one, "manifest-offset-later", ELSEWHERE, "a manifest offset a byte later", |index| index.offset += 1);
    list.rule("R13-2");
    edit!(one, "manifest-longer", CORRUPT, "a manifest length of a byte more", |index| index.len += 1);
    edit!(one, "manifest-shorter", CORRUPT, "a manifest length of a byte less", |index| index.len -= 1);
    edit!(one, "manifest-of-length-0", CORRUPT, "a manifest of length 0", |index| index.len = 0);
    edit!(one, "manifest-beyond-the-file", CORRUPT, "a manifest beyond the file", |index| index.offset = 1 << 40);
    list.rule("R16.2-3");
    edit!(one, "manifest-overflow", CORRUPT, "a manifest whose end overflows", |index| {
        (index.offset, index.len) = (u64::MAX - 5, 100);
    });
    list.rule("R13-2");
    edit!(one, "manifest-is-a-segment", CORRUPT, "a manifest offset that points to a segment", |index| {
        (index.offset, index.len) = (index.offset + index.len, index.preludes[0]);
    });
    // with two manifests, so that the index has a copy of them
    let several = || {
        let mut vector = Vector::new("", "", one.entries.clone(), vec![]);
        vector.entries.push(tensor("y", "U8", &[0], vec![]));
        vector.items = vec![Item::Manifest(1), segment(&[0], 4, Representation::Raw), Item::Manifest(1)];
        vector
    };
    list.rule("R15-2");
    edit!(several(), "copy-of-another-name", IN_ORDER, "a copy of the manifests with another name", |index| {
        let copy = index.inline.as_mut().unwrap();
        *copy.last_mut().unwrap() = b'z';
    });
    list.rule("R5-1");
    edit!(several(), "copy-with-a-byte", CORRUPT, "a copy of the manifests with a byte more", |index| {
        index.inline.as_mut().unwrap().push(0);
    });
    list.rule("R15-2");
    edit!(several(), "copy-with-metadata", IN_ORDER, "a copy of the manifests with metadata of its own", |index| {
        let copy = index.inline.as_mut().unwrap();
        *copy = [&[1, 1, b'k', 1, b'v'], &copy[1..]].concat();
    });
    list.rule("R13-3");
    edit!(one, "segment-count-0", CORRUPT, "a table without the segment", |index| {
        index.count = 0;
        (index.gaps, index.preludes, index.bodies) = (vec![], vec![], vec![]);
    });
    edit!(one, "segment-count-above-entries", CORRUPT, "more segments than entries", |index| {
        index.count = 2;
        for column in [&mut index.gaps, &mut index.preludes, &mut index.bodies] {
            column.push(0);
        }
    });
    edit!(one, "segment-count-beyond-the-table", CORRUPT, "2^60 segments in a few bytes", |index| index.count =
        1 << 60);
    edit!(two, "segment-without-entry", CORRUPT, "a segment that no entry is in", |index| index.segment_of =
        vec![0, 0]);
    list.rule("R13-5");
    edit!(one, "segment-minus-1", CORRUPT, "an entry in segment -1", |index| index.segment_of = vec![zigzag(-1)]);
    edit!(one, "segment-beyond-the-last", CORRUPT, "an entry in segment 1 of 1", |index| index.segment_of =
        vec![zigzag(1)]);
    edit!(two, "segment-wraps", CORRUPT, "a segment number that is right only after it wraps", |index| {
        // the numbers are 2^32 and 1; integers of 32 bits wrap the first one to 0
        index.segment_of = vec![zigzag(1 << 32), zigzag(1 - (1 << 32))];
    });
    list.rule("R13-8");
    edit!(two, "segments-swapped", CORRUPT, "entries in each other's segments", |index| {
        index.segment_of = vec![zigzag(1), zigzag(-1)];
    });
    list.rule("R15-2");
    edit!(one, "gap-longer", ELSEWHERE, "a gap of a byte more", |index| index.gaps[0] += 1);
    edit!(one, "gap-shorter", ELSEWHERE, "a gap of a byte less", |index| index.gaps[0] -= 1);
    list.rule("R13-4");
    edit!(one, "gap-beyond-the-file", CORRUPT, "a gap beyond the file", |index| index.gaps[0] = 1 << 40);
    list.rule("R16.2-3");
    edit!(one, "gap-overflow", CORRUPT, "a gap that overflows", |index| index.gaps[0] = u64::MAX);
    list.rule("R13-8");
    edit!(one, "prelude-longer", CORRUPT, "a prelude length of a byte more", |index| index.preludes[0] += 1);
    edit!(one, "prelude-shorter", CORRUPT, "a prelude length of a byte less", |index| index.preludes[0] -= 1);
    edit!(one, "prelude-of-0", CORRUPT, "a prelude length of 0", |index| index.preludes[0] = 0);
    edit!(two, "body-length-longer", CORRUPT, "a body length of a byte more", |index| index.bodies[0] += 1);
    edit!(two, "body-length-shorter", CORRUPT, "a body length of a byte less", |index| index.bodies[0] -= 1);
    edit!(one, "body-length-without-padding", CORRUPT, "a body length without the padding", |index| index.bodies[0] =
        4);
    edit!(two, "segment-in-a-gap", CORRUPT, "a segment that the index leaves out", |index| {
        index.count = 1;
        for column in [&mut index.gaps, &mut index.preludes, &mut index.bodies] {
            column.pop();
        }
        index.segment_of = vec![0, 0];
    });
    list.rule("R13-7");
    edit!(one, "table-with-a-byte", CORRUPT, "a byte at the end of the table", |index| index.table_rest = vec![0]);
    list.rule("R16.1-3");
    edit!(one, "segment-of-entry-missing", CORRUPT, "no segment for an entry", |index| index.segment_of.clear());
    edit!(one, "entry-digest-missing", CORRUPT, "no digest of an entry", |index| index.entry_digests.clear());
    list.rule("R13-7");
    edit!(one, "entry-digest-too-many", CORRUPT, "a digest too many", |index| index.entry_digests.push([0; 16]));
    edit!(one, "file-digest-too-many", CORRUPT, "a file digest too many", |index| index.file_digests.push([0; 32]));
    edit!(one, "index-with-a-byte", CORRUPT, "a byte at the end of the index", |index| index.rest = vec![0]);
    list.rule("R13-9");
    edit!(one, "entry-digest", CORRUPT, "a digest that is not the entry's", |index| index.entry_digests[0][15] ^= 1);
    list.rule("R15-3");
    edit!(files, "file-digest", IN_ORDER, "a digest that is not the file's", |index| index.file_digests[0][31] ^= 1);
    list.rule("R16.1-3");
    edit!(files, "file-digest-missing", CORRUPT, "no digest of a file", |index| index.file_digests.truncate(1));
}
