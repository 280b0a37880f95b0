//! Index and footer (sections 13 and 14).

/// The parts of an index (section 13).
#[derive(Clone, Default)]
pub struct Index {
    pub offset: u64,
    pub len: u64,
    pub inline: Option<Vec<u8>>,
    pub count: u64,
    pub gaps: Vec<u64>,
    pub preludes: Vec<u64>,
    pub bodies: Vec<u64>,
    /// The differences between segment numbers, as zigzags.
    pub segment_of: Vec<u64>,
    /// Bytes after the end of the table.
    pub table_rest: Vec<u8>,
    pub entry_digests: Vec<[u8; 16]>,
    pub file_digests: Vec<[u8; 32]>,
    /// Bytes after the end of the head.
    pub rest: Vec<u8>,
    /// The body of the frame. A valid index has none.
    pub body: Vec<u8>,
}

/// The fields of a footer (section 14).
pub struct Footer {
    pub offset: u64,
    pub len: u64,
    pub total: u64,
    /// The written checksum is the right one xor this number, so 0 leaves it right.
    pub checksum: u32,
    pub magic: [u8; 4],
}
