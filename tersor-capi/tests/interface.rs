//! The functions as C calls them.

mod support;

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use support::*;
use tempfile::TempDir;
use tersor_capi::*;

const VALUES: [f32; 6] = [1.0, -2.5, 3.0, 4.0, 5.0, f32::NEG_INFINITY];

fn bytes_of(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Writes a small file: metadata, an F32 tensor of shape [3, 2], a BF16 one and one of larger size.
fn written(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("model.tersor");
    let mut writer = create(&path, false).unwrap();
    let added = tersor_writer_add_metadata(Some(&mut writer), input(b"task"), 4, input("naïve".as_bytes()), 6);
    assert_eq!(added, Status::Ok);
    assert_eq!(add(&mut writer, "a", Dtype::F32, &[3, 2], &bytes_of(&VALUES)), Status::Ok);
    assert_eq!(add(&mut writer, "b\0é", Dtype::BF16, &[2], &[0x80, 0x3f, 0, 0x40]), Status::Ok);
    let many: Vec<f32> = (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32).collect();
    assert_eq!(add(&mut writer, "large", Dtype::F32, &[2000, 100], &bytes_of(&many)), Status::Ok);
    assert!(!path.exists());
    let mut summary = Summary { raw_bytes: 0, coded_bytes: 0, weights: 0 };
    assert_eq!(tersor_writer_finish(Some(&mut writer), output(&mut summary)), Status::Ok);
    assert_eq!((summary.raw_bytes, summary.weights), (24 + 4 + 800_000, 6 + 2 + 200_000));
    assert_eq!(summary.coded_bytes, path.metadata().unwrap().len());
    assert_eq!(tersor_writer_finish(Some(&mut writer), null_output()), Status::InvalidArgument);
    tersor_writer_free(Some(writer));
    path
}

fn check_content(reader: &Reader) {
    let mut count = 0;
    assert_eq!(tersor_tensor_count(Some(reader), output(&mut count)), Status::Ok);
    assert_eq!(count, 3);
    let index = find(reader, "a").unwrap();
    let mut info = std::mem::MaybeUninit::uninit();
    // SAFETY: the place is large enough.
    let place = unsafe { Output::new(info.as_mut_ptr()) };
    assert_eq!(tersor_tensor_describe(Some(reader), index, place), Status::Ok);
    // SAFETY: it was written.
    let info: TensorInfo = unsafe { info.assume_init() };
    assert_eq!((lent(info.name, info.name_len), info.dtype, info.rank), ("a".to_owned(), Dtype::F32, 2));
    // SAFETY: the reader is open.
    assert_eq!(unsafe { std::slice::from_raw_parts(info.shape, 2) }, [3, 2]);
    assert_eq!((info.element_count, info.byte_len), (6, 24));

    let mut bytes = [0; 24];
    assert_eq!(tersor_decode(Some(reader), index, None, buffer(&mut bytes), 24), Status::Ok);
    assert_eq!(bytes[..], bytes_of(&VALUES));
    let rows = Rows { start: 1, end: 3 };
    assert_eq!(tersor_decode(Some(reader), index, Some(&rows), buffer(&mut bytes), 16), Status::Ok);
    assert_eq!(bytes[..16], bytes_of(&VALUES[2..]));
    let mut doubles = [0.0; 6];
    assert_eq!(tersor_decode_f64(Some(reader), index, None, buffer(&mut doubles), 6), Status::Ok);
    assert_eq!(doubles, VALUES.map(f64::from));
    let mut floats = [0.0; 2];
    let brains = find(reader, "b\0é").unwrap();
    assert_eq!(tersor_decode_f32(Some(reader), brains, None, buffer(&mut floats), 2), Status::Ok);
    assert_eq!(floats, [1.0, 2.0]);
    assert_eq!(tersor_tensor_verify(Some(reader), brains), Status::Ok);

    let mut pair = std::mem::MaybeUninit::<Metadata>::uninit();
    // SAFETY: the place is large enough.
    let place = unsafe { Output::new(pair.as_mut_ptr()) };
    assert_eq!(tersor_metadata_count(Some(reader), output(&mut count)), Status::Ok);
    assert_eq!((count, tersor_metadata_at(Some(reader), 0, place)), (1, Status::Ok));
    assert_eq!(tersor_metadata_find(Some(reader), input(b"task"), 4, place), Status::Ok);
    // SAFETY: it was written.
    let pair = unsafe { pair.assume_init() };
    assert_eq!(lent(pair.key, pair.key_len) + " " + &lent(pair.value, pair.value_len), "task naïve");
    assert_eq!(tersor_metadata_at(Some(reader), 1, null_output()), Status::NotFound);
    assert_eq!(tersor_metadata_find(Some(reader), input(b"no"), 2, null_output()), Status::NotFound);
}

#[test]
fn every_way_to_open_gives_the_same_content() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder);
    let bytes = std::fs::read(&path).unwrap();
    let (content, len) = (input(&bytes), bytes.len());
    check_way_to_open(|place| with_path(&path, |path| tersor_open(path, None, place)));
    check_way_to_open(|place| with_path(&path, |path| tersor_open_map(path, None, place)));
    check_way_to_open(|place| tersor_open_memory(content, len, None, place));
    check_way_to_open(|place| tersor_open_copy(content, len, None, place));
}

