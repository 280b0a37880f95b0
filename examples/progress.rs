//! Shows progress while a file is encoded, and cancels another encoding.
//!
//! `cargo run --example progress`

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tersor::{EncodeOptions, ErrorKind, FileInput, Progress, encode_files};

fn main() -> tersor::Result<()> {
    // 1 MiB of noise, which is stored in chunks of 256 KiB
    let noise: Vec<u8> = (0..1u32 << 20).map(|i| (i.wrapping_mul(i ^ 0x9e37_79b9) >> 13) as u8).collect();
    let input = [FileInput::new("noise.bin", &noise)];

    // the callback runs on the thread that has coded some bytes, so it shares a counter
    let done = Arc::new(AtomicU64::new(0));
    let (counter, total) = (Arc::clone(&done), noise.len() as u64);
    let progress = Progress::new(move |bytes| {
        let before = counter.fetch_add(bytes, Ordering::Relaxed);
        println!("{:3} %", 100 * (before + bytes) / total);
        ControlFlow::Continue(())
    });
    let (container, _) = encode_files(&input, Vec::new(), EncodeOptions::default().with_progress(progress))?;
    println!("{} bytes became {}", done.load(Ordering::Relaxed), container.len());

    // a callback that returns `Break` stops the work, here when no time is left
    let deadline = Instant::now() + Duration::from_millis(0);
    let progress = Progress::new(move |_| match Instant::now() < deadline {
        true => ControlFlow::Continue(()),
        false => ControlFlow::Break(()),
    });
    match encode_files(&input, Vec::new(), EncodeOptions::default().with_progress(progress)) {
        Err(error) if error.kind() == ErrorKind::Cancelled => println!("{error}"),
        outcome => println!("not cancelled: {}", outcome.is_ok()),
    }
    Ok(())
}
