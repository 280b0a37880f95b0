//! Gives the shared library the name under which programs find it.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // before version 1 each minor version can change the interface
    let interface = version.rsplit_once('.').map_or("0", |(interface, _)| interface);
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("macos") => {
            println!("cargo::rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libtersor.{interface}.dylib");
        }
        Ok("windows") | Err(_) => {}
        Ok(_) => println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libtersor.so.{interface}"),
    }
}