fn check_way_to_open(open: impl Fn(Output<Option<Box<Reader>>>) -> Status) {
    let mut reader = None;
    assert_eq!(open(output(&mut reader)), Status::Ok);
    check_content(reader.as_deref().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| check_content(reader.as_deref().unwrap()));
        }
    });
    tersor_reader_free(reader);
    assert_eq!(open(null_output()), Status::InvalidArgument);
}

/// A source that counts its calls.
struct Counted {
    bytes: Vec<u8>,
    reads: AtomicU32,
    closed: AtomicU32,
    fails: bool,
}

impl Counted {
    fn source(&self) -> Source {
        let user_data = UserData::new(std::ptr::from_ref(self).cast_mut().cast::<c_void>());
        Source { user_data, len: self.bytes.len() as u64, read: Some(read), close: Some(close) }
    }

    fn of<'a>(user_data: UserData) -> &'a Self {
        // SAFETY: `source` makes the pointer, and each test keeps the value until the reader is freed.
        unsafe { &*user_data.pointer().cast::<Self>() }
    }
}

extern "C" fn read(user_data: UserData, offset: u64, out: Output<u8>, len: usize) -> i32 {
    let this = Counted::of(user_data);
    this.reads.fetch_add(1, Ordering::Relaxed);
    if this.fails {
        return 7;
    }
    // SAFETY: an output is a pointer to `len` bytes.
    let out = unsafe { std::slice::from_raw_parts_mut(out.pointer(), len) };
    out.copy_from_slice(&this.bytes[offset as usize..][..len]);
    0
}

extern "C" fn close(user_data: UserData) {
    Counted::of(user_data).closed.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_source_is_read_by_callbacks() {
    let folder = TempDir::new().unwrap();
    let bytes = std::fs::read(written(&folder)).unwrap();
    let mut counted = Counted { bytes, reads: AtomicU32::new(0), closed: AtomicU32::new(0), fails: false };
    let mut reader = None;
    assert_eq!(tersor_open_source(Some(&counted.source()), None, output(&mut reader)), Status::Ok);
    check_content(reader.as_deref().unwrap());
    assert_eq!(counted.closed.load(Ordering::Relaxed), 0);
    tersor_reader_free(reader);
    assert_eq!(counted.closed.swap(0, Ordering::Relaxed), 1);
    assert!(counted.reads.load(Ordering::Relaxed) > 2);

    counted.fails = true;
    let mut reader = None;
    assert_eq!(tersor_open_source(Some(&counted.source()), None, output(&mut reader)), Status::Io);
    assert!(reader.is_none() && message().contains("the callback read returned 7"), "{}", message());
    assert_eq!(counted.closed.load(Ordering::Relaxed), 1);
    let no_read = Source { read: None, ..counted.source() };
    assert_eq!(tersor_open_source(Some(&no_read), None, output(&mut reader)), Status::InvalidArgument);
    assert_eq!(tersor_open_source(None, None, output(&mut reader)), Status::InvalidArgument);
}

#[test]
fn an_error_has_a_message_a_kind_and_a_place() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder);
    assert_eq!(open(&folder.path().join("absent"), None).unwrap_err(), Status::Io);
    assert!(message().contains("absent") && tersor_last_error_status() == Status::Io, "{}", message());
    assert_eq!(tersor_last_error_offset(), u64::MAX);

    let mut bytes = std::fs::read(&path).unwrap();
    let len = bytes.len();
    bytes[len / 2] ^= 1;
    let mut reader = None;
    assert_eq!(tersor_open_memory(input(&bytes), len, None, output(&mut reader)), Status::Ok);
    let reader = reader.unwrap();
    let index = find(&reader, "large").unwrap();
    let mut out = vec![0; 800_000];
    assert_eq!(tersor_decode(Some(&reader), index, None, buffer(&mut out), out.len()), Status::Corrupt);
    assert!(tersor_last_error_offset() < len as u64);
    // SAFETY: the function returns a text.
    let tensor = unsafe { std::ffi::CStr::from_ptr(tersor_last_error_tensor()) };
    assert_eq!(tensor, c"large");
    // other threads have errors of their own
    std::thread::spawn(|| assert_eq!((tersor_last_error_status(), message()), (Status::Ok, String::new())))
        .join()
        .unwrap();
    tersor_reader_free(Some(reader));

    let mut reader = None;
    assert_eq!(tersor_open_memory(input(&bytes), len / 2, None, output(&mut reader)), Status::Truncated);
    assert_eq!(tersor_open_memory(input(&bytes), 10, None, output(&mut reader)), Status::Truncated);
    assert_eq!(tersor_open_memory(null_input(), 0, None, output(&mut reader)), Status::Truncated);
}

