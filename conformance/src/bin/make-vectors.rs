//! Makes the files of `spec/vectors/` anew: `cargo run -p conformance`.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    // this may panic, and then the old files stay
    let files = conformance::all();
    for folder in ["good", "bad"] {
        // a vector that is no longer made must not stay
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
