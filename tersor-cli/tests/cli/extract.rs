//! Tensors and rows in other formats.

use crate::support::{Folder, model, safetensors, tensor_of};

/// Parses a .npy file independently: type, shape and data.
fn npy(file: &[u8]) -> (String, Vec<u64>, &[u8]) {
    assert_eq!(&file[..8], b"\x93NUMPY\x01\x00");
    let end = 10 + usize::from(u16::from_le_bytes([file[8], file[9]]));
    assert_eq!(end % 64, 0);
    let header = std::str::from_utf8(&file[10..end]).unwrap();
    assert!(header.ends_with('\n') && header.contains("'fortran_order': False"));
    let after = |key: &str| &header[header.find(key).unwrap() + key.len()..];
    let descr = after("'descr': '").split('\'').next().unwrap().to_owned();
    let shape = after("'shape': (").split(')').next().unwrap();
    let shape = shape.split(',').map(str::trim).filter(|text| !text.is_empty());
    (descr, shape.map(|text| text.parse().unwrap()).collect(), &file[end..])
}

#[test]
fn whole_tensors_as_npy() {
    let folder = Folder::with_container();
    let original = folder.read("model.safetensors");
    let cases: [(&str, &str, &[u64]); 6] = [
        ("layer.weight", "<f4", &[300, 64]),
        ("positions", "<i8", &[4, 6]),
        ("mask", "|b1", &[3, 5]),
        ("nothing", "<f4", &[0, 7]),
        ("scale", "<f4", &[]),
        ("tied.weight", "<f4", &[300, 64]),
    ];
    for (name, descr, shape) in cases {
        folder.run(&["extract", "model.tersor", name, "-o", "x.npy", "--force"]).succeeds();
        let file = folder.read("x.npy");
        assert_eq!(npy(&file), (descr.to_owned(), shape.to_vec(), &tensor_of(&original, name)[..]), "{name}");
    }
    let piped = folder.run(&["extract", "model.tersor", "scale", "-o", "-"]).succeeds().stdout;
    assert_eq!(npy(&piped).2, 0.125f32.to_le_bytes());
}

#[test]
fn rows() {
    let folder = Folder::with_container();
    let original = tensor_of(&folder.read("model.safetensors"), "layer.weight");
    for (rows, range) in [("7..19", 7..19), ("..3", 0..3), ("299..", 299..300), ("5..5", 5..5)] {
        let args = ["extract", "model.tersor", "layer.weight", "--rows", rows, "-o", "x.npy", "--force"];
        folder.run(&args).succeeds();
        let file = folder.read("x.npy");
        let (_, shape, data) = npy(&file);
        assert_eq!(shape, [range.end - range.start, 64]);
        assert!(data == &original[range.start as usize * 256..range.end as usize * 256], "{rows}");
    }
    let many = ["extract", "model.tersor", "layer.weight", "--rows", "7..301", "-o", "y.npy"];
    folder.refuses(&many, 2, &["rows 7..301 of 300", "layer.weight"]);
    folder.refuses(&["extract", "model.tersor", "scale", "--rows", "0..1", "-o", "y.npy"], 2, &["no rows"]);
    folder.refuses(&["extract", "model.tersor", "scale", "--rows", "3", "-o", "y.npy"], 2, &["A..B"]);
}

#[test]
fn conversions() {
    let folder = Folder::with_container();
    let original = folder.read("model.safetensors");
    let extract = |name: &str, dtype: &str, out: &str| {
        let run = folder.run(&["extract", "model.tersor", name, "--rows", "1..4", "--dtype", dtype, "-o", out]);
        run.succeeds();
        folder.read(out)
    };
    // bf16 is the upper half of f32
    let file = extract("embedding", "f32", "embedding.npy");
    let expected: Vec<u8> =
        tensor_of(&original, "embedding")[80..320].chunks_exact(2).flat_map(|two| [0, 0, two[0], two[1]]).collect();
    assert_eq!(npy(&file), ("<f4".to_owned(), vec![3, 40], &expected[..]));
    let file = extract("positions", "f16", "positions.npy");
    let expected: Vec<u8> =
        (6..24u16).flat_map(|value| half::f16::from_f32(f32::from(value * value)).to_le_bytes()).collect();
    assert_eq!(npy(&file), ("<f2".to_owned(), vec![3, 6], &expected[..]));
    let file = extract("layer.weight", "bf16", "weight.safetensors");
    let parsed = safetensors::SafeTensors::deserialize(&file).unwrap();
    let tensor = parsed.tensor("layer.weight").unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (safetensors::Dtype::BF16, &[3, 64][..]));
}

#[test]
fn safetensors_keep_every_dtype() {
    let folder = Folder::with_container();
    folder.run(&["extract", "model.tersor", "embedding", "-o", "x.safetensors"]).succeeds();
    let file = folder.read("x.safetensors");
    let parsed = safetensors::SafeTensors::deserialize(&file).unwrap();
    assert_eq!(parsed.tensor("embedding").unwrap().shape(), [500, 40]);
    assert!(parsed.tensor("embedding").unwrap().data() == tensor_of(&folder.read("model.safetensors"), "embedding"));
}

