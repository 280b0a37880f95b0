//! Index and footer (sections 13 and 14).

/// The index before it is written (section 12).
#[derive(Clone, Default)]
pub struct Index {
    pub offset: u64,
    pub len: u64,
    pub inline: Option<Vec<u8>>,
    pub count: u64,
    pub gaps: Vec<u64>,
    pub preludes: Vec<u64>,
    pub bodies: Vec<u64>,
    /// Differences, as zigzags.
    pub segment_of: Vec<u64>,
    /// At the end of the table.
    pub table_rest: Vec<u8>,
    pub entry_digests: Vec<[u8; 16]>,
    pub file_digests: Vec<[u8; 32]>,
    /// At the end of the head.
    pub rest: Vec<u8>,
    /// Of a frame that must not have one.
    pub body: Vec<u8>,
}

/// The footer before it is written (section 13).
pub struct Footer {
    pub offset: u64,
    pub len: u64,
    pub total: u64,
    /// To be xored with.
    pub checksum: u32,
    pub magic: [u8; 4],
}
