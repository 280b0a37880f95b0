//! Writes all files of `spec/vectors/` again: `cargo run -p conformance --example make-vectors`.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    // this comes first: if it panics, the old files stay as they are
    let files = conformance::all();
    for folder in ["good", "bad"] {
        // deletes the old files, because some vectors may no longer exist
        if root.join(folder).exists() {
            fs::remove_dir_all(root.join(folder))?;
        }
        fs::create_dir_all(root.join(folder))?;
    }
    for (path, bytes) in &files {
        fs::write(root.join(path), bytes)?;
    }
    println!("{} files, {} bytes", files.len(), files.values().map(Vec::len).sum::<usize>());
    Ok(())
}
