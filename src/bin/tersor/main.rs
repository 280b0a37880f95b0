//! The command `tersor`.
fn main() {}
