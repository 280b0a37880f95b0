//! Files at URLs.

use super::support::Folder;

#[cfg(not(feature = "remote"))]
#[test]
fn a_program_without_urls_says_so() {
    let folder = Folder::new();
    for verb in ["list", "inspect", "verify", "decode"] {
        folder.refuses(
            &[verb, "https://example.org/model.tersor"],
            2,
            &["without support for URLs", "feature `remote`"],
        );
    }
}

#[cfg(feature = "remote")]
#[path = "../../../tersor-remote/tests/server/mod.rs"]
#[allow(dead_code)]
mod server;

#[cfg(feature = "remote")]
mod with_urls {
    use std::time::Duration;

    use super::server::{Fault, Server};
    use super::*;

    #[test]
    fn every_reading_verb_takes_a_url() {
        let folder = Folder::with_container();
        let server = Server::start(folder.read("model.tersor"), Duration::from_millis(5), None);
        let url = &*server.url();
        let same = |args: &[&str]| {
            let at = |name: &str| {
                let args: Vec<&str> = args.iter().map(|&arg| if arg == "@" { name } else { arg }).collect();
                folder.run(&args).succeeds().stdout
            };
            assert!(at(url) == at("model.tersor"), "{args:?}");
        };
        same(&["list", "@"]);
        let inspected = folder.run(&["inspect", url, "--json"]).succeeds().json();
        let local = folder.run(&["inspect", "model.tersor", "--json"]).succeeds().json();
        assert_eq!(inspected["tensors"].as_array().unwrap().len(), local["tensors"].as_array().unwrap().len());
        folder.run(&["inspect", url]).succeeds();
        folder.run(&["verify", url, "--against", "model.safetensors"]).succeeds();
        let name = local["tensors"][0]["name"].as_str().unwrap();
        for (file, place) in [("a.safetensors", url), ("b.safetensors", "model.tersor")] {
            folder.run(&["extract", place, name, "-o", file]).succeeds();
        }
        assert!(folder.read("a.safetensors") == folder.read("b.safetensors"));
        folder.run(&["decode", url, "-o", "back.safetensors"]).succeeds();
        assert!(folder.read("back.safetensors") == folder.read("model.safetensors"));
        // without a name, the file comes to the current folder under the name that it had
        let other = Folder::new();
        other.run(&["decode", url]).succeeds();
        assert!(other.read("model.safetensors") == folder.read("model.safetensors"));
    }

    #[test]
    fn faults_leave_no_file() {
        let folder = Folder::with_container();
        let server = Server::start(folder.read("model.tersor"), Duration::ZERO, None);
        server.fail(Fault::Status(404), u32::MAX);
        folder.refuses(&["decode", &server.url(), "-o", "back.safetensors"], 2, &["no such file"]);
        server.fail(Fault::WrongBytes, u32::MAX);
        folder.refuses(&["decode", &server.url(), "-o", "back.safetensors"], 1, &[]);
    }
}
