//! The test vectors of `spec/vectors/`: one file for each section of the specification, with its good and bad vectors.

pub mod bad;
pub mod bases;
pub mod build;
pub mod good;
pub mod groups;
pub mod made;
pub mod s01_conventions;
pub mod s02_layout;
pub mod s03_2_levels;
pub mod s03_header;
pub mod s04_frames;
pub mod s05_manifest;
pub mod s06_segments;
pub mod s08_2_class_fields;
pub mod s08_3_contexts;
pub mod s08_4_unpack;
pub mod s08_5_mask;
pub mod s08_6_codebook;
pub mod s08_7_grid;
pub mod s08_8_templates;
pub mod s08_9_worked;
pub mod s08_fields;
pub mod s09_tables;
pub mod s10_lanes;
pub mod s11_bits;
pub mod s12_2_mixed_field;
pub mod s12_3_mixed_mask;
pub mod s12_4_mixed_kept;
pub mod s13_index;
pub mod s14_footer;
pub mod s16_reject;
pub mod series;
pub mod zeros;

use std::collections::BTreeMap;

use crate::vectors::bad::{Bad, List};
use crate::vectors::good::Vector;

/// Returns the files of `spec/vectors/` by path, except `README.md`.
pub fn all() -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut insert = |path: String, bytes: Vec<u8>| {
        let twice = files.insert(path.clone(), bytes);
        assert!(twice.is_none(), "two vectors are named {path}");
    };
    for vector in good() {
        let mut parts = vector.parts();
        vector.check(&mut parts);
        insert(format!("good/{}.tersor", vector.name), parts.assemble());
        insert(format!("good/{}.json", vector.name), vector.describe().into_bytes());
        if let Some(content) = vector.content() {
            insert(format!("good/{}.bin", vector.name), content);
        }
    }
    let bad = bad();
    let lines: Vec<String> = bad.iter().map(|bad| format!("  {:?}: {}", bad.name(), bad.describe())).collect();
    for bad in bad {
        insert(format!("bad/{}.tersor", bad.name()), bad.bytes);
    }
    insert("bad.json".to_owned(), format!("{{\n{}\n}}\n", lines.join(",\n")).into_bytes());
    files
}

/// Returns the good vectors.
pub fn good() -> Vec<Vector> {
    let mut all = Vec::new();
    s01_conventions::good(&mut all);
    s03_header::good(&mut all);
    s03_2_levels::good(&mut all);
    s04_frames::good(&mut all);
    s05_manifest::good(&mut all);
    s06_segments::good(&mut all);
    s08_fields::good(&mut all);
    s08_2_class_fields::good(&mut all);
    s08_3_contexts::good(&mut all);
    s08_4_unpack::good(&mut all);
    s08_5_mask::good(&mut all);
    s08_6_codebook::good(&mut all);
    s08_7_grid::good(&mut all);
    s08_8_templates::good(&mut all);
    s08_9_worked::good(&mut all);
    s09_tables::good(&mut all);
    s10_lanes::good(&mut all);
    s11_bits::good(&mut all);
    s12_2_mixed_field::good(&mut all);
    s12_3_mixed_mask::good(&mut all);
    s12_4_mixed_kept::good(&mut all);
    all
}

fn bad() -> Vec<Bad> {
    let mut list = List::default();
    s01_conventions::bad(&mut list);
    s02_layout::bad(&mut list);
    s03_header::bad(&mut list);
    s03_2_levels::bad(&mut list);
    s04_frames::bad(&mut list);
    s05_manifest::bad(&mut list);
    s06_segments::bad(&mut list);
    s08_fields::bad(&mut list);
    s08_2_class_fields::bad(&mut list);
    s08_3_contexts::bad(&mut list);
    s08_4_unpack::bad(&mut list);
    s08_5_mask::bad(&mut list);
    groups::bad(&mut list);
    s08_6_codebook::bad(&mut list);
    s08_7_grid::bad(&mut list);
    s08_8_templates::bad(&mut list);
    s09_tables::bad(&mut list);
    s10_lanes::bad(&mut list);
    s11_bits::bad(&mut list);
    s12_2_mixed_field::bad(&mut list);
    s12_3_mixed_mask::bad(&mut list);
    s12_4_mixed_kept::bad(&mut list);
    s13_index::bad(&mut list);
    s14_footer::bad(&mut list);
    s16_reject::bad(&mut list);
    list.all
}
