//! `tersor verify`

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use tersor::{
    DecodeOptions, Error, ErrorKind, Escaped, FileInfo, FileOutput, Map, Reader, StreamDecoder, decode_files,
};

use crate::Outcome;
use crate::args::{Shared, VerifyArgs};
use crate::bar::Bar;
use crate::compare::{Comparison, Difference};
use crate::failure::{Failure, shown};
use crate::input::{Originals, map_container};
use crate::ordered::Ordered;
use crate::output::print;
use crate::words::{Done, exact, hex, say};

/// Checks all there is to check.
pub fn run(args: &VerifyArgs, shared: &Shared) -> Outcome {
    let start = Instant::now();
    let map = map_container(&args.file)?;
    let originals = args.against.as_deref().map(Originals::open).transpose()?;
    let bar = Bar::new(shared.quiet);
    let mut options = DecodeOptions::default().with_limits(shared.max_decoded);
    if let Some(threads) = args.threads {
        options = options.with_threads(threads);
    }
    let checked = check(&args.file, &map, &options, &bar, originals.as_ref());
    drop(bar);
    let verdict = checked.as_ref().map_err(Failure::message).and_then(|found| match found.differences.first() {
        None => Ok(()),
        Some(_) => Err("it differs from the originals"),
    });
    if args.json {
        let object = to_json(args, &map, checked.as_ref(), verdict.err());
        printed(&format!("{object:#}\n"))?;
    } else if let Ok(found) = &checked {
        printed(&to_text(args, &map, found))?;
    }
    let found = checked?;
    let done = Done {
        raw_bytes: found.raw_bytes,
        coded_bytes: map.as_ref().len() as u64,
        weights: Some(found.weights),
        time: start.elapsed(),
    };
    match (found.differences.first(), &args.against) {
        (Some(difference), Some(against)) => {
            let more = match found.differences.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let what = format!("not what {} holds: {difference}{more}", shown(against));
            Err(Failure::bad_data(&args.file, what, "if the original is right, encode it again"))
        }
        _ => {
            say(shared.quiet, &done.line(&shown(&args.file), true));
            Ok(())
        }
    }
}

/// A closed pipe must not hide the verdict.
fn printed(text: &str) -> Outcome {
    match print(text) {
        Err(failure) if failure.is_quiet() => Ok(()),
        other => other,
    }
}

/// What was found, all of it right but for the differences.
struct Found {
    files: Vec<FileInfo>,
    differences: Vec<Difference>,
    tensors: u64,
    weights: u64,
    raw_bytes: u64,
    ledger_sum: u64,
}

fn check(path: &Path, map: &Map, options: &DecodeOptions, bar: &Bar, originals: Option<&Originals>) -> Outcome<Found> {
    let failed = |error: Error| Failure::container(path, &error);
    let corrupt = |what: String| failed(Error::corrupt(what).in_section("index"));
    let decoding = options.clone().with_progress(bar.progress());
    let mut hashes = Hashes { bar, ordered: None, comparison: originals.map(Comparison::new), failure: None };
    let files = match decode_files(map.as_ref(), &mut hashes, decoding.clone()) {
        Ok(files) => files,
        Err(error) if hashes.ordered.is_none() && error.kind() == ErrorKind::InvalidArgument => {
            if originals.is_some() {
                let what = "this container holds tensors and no files, so that there are no bytes to compare";
                return Err(Failure::wrong_use(path, what, "leave --against out"));
            }
            let mut stream = StreamDecoder::new(map.as_ref(), decoding).map_err(failed)?;
            while stream.next_part().map_err(failed)?.is_some() {}
            Vec::new()
        }
        Err(error) => return Err(hashes.failure.take().unwrap_or_else(|| failed(error))),
    };
    let (digests, differences) = hashes.finish().map_err(|error| Failure::writing(path, &error))?;
    for (file, digest) in files.iter().zip(&digests) {
        if file.digest.as_ref() != Some(digest.as_bytes()) {
            return Err(corrupt(format!("the digest of file {} does not match", Escaped(&file.name))));
        }
    }
    // the other way in: by the index
    let reader = Reader::with_options(map, options.clone()).map_err(failed)?;
    for tensor in reader.tensors() {
        if reader.tensor(tensor.name()).is_none() {
            return Err(corrupt(format!("tensor {} cannot be found", Escaped(tensor.name()))));
        }
    }
    // loads and checks every segment
    let ledger_sum = reader.ledger().map_err(failed)?.bytes();
    if ledger_sum != reader.file_len() {
        let what = format!("{ledger_sum} bytes accounted for, the file has {}", reader.file_len());
        return Err(corrupt(what));
    }
    if !reader.files().eq(files.iter().cloned()) {
        return Err(corrupt("the files are not those of the frames".to_owned()));
    }
    Ok(Found {
        differences,
        tensors: reader.tensors().count() as u64,
        weights: reader.tensors().map(|tensor| tensor.element_count()).sum(),
        raw_bytes: match &files[..] {
            [] => reader.tensors().map(|tensor| tensor.byte_len()).sum(),
            files => files.iter().map(|file| file.len).sum(),
        },
        files,
        ledger_sum,
    })
}