#[test]
fn null_and_wrong_sizes_are_errors() {
    let folder = TempDir::new().unwrap();
    let path = written(&folder);
    let reader = open(&path, None).unwrap();
    let (reader, mut out, mut count) = (Some(&*reader), [0u8; 24], 0usize);
    let invalid = Status::InvalidArgument;
    assert_eq!(tersor_open(null_text(), None, output(&mut None)), invalid);
    assert_eq!(message(), "path is NULL");
    assert_eq!(tersor_open_memory(null_input(), 5, None, output(&mut None)), invalid);
    assert_eq!(tersor_open_memory(input(&out), usize::MAX, None, output(&mut None)), invalid);
    assert_eq!(tersor_tensor_count(None, output(&mut count)), invalid);
    assert_eq!(tersor_tensor_count(reader, null_output()), invalid);
    assert_eq!(tersor_tensor_describe(None, 0, null_output()), invalid);
    assert_eq!(tersor_tensor_describe(reader, 0, null_output()), invalid);
    assert_eq!(tersor_tensor_find(reader, null_input(), 1, output(&mut count)), invalid);
    assert_eq!(tersor_tensor_find(reader, input(b"no"), 2, output(&mut count)), Status::NotFound);
    assert_eq!(tersor_decode(reader, 0, None, null_output(), 24), invalid);
    assert_eq!(tersor_decode(None, 0, None, buffer(&mut out), 24), invalid);
    for len in [0, 23, usize::MAX] {
        assert_eq!(tersor_decode(reader, 0, None, buffer(&mut out), len), invalid, "{len} bytes");
    }
    assert_eq!(tersor_decode(reader, 3, None, buffer(&mut out), 24), Status::NotFound);
    for (start, end) in [(0, 4), (2, 1), (u64::MAX, u64::MAX)] {
        let rows = Rows { start, end };
        assert_eq!(tersor_decode(reader, 0, Some(&rows), buffer(&mut out), 24), invalid, "{rows:?}");
    }
    // SAFETY: the function refuses a misaligned pointer.
    let misaligned = unsafe { Output::new(out.as_mut_ptr().wrapping_add(1 + out.as_ptr().addr() % 2).cast::<f32>()) };
    assert_eq!(tersor_decode_f32(reader, 0, None, misaligned, 5), invalid);
    assert_eq!(tersor_metadata_count(None, output(&mut count)), invalid);
    assert_eq!(tersor_writer_finish(None, null_output()), invalid);
    assert_eq!(with_path(&path, |path| tersor_writer_create(path, true, None, null_output())), invalid);
    assert_eq!(with_path(&path, |path| tersor_encode_file(path, null_text(), true, None, null_output())), invalid);
    tersor_reader_free(None);
    tersor_writer_free(None);
}

