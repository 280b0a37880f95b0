//! The header is the one that cbindgen makes from the sources.

use std::path::Path;

/// With the environment variable `TERSOR_WRITE_HEADER` the header is written instead of compared.
#[test]
fn the_header_declares_the_functions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("include/tersor.h");
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    let mut made = Vec::new();
    cbindgen::generate_with_config(folder, config).unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    if std::env::var_os("TERSOR_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
    assert!(
        found == made,
        "include/tersor.h is old: run `TERSOR_WRITE_HEADER=1 cargo test -p tersor-capi --test header`"
    );
}