/// Hashes each file in its order, and compares it with its original.
struct Hashes<'a> {
    bar: &'a Bar,
    /// `None` until the files are known.
    ordered: Option<Ordered<blake3::Hasher>>,
    comparison: Option<Comparison<'a>>,
    failure: Option<Failure>,
}

impl Hashes<'_> {
    fn finish(self) -> std::io::Result<(Vec<blake3::Hash>, Vec<Difference>)> {
        let hashers = self.ordered.map_or_else(|| Ok(Vec::new()), Ordered::finish)?;
        let differences = self.comparison.map_or_else(Vec::new, Comparison::finish);
        Ok((hashers.iter().map(blake3::Hasher::finalize).collect(), differences))
    }
}

impl FileOutput for Hashes<'_> {
    fn begin(&mut self, files: &[FileInfo]) -> tersor::Result<()> {
        self.bar.set_total(files.iter().map(|file| file.len).sum());
        self.ordered = Some(Ordered::new(files.iter().map(|_| blake3::Hasher::new())));
        if let Some(comparison) = &mut self.comparison {
            comparison.begin(files);
        }
        Ok(())
    }

    fn write_at(&mut self, file: usize, offset: u64, bytes: &[u8]) -> tersor::Result<()> {
        if let Some(comparison) = &mut self.comparison {
            comparison.compare_at(file, offset, bytes);
        }
        let Some(ordered) = &mut self.ordered else { return Ok(()) };
        ordered.write_at(file, offset, bytes).map_err(|error| {
            self.failure = Some(Failure::writing(&std::env::temp_dir(), &error));
            Error::cancelled()
        })
    }
}

fn to_json(args: &VerifyArgs, map: &Map, checked: Result<&Found, &Failure>, error: Option<&str>) -> Value {
    let mut object = json!({
        "file": args.file.to_string_lossy(),
        "bytes": map.as_ref().len(),
        "ok": error.is_none(),
        "error": error,
    });
    if let Ok(found) = checked {
        let digest = |file: &FileInfo| file.digest.map(|digest| hex(&digest));
        let files = found.files.iter();
        let files = files.map(|file| json!({ "name": file.name, "bytes": file.len, "blake3": digest(file) }));
        object["files"] = files.collect();
        object["tensors"] = found.tensors.into();
        object["weights"] = found.weights.into();
        object["raw_bytes"] = found.raw_bytes.into();
        object["ledger_sum"] = found.ledger_sum.into();
        if let Some(against) = &args.against {
            object["against"] = json!({
                "path": against.to_string_lossy(),
                "same": found.differences.is_empty(),
                "differences": found.differences.iter().map(Difference::to_json).collect::<Vec<_>>(),
            });
        }
    }
    object
}

fn to_text(args: &VerifyArgs, map: &Map, found: &Found) -> String {
    let count = |number: u64, what: &str| match number {
        1 => format!("1 {what}"),
        number => format!("{} {what}s", exact(number)),
    };
    let mut text = format!(
        "{}: sound: {}, {}, {} bytes; checksums, digests, index\n",
        shown(&args.file),
        count(found.tensors, "tensor"),
        count(found.files.len() as u64, "file"),
        exact(map.as_ref().len() as u64)
    );
    for file in &found.files {
        let digest = file.digest.map_or_else(String::new, |digest| hex(&digest));
        text += &format!("  BLAKE3 {digest}  {} ({} bytes)\n", Escaped(&file.name), exact(file.len));
    }
    if let Some(against) = &args.against {
        let against = shown(against);
        match &found.differences[..] {
            [] => text += &format!("  the same bytes as {against}\n"),
            differences => {
                text += &format!("  NOT the same as {against}:\n");
                differences.iter().for_each(|difference| text += &format!("    {difference}\n"));
            }
        }
    }
    text
}