#[test]
fn limits_and_callbacks_stop_the_work() {
    extern "C" fn stop(_: UserData, _: u64) -> bool {
        false
    }
    let folder = TempDir::new().unwrap();
    let path = written(&folder);
    let mut options = tersor_decode_options_default();
    options.tensors = 2;
    assert_eq!(open(&path, Some(&options)).unwrap_err(), Status::Limit);
    options = tersor_decode_options_default();
    options.threads = 2;
    options.progress = Some(stop);
    let reader = open(&path, Some(&options)).unwrap();
    assert_eq!(tersor_tensor_verify(Some(&reader), 2), Status::Cancelled);
    let output = folder.path().join("new.tersor");
    for (level, profile) in [(0, 0), (10, 0), (6, 2)] {
        let options = EncodeOptions { level, profile, ..tersor_encode_options_default() };
        assert_eq!(encode_file(&path, &output, Some(&options)), Status::InvalidArgument);
    }
    let options = EncodeOptions { progress: Some(stop), threads: 1, ..tersor_encode_options_default() };
    assert_eq!(encode_file(&path, &output, Some(&options)), Status::Cancelled);
    assert!(files_of(&folder) == ["model.tersor"], "no temporary file is left");
}

fn encode_file(from: &Path, to: &Path, options: Option<&EncodeOptions>) -> Status {
    with_path(from, |from| with_path(to, |to| tersor_encode_file(from, to, false, options, null_output())))
}

fn decode_file(from: &Path, to: &Path, replace: bool) -> Status {
    with_path(from, |from| with_path(to, |to| tersor_decode_file(from, to, replace, None)))
}

fn files_of(folder: &TempDir) -> Vec<String> {
    let names =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn files_come_back_bit_for_bit() {
    let folder = TempDir::new().unwrap();
    let [original, coded, back] =
        ["x.safetensors", "x.tersor", "back.safetensors"].map(|name| folder.path().join(name));
    let tensor = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![3, 2], &[5; 24]).unwrap();
    let content = safetensors::serialize([("w", tensor)], None).unwrap();
    std::fs::write(&original, &content).unwrap();
    assert_eq!(encode_file(&original, &coded, None), Status::Ok);
    assert_eq!(decode_file(&coded, &back, false), Status::Ok);
    assert_eq!(std::fs::read(&back).unwrap(), content);
    assert_eq!(decode_file(&coded, &back, false), Status::Io, "the file exists");
    assert_eq!(decode_file(&coded, &back, true), Status::Ok);

    std::fs::write(&original, b"no safetensors").unwrap();
    assert!(encode_file(&original, &folder.path().join("bad.tersor"), None) != Status::Ok);
    let mut damaged = std::fs::read(&coded).unwrap();
    let len = damaged.len();
    damaged[len - 70] ^= 1;
    std::fs::write(&coded, damaged).unwrap();
    assert_eq!(decode_file(&coded, &folder.path().join("new"), false), Status::Corrupt);
    let tensors_only = written(&folder);
    assert_eq!(decode_file(&tensors_only, &folder.path().join("new"), false), Status::InvalidArgument);
    assert_eq!(files_of(&folder), ["back.safetensors", "model.tersor", "x.safetensors", "x.tersor"]);
}

#[test]
fn a_writer_that_fails_leaves_no_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("model.tersor");
    let mut writer = create(&path, false).unwrap();
    assert_eq!(add(&mut writer, "x", Dtype::F32, &[2], &[0; 7]), Status::InvalidArgument);
    assert!(message().contains("tensor x"), "{}", message());
    assert_eq!(add(&mut writer, "x", Dtype::F32, &[2], &[0; 8]), Status::Ok);
    assert_eq!(add(&mut writer, "x", Dtype::F32, &[2], &[0; 8]), Status::InvalidArgument);
    let name = [0xff];
    let shape = [1];
    let added = tersor_writer_add(Some(&mut writer), input(&name), 1, 1, input(&shape), 1, input(&[0u8]), 1);
    assert_eq!(added, Status::InvalidArgument);
    let added = tersor_writer_add(Some(&mut writer), input(b"y"), 1, 99, input(&shape), 1, input(&[0u8]), 1);
    assert_eq!(added, Status::InvalidArgument);
    let late = tersor_writer_add_metadata(Some(&mut writer), input(b"k"), 1, input(b"v"), 1);
    assert_eq!(late, Status::InvalidArgument);
    tersor_writer_free(Some(writer));
    assert!(files_of(&folder).is_empty());

    std::fs::write(&path, b"old").unwrap();
    assert_eq!(create(&path, false).unwrap_err(), Status::Io);
    let mut writer = create(&path, true).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(tersor_writer_finish(Some(&mut writer), null_output()), Status::Ok);
    assert!(open(&path, None).is_ok());
    assert_eq!(create(Path::new("/no/such/folder/x"), false).unwrap_err(), Status::Io);
}