#[test]
fn impossible_requests() {
    let folder = Folder::with_container();
    let bf16 = ["extract", "model.tersor", "embedding", "-o", "x.npy"];
    folder.refuses(&bf16, 2, &["BF16", "--dtype f32", ".safetensors"]);
    let unknown = ["extract", "model.tersor", "layer.wait", "-o", "x.npy"];
    folder.refuses(&unknown, 2, &["no tensor named layer.wait", "tersor inspect"]);
    let close = ["extract", "model.tersor", "LAYER", "-o", "x.npy"];
    folder.refuses(&close, 2, &["layer.weight, layer.bias"]);
    folder.refuses(&["extract", "model.tersor", "scale", "-o", "x.csv"], 2, &[".npy or .safetensors"]);
    folder.write("x.npy", b"mine");
    folder.refuses(&["extract", "model.tersor", "scale", "-o", "x.npy"], 2, &["exists", "--force"]);
    folder.refuses(&["extract", "model.safetensors", "scale", "-o", "y.npy"], 1, &["safetensors", "tersor encode"]);
}

#[test]
fn a_name_in_several_files() {
    let folder = Folder::new();
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.write("net/b.safetensors", &model(2));
    folder.write("net/c.safetensors", &safetensors(&[], &[("own", "U8", &[1], vec![5])]));
    folder.write("net/config.json", b"{}");
    folder.run(&["encode", "net"]).succeeds();
    let of = |file: &str, out: &str| {
        folder.run(&["extract", "net.tersor", "layer.bias", "--file", file, "-o", out]).succeeds();
        let extracted = folder.read(out);
        assert_eq!(npy(&extracted).2, tensor_of(&folder.read(&format!("net/{file}")), "layer.bias"));
    };
    of("a.safetensors", "a.npy");
    of("b.safetensors", "b.npy");
    let run = folder.refuses(
        &["extract", "net.tersor", "layer.bias", "-o", "x.npy"],
        2,
        &["layer.bias", "in a.safetensors, b.safetensors:", "--file"],
    );
    assert!(!run.stderr.contains("c.safetensors"));
    folder.run(&["extract", "net.tersor", "own", "-o", "own.npy"]).succeeds();
    let wrong = ["extract", "net.tersor", "own", "--file", "a.safetensors", "-o", "x.npy"];
    folder.refuses(&wrong, 2, &["no tensor named own in a.safetensors"]);
    let wrong = ["extract", "net.tersor", "own", "--file", "d.safetensors", "-o", "x.npy"];
    folder.refuses(&wrong, 2, &["no file named d.safetensors"]);
    folder.refuses(&["extract", "net.tersor", "", "--file", "config.json", "-o", "x.npy"], 2, &["no tensor"]);
}

#[test]
fn several_tensors_go_to_one_file() {
    let folder = Folder::with_container();
    let original = folder.read("model.safetensors");
    let extract = |names: &[&str], more: &[&str]| {
        let args = [&["extract", "model.tersor"], names, &["-o", "x.safetensors", "--force"], more].concat();
        folder.run(&args).succeeds();
        folder.read("x.safetensors")
    };
    let found = |file: &[u8]| -> Vec<String> {
        let parsed = safetensors::SafeTensors::deserialize(file).unwrap();
        for (name, tensor) in parsed.tensors() {
            assert!(tensor.data() == tensor_of(&original, &name), "{name}");
        }
        let mut names: Vec<String> = parsed.names().into_iter().map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(found(&extract(&["scale", "mask", "layer.weight"], &[])), ["layer.weight", "mask", "scale"]);
    assert_eq!(found(&extract(&["layer.*", "*.weight"], &[])), ["layer.bias", "layer.weight", "tied.weight"]);
    assert_eq!(found(&extract(&["*"], &[])).len(), 8);
    let rows = extract(&["*.weight"], &["--rows", "2..4"]);
    let rows = safetensors::SafeTensors::deserialize(&rows).unwrap();
    for (name, tensor) in rows.tensors() {
        assert!(tensor.shape() == [2, 64] && tensor.data() == &tensor_of(&original, &name)[512..1024], "{name}");
    }
    folder.refuses(&["extract", "model.tersor", "*.weight", "-o", "y.npy"], 2, &["2 tensors", ".safetensors"]);
    folder.refuses(&["extract", "model.tersor", "a*z", "scale", "-o", "y.safetensors"], 2, &["no tensor named a*z"]);
    folder.refuses(
        &["extract", "model.tersor", "*.bias", "sc*", "--rows", "0..1", "-o", "y.safetensors"],
        2,
        &["no rows", "scale"],
    );
    folder.make_folder("net");
    folder.write("net/a.safetensors", &model(1));
    folder.write("net/b.safetensors", &model(2));
    folder.run(&["encode", "net"]).succeeds();
    folder.refuses(
        &["extract", "net.tersor", "*.bias", "-o", "y.safetensors"],
        2,
        &["several", "layer.bias", "--file"],
    );
    let args = ["extract", "net.tersor", "*.bias", "--file", "b.safetensors", "-o", "y.safetensors"];
    folder.run(&args).succeeds();
    assert!(tensor_of(&folder.read("y.safetensors"), "layer.bias") == tensor_of(&model(2), "layer.bias"));
}
