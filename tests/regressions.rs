//! Runs the fuzz targets on inputs that once failed, and on the test vectors.
//!
//! The files of `tests/regressions/TARGET/` are inputs of that target. They were found with checksums disabled, and
//! only reach the code that failed if checksums are disabled again: `RUSTFLAGS="--cfg fuzzing" cargo test --features
//! internals --test regressions`.

mod support;
#[path = "support/targets.rs"]
mod targets;

use std::path::Path;

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn what_once_failed_no_longer_fails() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/regressions");
    let mut ran = 0;
    for folder in files(&root).into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let (_, run) = targets::ALL.into_iter().find(|(target, _)| *target == name).expect("the name of a target");
        for path in files(&folder) {
            println!("{}", path.display());
            run(&std::fs::read(path).unwrap());
            ran += 1;
        }
    }
    assert!(ran > 0);
}

#[test]
fn vectors_pass_every_target() {
    for folder in ["good", "bad"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/vectors").join(folder);
        for path in files(&folder) {
            println!("{}", path.display());
            let bytes = std::fs::read(path).unwrap();
            targets::ALL.into_iter().for_each(|(_, run)| run(&bytes));
        }
    }
}
