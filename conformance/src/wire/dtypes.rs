//! The table of dtypes (section 5.1).

/// For each dtype: its code, its name, the bits of an element, and the bits of a word (section 5.1).
pub const DTYPES: [(u8, &str, u32, u32); 22] = [
    (0, "BOOL", 8, 8),
    (1, "U8", 8, 8),
    (2, "I8", 8, 8),
    (3, "U16", 16, 16),
    (4, "I16", 16, 16),
    (5, "U32", 32, 32),
    (6, "I32", 32, 32),
    (7, "U64", 64, 64),
    (8, "I64", 64, 64),
    (9, "F16", 16, 16),
    (10, "BF16", 16, 16),
    (11, "F32", 32, 32),
    (12, "F64", 64, 64),
    (13, "C64", 64, 32),
    (14, "F8_E4M3", 8, 8),
    (15, "F8_E5M2", 8, 8),
    (16, "F8_E8M0", 8, 8),
    (17, "F8_E4M3FNUZ", 8, 8),
    (18, "F8_E5M2FNUZ", 8, 8),
    (19, "F6_E2M3", 6, 6),
    (20, "F6_E3M2", 6, 6),
    (21, "F4", 4, 4),
];

/// Returns the code of a dtype.
pub fn dtype(name: &str) -> u8 {
    DTYPES.iter().find(|row| row.1 == name).expect("a dtype").0
}

pub fn dtype_name(code: u8) -> &'static str {
    DTYPES[usize::from(code)].1
}
