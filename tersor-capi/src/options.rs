//! Options for decoding and encoding.

use std::ops::ControlFlow;
use std::time::Duration;

use tersor::{Error, Limits, Progress, Result};

use crate::pointers::UserData;

/// A callback that receives the number of bytes that were coded since its last call. It returns `false` to stop the
/// work, which then fails with `TERSOR_STATUS_CANCELLED`. It is called from several threads at the same time, and must
/// not leave by an exception or `longjmp`.
pub type ProgressCallback = Option<extern "C" fn(user_data: UserData, bytes: u64) -> bool>;

/// Options for decoding. Fill it by `tersor_decode_options_default`, then change fields. The limits bound what a file
/// may ask for; `UINT64_MAX` is no limit.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct DecodeOptions {
    /// The number of threads; 0 is one for each core. With 1 all work is done on the calling thread.
    pub threads: usize,
    /// Decoded bytes of all tensors and files together; 64 GiB by default.
    pub total_bytes: u64,
    /// Decoded bytes of one tensor, after a conversion too; 16 GiB by default.
    pub tensor_bytes: u64,
    /// Number of tensors and file contents; 2^20 by default.
    pub tensors: u64,
    /// Bytes of a name; 4096 by default.
    pub name_bytes: u64,
    /// Bytes of the manifest, of the index and of the heads of segments in memory; 256 MiB each by default.
    pub head_bytes: u64,
    /// Estimated time in milliseconds that one core takes to decode all that a reader uses; 10 minutes by default.
    pub work_milliseconds: u64,
    /// Memory that a thread takes to decode a chunk, beside the chunk itself; 128 MiB by default.
    pub scratch_bytes: u64,
    /// Decoded bytes that a reader keeps for tensors that share them; 64 MiB by default. It refuses no file.
    pub cache_bytes: u64,
    /// The progress callback, or NULL.
    pub progress: ProgressCallback,
    /// Passed to the progress callback.
    pub progress_data: UserData,
}

/// Returns the default options for decoding, which suit files from strangers.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_decode_options_default() -> DecodeOptions {
    let limits = Limits::default();
    DecodeOptions {
        threads: 0,
        total_bytes: limits.total_bytes,
        tensor_bytes: limits.tensor_bytes,
        tensors: limits.tensors,
        name_bytes: limits.name_bytes,
        head_bytes: limits.head_bytes,
        work_milliseconds: u64::try_from(limits.work.as_millis()).unwrap_or(u64::MAX),
        scratch_bytes: limits.scratch_bytes,
        cache_bytes: limits.cache_bytes,
        progress: None,
        progress_data: UserData::NULL,
    }
}

impl DecodeOptions {
    /// Returns the options of the library; for NULL the defaults.
    pub(crate) fn of(options: Option<&Self>) -> tersor::DecodeOptions {
        let Some(this) = options else { return tersor::DecodeOptions::default() };
        let work = match this.work_milliseconds {
            u64::MAX => Duration::MAX,
            milliseconds => Duration::from_millis(milliseconds),
        };
        let limits = Limits::default()
            .with_total_bytes(this.total_bytes)
            .with_tensor_bytes(this.tensor_bytes)
            .with_tensors(this.tensors)
            .with_name_bytes(this.name_bytes)
            .with_head_bytes(this.head_bytes)
            .with_work(work)
            .with_scratch_bytes(this.scratch_bytes)
            .with_cache_bytes(this.cache_bytes);
        let options = tersor::DecodeOptions::default().with_limits(limits);
        let options = options.with_progress(progress(this.progress, this.progress_data));
        if this.threads > 0 { options.with_threads(this.threads) } else { options }
    }
}

/// The decoders that a file is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Profile {
    /// All decoders of this version of the format.
    Default = 0,
    /// Also decoders on a GPU or a small device. Files are a little larger.
    Gpu = 1,
}

/// Options for encoding. Fill it by `tersor_encode_options_default`, then change fields.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct EncodeOptions {
    /// From 1, the fastest, to 9, the smallest files; 6 by default.
    pub level: u32,
    /// A `tersor_profile`.
    pub profile: u32,
    /// The number of threads; 0 is one for each core. With 1 all work is done on the calling thread.
    pub threads: usize,
    /// The coded bytes that a chunk aims at, from 4096 to 2^30; 0 is the default of the level.
    pub chunk_bytes: u64,
    /// The progress callback, or NULL.
    pub progress: ProgressCallback,
    /// Passed to the progress callback.
    pub progress_data: UserData,
}

/// Returns the default options for encoding.
#[unsafe(no_mangle)]
pub extern "C" fn tersor_encode_options_default() -> EncodeOptions {
    let profile = Profile::Default as u32;
    EncodeOptions { level: 6, profile, threads: 0, chunk_bytes: 0, progress: None, progress_data: UserData::NULL }
}

impl EncodeOptions {
    /// Returns the options of the library; for NULL the defaults.
    pub(crate) fn of(options: Option<&Self>) -> Result<tersor::EncodeOptions> {
        let Some(this) = options else { return Ok(tersor::EncodeOptions::default()) };
        let level = u8::try_from(this.level).ok().filter(|level| (1..=9).contains(level));
        let level = level.ok_or_else(|| Error::invalid(format!("level {} is not within 1 to 9", this.level)))?;
        let profile = match this.profile {
            code if code == Profile::Default as u32 => tersor::Profile::Default,
            code if code == Profile::Gpu as u32 => tersor::Profile::Gpu,
            code => return Err(Error::invalid(format!("{code} is no profile"))),
        };
        let mut options = tersor::EncodeOptions::default().with_level(level).with_profile(profile);
        if this.threads > 0 {
            options = options.with_threads(this.threads);
        }
        if this.chunk_bytes > 0 {
            options = options.with_chunk_bytes(this.chunk_bytes);
        }
        Ok(options.with_progress(progress(this.progress, this.progress_data)))
    }
}

fn progress(callback: ProgressCallback, user_data: UserData) -> Progress {
    let Some(callback) = callback else { return Progress::default() };
    Progress::new(move |bytes| match callback(user_data, bytes) {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    })
}
