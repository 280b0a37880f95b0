//! Options for encoding.

use std::sync::Arc;

use super::search::Effort;
use crate::container::Header;
use crate::kernel::Kernel;
use crate::progress::Progress;
use crate::quantize::Quantization;

/// The coded bytes that a chunk aims at.
pub(super) const CHUNK_BYTES: u64 = 256 << 10;

/// The decoders that a file is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Profile {
    /// All decoders of this version of the format: decoder level 2.
    #[default]
    Default,
    /// Also decoders on a GPU or a small device: decoder level 1 (section 3.2 of the specification). Frequency tables are
    /// small and do not adapt, chunks have at most 32,768 words, and large tensors are not coded by zstd, bit by bit
    /// or by mixing. Files of dense models were 0.2 to 0.9 % larger, files of pruned ones 4 to 9 %.
    Gpu,
}

/// Options for encoding: level, profile, chunk size, threads, progress and kernel.
///
/// The bytes written depend only on the input, the level, the profile, the chunk size and the quantization.
///
/// ```
/// let options = tersor::EncodeOptions::default().with_level(9).with_threads(2);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct EncodeOptions {
    pub(crate) level: u8,
    pub(crate) profile: Profile,
    pub(crate) threads: Option<usize>,
    /// If not set: [`CHUNK_BYTES`], and more for chunks with mixed fields.
    pub(crate) chunk_bytes: Option<u64>,
    pub(crate) progress: Progress,
    pub(crate) kernel: Option<Kernel>,
    pub(crate) quantization: Option<Arc<Quantization>>,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        let (profile, progress) = (Profile::Default, Progress::default());
        Self { level: 6, profile, threads: None, chunk_bytes: None, progress, kernel: None, quantization: None }
    }
}

impl EncodeOptions {
    /// Sets the level, from 1 (the fastest) to 9 (the smallest files). Other values are moved into this range. The default
    /// is 6. Files of levels 1 to 7 decode at about the same speed. Levels 8 and 9 can code tensors by mixing, which
    /// decodes only a few million weights a second.
    pub fn with_level(mut self, level: u8) -> Self {
        self.level = level.clamp(1, 9);
        self
    }

    /// Sets the profile. The default is [`Profile::Default`].
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets the number of threads; 0 counts as 1. With 1 all work is done on the calling thread. The default is the
    /// rayon pool of the caller, which by default has one thread a core. Without the feature `threads` all work is
    /// done on the calling thread, and a number above 1 is an error of kind `InvalidArgument` when the encoder is made.
    /// The bytes written are the same for every number.
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads.max(1));
        self
    }

    /// Sets the target size of a coded chunk in bytes, from 4096 to 2^30. Other values are moved into this range. The
    /// default is 256 KiB, and at the highest levels up to 4 MiB. With smaller chunks a few rows are faster to read, and
    /// the file is larger.
    pub fn with_chunk_bytes(mut self, bytes: u64) -> Self {
        self.chunk_bytes = Some(bytes.clamp(4096, 1 << 30));
        self
    }

    /// Sets the kernel. The default is described at [`Kernel`]. The bytes written are the same for every kernel.
    pub fn with_kernel(mut self, kernel: Kernel) -> Self {
        self.kernel = Some(kernel);
        self
    }

    /// Sets a callback that receives the number of encoded bytes and can cancel.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = progress;
        self
    }

    /// Asks for lossy coding of large float tensors by [`encode_files`](crate::encode_files) and
    /// [`encode_folder`](crate::encode_folder). Without this option encoding is lossless.
    pub fn with_quantization(mut self, quantization: Quantization) -> Self {
        self.quantization = Some(Arc::new(quantization));
        self
    }

    pub(crate) fn effort(&self) -> Effort {
        let effort = match self.profile {
            Profile::Default => Effort::of(self.level),
            Profile::Gpu => Effort::of(self.level).at_decoder_level_1(),
        };
        let mixed_chunks = if self.chunk_bytes.is_some() { 1 } else { effort.mixed_chunks };
        Effort { mixed_chunks, kernel: self.kernel.unwrap_or(Kernel::PORTABLE), ..effort }
    }

    /// Returns the claims of the file's header. It is written before the segments are planned, so it claims mixing if the
    /// level tries it.
    pub(crate) fn header(&self) -> Header {
        let effort = self.effort();
        Header { decoder_level: effort.decoder_level, mixing: effort.mixed_words > 0 }
    }
}
