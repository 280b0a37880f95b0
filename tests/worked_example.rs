//! The worked example of the specification shows real bytes and real values.

use tersor::Reader;

const PAGE: &str = include_str!("../spec/worked-example.md");

/// The bytes of the dump: lines of an offset, bytes, and their meaning after two spaces more.
fn dump() -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in PAGE.lines().filter_map(|line| line.strip_prefix("    ")) {
        let Some((offset, rest)) = line.split_once("  ") else { continue };
        if offset.len() != 4 || !offset.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            continue;
        }
        assert_eq!(usize::from_str_radix(offset, 16).unwrap(), bytes.len(), "the offset of {line:?}");
        let pairs = rest.split("  ").next().unwrap_or("").split(' ');
        bytes.extend(pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("bytes of {line:?}"))));
    }
    bytes
}

/// The values of the tensor at the top of the page.
fn values() -> Vec<f32> {
    let (_, rest) = PAGE.split_once("shape 4 x 10:\n\n").expect("the tensor");
    let (rows, _) = rest.split_once("\n\n").expect("an end of the tensor");
    rows.split_whitespace().map(|value| value.parse().unwrap()).collect()
}

#[test]
fn the_bytes_are_a_container_of_the_values() {
    let reader = Reader::new(dump()).unwrap();
    let tensor = reader.tensor("w").unwrap();
    assert_eq!((tensor.dtype().name(), tensor.shape()), ("BF16", &[4, 10][..]));
    let bytes: Vec<u8> = values().iter().flat_map(|value| ((value.to_bits() >> 16) as u16).to_le_bytes()).collect();
    assert_eq!(tensor.decode().unwrap(), bytes);
}

#[test]
fn the_bytes_are_those_of_the_vector() {
    assert_eq!(dump(), include_bytes!("../spec/vectors/good/s08-9-worked.tersor"));
}
