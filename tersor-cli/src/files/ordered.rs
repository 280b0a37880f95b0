//! Writes parts that arrive in any order in the order of the file, for pipes and hashes. Parts that arrive early are
//! held back: up to 64 MiB in memory, the rest in an unnamed temporary file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// The bytes that are held back in memory, of all outputs together.
const MEMORY_BYTES: usize = 64 << 20;

/// Several outputs that are each written from front to back.
#[derive(Debug)]
pub struct Ordered<W> {
    outputs: Vec<Output<W>>,
    /// The parts that arrived early, by output and offset.
    held: BTreeMap<(usize, u64), Held>,
    memory: usize,
    memory_limit: usize,
    spill: Option<File>,
    /// The number of bytes in `spill`.
    spilled: u64,
}

#[derive(Debug)]
struct Output<W> {
    sink: W,
    position: u64,
}

#[derive(Debug)]
enum Held {
    Memory(Vec<u8>),
    Spilled { start: u64, len: usize },
}

impl<W: Write> Ordered<W> {
    /// Creates one output for each sink.
    pub fn new(sinks: impl IntoIterator<Item = W>) -> Self {
        let outputs = sinks.into_iter().map(|sink| Output { sink, position: 0 }).collect();
        Self { outputs, held: BTreeMap::new(), memory: 0, memory_limit: MEMORY_BYTES, spill: None, spilled: 0 }
    }

    /// Writes `bytes` at `offset` of output number `output`. Every byte must come exactly once.
    pub fn write_at(&mut self, output: usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if offset != self.outputs[output].position {
            return self.hold(output, offset, bytes);
        }
        self.outputs[output].write(bytes)?;
        while let Some(held) = self.held.remove(&(output, self.outputs[output].position)) {
            let bytes = self.take(held)?;
            self.outputs[output].write(&bytes)?;
        }
        Ok(())
    }

    fn hold(&mut self, output: usize, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let held = if self.memory + bytes.len() <= self.memory_limit {
            self.memory += bytes.len();
            Held::Memory(bytes.to_vec())
        } else {
            self.spill(bytes).map_err(in_temporary)?
        };
        self.held.insert((output, offset), held);
        Ok(())
    }

    fn spill(&mut self, bytes: &[u8]) -> io::Result<Held> {
        let file = match &mut self.spill {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let start = self.spilled;
        file.seek(SeekFrom::Start(start))?;
        file.write_all(bytes)?;
        self.spilled += bytes.len() as u64;
        Ok(Held::Spilled { start, len: bytes.len() })
    }

    /// Returns the bytes of a part that was held back.
    fn take(&mut self, held: Held) -> io::Result<Vec<u8>> {
        let bytes = match (held, &mut self.spill) {
            (Held::Memory(bytes), _) => {
                self.memory -= bytes.len();
                bytes
            }
            (Held::Spilled { start, len }, Some(file)) => {
                let mut bytes = vec![0; len];
                file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(&mut bytes)).map_err(in_temporary)?;
                bytes
            }
            (Held::Spilled { .. }, None) => unreachable!("spilled to a file"),
        };
        if self.held.is_empty() && self.spilled > 0 {
            // no part in the file is needed any more
            self.spill = None;
            self.spilled = 0;
        }
        Ok(bytes)
    }

    /// Flushes and returns the sinks. Fails if parts are missing.
    pub fn finish(self) -> io::Result<Vec<W>> {
        if !self.held.is_empty() {
            return Err(io::Error::other("parts are missing"));
        }
        let mut sinks: Vec<W> = self.outputs.into_iter().map(|output| output.sink).collect();
        sinks.iter_mut().try_for_each(Write::flush)?;
        Ok(sinks)
    }
}

impl<W: Write> Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sink.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}

fn in_temporary(error: io::Error) -> io::Error {
    let folder = std::env::temp_dir();
    let problem = format!("in the temporary folder {} (TMPDIR changes it): {error}", folder.display());
    io::Error::new(error.kind(), problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the parts of two outputs in a shuffled order, with little memory.
    #[test]
    fn shuffled_parts_are_put_in_order() {
        for memory_limit in [0, 7, 100, 10_000] {
            let expected: [Vec<u8>; 2] = [(0..200).collect(), (0..=255).rev().collect()];
            let mut parts: Vec<(usize, usize, &[u8])> = Vec::new();
            for (number, bytes) in expected.iter().enumerate() {
                parts.extend(bytes.chunks(9).enumerate().map(|(index, part)| (number, index * 9, part)));
            }
            let mut state = 7u32;
            for index in (1..parts.len()).rev() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                parts.swap(index, (state >> 8) as usize % (index + 1));
            }
            let mut ordered = Ordered::new([Vec::new(), Vec::new()]);
            ordered.memory_limit = memory_limit;
            for (number, offset, part) in parts {
                ordered.write_at(number, offset as u64, part).unwrap();
                ordered.write_at(number, 5, &[]).unwrap();
            }
            assert_eq!((ordered.memory, ordered.spilled), (0, 0));
            assert_eq!(ordered.finish().unwrap(), expected);
        }
    }

    #[test]
    fn a_missing_part_is_an_error() {
        let mut ordered = Ordered::new([Vec::new()]);
        ordered.write_at(0, 1, &[1]).unwrap();
        assert!(ordered.finish().is_err());
    }
}
