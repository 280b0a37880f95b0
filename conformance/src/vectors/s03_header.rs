//! Section 3: the header, and critical features (3.1).

use crate::encoder::coding::{Coding, bits, field};
use crate::encoder::container::Representation;
use crate::encoder::fields::Fields;
use crate::encoder::mixed_kept::MixedKept;
use crate::encoder::source::Source;
use crate::encoder::steps::Steps;
use crate::vectors::bad::{CORRUPT, Kinds, List, UNSUPPORTED};
use crate::vectors::bases::{one, under};
use crate::vectors::build::{fields, mask, segment, tensor};
use crate::vectors::good::Vector;
use crate::vectors::s12_2_mixed_field::mixed;
use crate::vectors::s12_3_mixed_mask::mixed_mask;
use crate::wire::frame::{Header, MAGIC, MIXING, VERSION};

/// Adds the good vectors.
pub(crate) fn good(all: &mut Vec<Vector>) {
    let entries = vec![tensor("x", "U8", &[4], vec![1, 2, 3, 4])];
    let items = vec![segment(&[0], 4, fields(0, &[field(8, bits(false, 30))]))];
    let mut unused = Vector::new("s03-1-mixing-unused", "the feature MIXING, which no segment uses", entries, items);
    unused.header.critical = MIXING;
    all.push(unused);
}

/// Adds the bad vectors.
pub(crate) fn bad(list: &mut List) {
    header_rules(list);
    feature_rules(list);
}

fn header_rules(list: &mut List) {
    list.begin("3");
    let mut new = |rule: &'static str, name: &str, kinds: Kinds, breaks: &str, header: Header| {
        list.rule(rule);
        list.change(&one(), name, kinds, breaks, |parts| parts.header = header);
    };
    let plain = Header::PLAIN;
    for at in [0, 1, 4, 7] {
        let mut magic = MAGIC;
        magic[at] ^= 0x80;
        new("R3-1", &format!("magic-{at}"), CORRUPT, "the magic", Header { magic, ..plain });
    }
    for (name, version) in [
        ("major-version", [1, VERSION[1]]),
        ("minor-version-newer", [0, VERSION[1] + 1]),
        ("minor-version-older", [0, VERSION[1] - 1]),
    ] {
        new("R3-2", name, UNSUPPORTED, "the version", Header { version, ..plain });
    }
    new("R3-3", "header-checksum", CORRUPT, "the checksum of the header", Header { spoil: 1 << 24, ..plain });
    new("R3-4", "reserved-byte-1", CORRUPT, "the reserved byte", Header { reserved: 1, ..plain });
    new("R3-4", "reserved-byte-128", CORRUPT, "the reserved byte", Header { reserved: 128, ..plain });
    for level in [0, 3, 255] {
        let name = format!("decoder-level-{level}");
        new("R3-5", &name, UNSUPPORTED, "a decoder level that there is not", Header { level, ..plain });
    }
    for (bit, level) in [(1, 2), (31, 2), (1, 1)] {
        let name = format!("critical-feature-{bit}-at-level-{level}");
        let header = Header { critical: 1 << bit, level, ..plain };
        new("R3-6", &name, UNSUPPORTED, "a critical feature that there is not", header);
    }
    // two rules are broken: the first in the order of R3-8 decides the kind of the error
    let other_version = Header { version: [0, VERSION[1] + 1], ..plain };
    for (name, kinds, breaks, header) in [
        (
            "version-before-checksum",
            UNSUPPORTED,
            "the version, and then the checksum",
            Header { spoil: 1, ..other_version },
        ),
        (
            "checksum-before-level",
            CORRUPT,
            "the checksum, and then the decoder level",
            Header { spoil: 1, level: 3, ..plain },
        ),
        (
            "checksum-before-features",
            CORRUPT,
            "the checksum, and then a feature",
            Header { spoil: 1, critical: 2, ..plain },
        ),
        (
            "reserved-before-level",
            CORRUPT,
            "the reserved byte, and then the decoder level",
            Header { reserved: 1, level: 3, ..plain },
        ),
        (
            "reserved-before-features",
            CORRUPT,
            "the reserved byte, and then a feature",
            Header { reserved: 1, critical: 2, ..plain },
        ),
        (
            "features-before-mixing",
            UNSUPPORTED,
            "a feature, and then MIXING at level 1",
            Header { critical: 3, level: 1, ..plain },
        ),
    ] {
        new("R3-8", name, kinds, breaks, header);
    }
}

fn feature_rules(list: &mut List) {
    list.begin("3.1");
    list.rule("R3-10");
    let at_level_1 = Header { critical: MIXING, level: 1, ..Header::PLAIN };
    list.change(&one(), "mixing-at-level-1", CORRUPT, "MIXING at decoder level 1", |parts| parts.header = at_level_1);
    list.rule("R3-11");
    let symbols: Vec<u16> = (0..100).map(|i| (i * i) & 0x7f).collect();
    let behind_mask = |of_mask: Coding, of_field: Coding| {
        let steps = Steps { mask: mask(0, 1, 1, of_mask), ..Steps::default() };
        let fields = Fields { steps, ..Fields::of(0, &[field(8, of_field)]) };
        let bytes: Vec<u8> = symbols.iter().map(|&symbol| symbol as u8).collect();
        let item = segment(&[0], 100, Representation::Fields(fields));
        Vector::new("", "", vec![tensor("x", "U8", &[100], bytes)], vec![item])
    };
    let kept = MixedKept { kind: 0, fraction: 2, base: 0, row: 10, kernel: 1, escape_each: 0 };
    for (name, breaks, base) in [
        (
            "mixed-field-without-the-feature",
            "a mixed field, though MIXING is not claimed",
            under(&symbols, Coding::MixedField { source: Source::Nothing, mixed: mixed(1, 2) }),
        ),
        (
            "mixed-mask-without-the-feature",
            "a mixed mask, though MIXING is not claimed",
            behind_mask(mixed_mask(10, 1), Coding::Raw),
        ),
        (
            "mixed-kept-without-the-feature",
            "mixed kept values, though MIXING is not claimed",
            behind_mask(bits(true, 100), Coding::MixedKept(kept)),
        ),
    ] {
        base.check(&mut base.parts());
        list.refuse(&base, name, CORRUPT, breaks, |parts| parts.header = Header::PLAIN);
        list.refuse(&base, &format!("{name}-at-level-1"), CORRUPT, breaks, |parts| {
            parts.header = Header { level: 1, ..Header::PLAIN };
        });
    }
}
