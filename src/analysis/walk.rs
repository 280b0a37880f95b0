//! Decodes a container to measure its streams and tensors, part by part, so that memory is bounded.

use std::ops::Range;

use super::bounds::{Bounds, BoundsOptions, SegmentBounds};
use super::histograms::{MemberValues, TensorHistograms, TensorResult, ValueStatistics};
use super::ledger::{Category, SegmentLedger};
use super::moments::MomentSums;
use super::statistics::{TensorStatistics, for_values, has_values};
use super::stream::{StreamCounter, StreamCounts, StreamHead, bounds};
use crate::decode::{Reader, Segment, zeroed};
use crate::error::{Error, Result};
use crate::represent::{Representation, Scratch, StreamObservation};
use crate::tensor::bytes_of;

/// The number of elements in a job, which one thread observes before its results are merged.
const JOB_ELEMENTS: u64 = 1 << 20;
/// The number of jobs per thread in a batch.
const JOBS_PER_THREAD: usize = 4;

/// Consecutive chunks of a segment.
#[derive(Debug, Clone)]
struct Job {
    segment: u32,
    chunks: Range<usize>,
    is_last: bool,
}

/// The results of a job.
struct JobResult {
    counts: Vec<StreamCounts>,
    /// The moments of the tensors that have values in these chunks, by ordinal.
    sums: Vec<(usize, MomentSums)>,
}

impl Reader<'_> {
    /// Returns the actual size of every stream and its theoretical bounds. Decodes everything once, or twice with
    /// [`statistics`](BoundsOptions::with_statistics); the progress callback of the reader counts the bytes each time. Memory is
    /// bounded by the tables of a few chunks and, with statistics, the priors of all tensors. The results do not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// The errors of decoding, and `InvalidArgument` for a precision that is not positive and finite.
    pub fn bounds(&self, options: &BoundsOptions) -> Result<Bounds> {
        if options.precision.is_some_and(|step| !(step > 0.0 && step.is_finite())) {
            return Err(Error::invalid("the precision is not positive and finite"));
        }
        let ledger = self.ledger()?;
        let entries = &self.directory().manifest.entries;
        let segments = vec![SegmentBounds::default(); ledger.segments.len()];
        let mut found = Bounds { segments, statistics: vec![None; entries.len()], ledger };
        let mut sums: Vec<MomentSums> = vec![MomentSums::default(); if options.statistics { entries.len() } else { 0 }];
        let jobs = self.jobs()?;
        let mut counts: Vec<StreamCounts> = Vec::new();
        let batch = self.workers().count().saturating_mul(JOBS_PER_THREAD).max(1);
        for jobs in jobs.chunks(batch) {
            let all = self.workers().map(jobs.iter().collect(), |job| self.observe(job, options.statistics))?;
            for (job, of_job) in jobs.iter().zip(all) {
                for (number, own) in of_job.counts.into_iter().enumerate() {
                    match counts.get_mut(number) {
                        Some(sum) => sum.merge(own),
                        None => counts.push(own),
                    }
                }
                for (member, of_member) in of_job.sums {
                    sums[member].merge(&of_member);
                }
                if job.is_last {
                    let number = job.segment as usize;
                    let ledger = &found.ledger.segments[number];
                    found.segments[number] = self.segment_bounds(job.segment, std::mem::take(&mut counts), ledger)?;
                }
            }
        }
        if options.statistics {
            found.statistics = self.statistics(&jobs, batch, options.precision, &sums)?;
        }
        Ok(found)
    }

    /// Returns jobs for all chunks, in the order of the segments.
    fn jobs(&self) -> Result<Vec<Job>> {
        let mut jobs = Vec::new();
        for segment in 0..self.directory().index.segments.len() as u32 {
            let head = &self.segment(segment)?.head;
            let at_once = (JOB_ELEMENTS / head.chunk_len.max(1)).max(1) as usize;
            for start in (0..head.chunks.len()).step_by(at_once) {
                let end = head.chunks.len().min(start + at_once);
                jobs.push(Job { segment, chunks: start..end, is_last: end == head.chunks.len() });
            }
        }
        Ok(jobs)
    }

    fn observe(&self, job: &Job, with_sums: bool) -> Result<JobResult> {
        let segment = self.segment(job.segment)?;
        let heads = match &segment.representation {
            Representation::Fields(fields) => StreamHead::all(fields),
            Representation::Raw | Representation::Zstd => Vec::new(),
        };
        let mut streams: Vec<StreamCounter<'_>> = heads.into_iter().map(StreamCounter::new).collect();
        let mut sums: Vec<(usize, MomentSums)> = Vec::new();
        self.decode_chunks(
            &segment,
            job,
            |scratch, index, coded, out| {
                streams.iter_mut().for_each(StreamCounter::start_chunk);
                let observe = &mut |observation: StreamObservation<'_>| {
                    if let Some(stream) = streams.get_mut(observation.stream) {
                        stream.observe(observation);
                    }
                };
                segment.observe_chunk(index, coded, out, scratch, observe)?;
                streams.iter_mut().for_each(StreamCounter::end_chunk);
                Ok(())
            },
            |values| {
                if !with_sums {
                    return Ok(());
                }
                if sums.last().is_none_or(|(member, _)| *member != values.member) {
                    sums.push((values.member, MomentSums::default()));
                }
                let Some((_, sums)) = sums.last_mut() else { return Ok(()) };
                for_values(segment.head.dtype, values.bytes, values.count, |block| sums.add(block))
            },
        )?;
        Ok(JobResult { counts: streams.into_iter().map(StreamCounter::finish).collect(), sums })
    }

    /// Decodes the chunks of a job and calls `each` with the values of each tensor in them, in order, unless they are
    /// complex.
    fn decode_chunks(
        &self,
        segment: &Segment,
        job: &Job,
        mut decode: impl FnMut(&mut Scratch, usize, &[u8], &mut [u8]) -> Result<()>,
        mut each: impl FnMut(&MemberValues<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut out = Vec::new();
        for index in job.chunks.clone() {
            let coded = segment.read_chunk(self.source(), index)?;
            let len = segment.chunk_bytes(index);
            if out.len() as u64 != len {
                out = zeroed(len)?;
            }
            self.with_scratch(|scratch| decode(scratch, index, &coded, &mut out))?;
            if has_values(segment.head.dtype) {
                self.members_of(segment, index, &out).try_for_each(|values| each(&values))?;
            }
            self.options.progress.advance(len)?;
        }
        Ok(())
    }

    /// Iterates over the tensors in a decoded chunk and their values.
    fn members_of<'a>(
        &'a self,
        segment: &'a Segment,
        chunk: usize,
        bytes: &'a [u8],
    ) -> impl Iterator<Item = MemberValues<'a>> {
        let head = &segment.head;
        let range = head.chunk_range(chunk);
        let first = segment.starts.partition_point(|&start| start <= range.start).saturating_sub(1);
        let members = first..segment.starts.partition_point(|&start| start < range.end);
        members.filter_map(move |index| {
            let (start, member) = (segment.starts[index], head.members[index] as usize);
            let end = segment.starts.get(index + 1).copied().unwrap_or(head.elements);
            let own = start.max(range.start) - range.start..end.min(range.end) - range.start;
            let own_bytes = bytes_of(head.dtype, own.start) as usize..bytes_of(head.dtype, own.end) as usize;
            let is_tensor = self.directory().manifest.entries[member].name.is_some();
            let (count, total) = (own.end - own.start, end - start);
            is_tensor.then(|| MemberValues { member, count, total, bytes: &bytes[own_bytes] })
        })
    }

    /// Decodes everything again and returns the statistics of all tensors. The moments determine the steps of the
    /// histograms.
    fn statistics(
        &self,
        jobs: &[Job],
        batch: usize,
        precision: Option<f64>,
        sums: &[MomentSums],
    ) -> Result<Vec<Option<TensorStatistics>>> {
        let mut found: Vec<Option<TensorStatistics>> = vec![None; sums.len()];
        let mut open: Option<(usize, Box<ValueStatistics>)> = None;
        for jobs in jobs.chunks(batch) {
            let all = self.workers().map(jobs.iter().collect(), |job: &Job| {
                let segment = self.segment(job.segment)?;
                let mut histograms = TensorHistograms::new(segment.head.dtype, precision, sums);
                let decode = |scratch: &mut Scratch, index: usize, coded: &[u8], out: &mut [u8]| {
                    segment.decode_chunk(index, coded, out, scratch)
                };
                self.decode_chunks(&segment, job, decode, |values| histograms.add(values))?;
                Ok(histograms.finish())
            })?;
            let mut complete = Vec::new();
            for (member, result) in all.into_iter().flatten() {
                if open.as_ref().is_some_and(|(last, _)| *last != member) {
                    complete.extend(open.take());
                }
                match (result, &mut open) {
                    (TensorResult::Whole(statistics), _) => found[member] = Some(*statistics),
                    (TensorResult::Part(counts), Some((_, sum))) => sum.merge(*counts)?,
                    (TensorResult::Part(counts), None) => open = Some((member, counts)),
                }
            }
            self.fit(complete, sums, &mut found)?;
        }
        self.fit(open.into_iter().collect(), sums, &mut found)?;
        Ok(found)
    }

    /// Fits the priors of tensors whose histograms are complete.
    fn fit(
        &self,
        complete: Vec<(usize, Box<ValueStatistics>)>,
        sums: &[MomentSums],
        found: &mut [Option<TensorStatistics>],
    ) -> Result<()> {
        let fit = |(member, counts): (usize, Box<ValueStatistics>)| Ok((member, counts.finish(&sums[member])));
        for (member, statistics) in self.workers().map(complete, fit)? {
            found[member] = Some(statistics);
        }
        Ok(())
    }

    fn segment_bounds(&self, number: u32, counts: Vec<StreamCounts>, ledger: &SegmentLedger) -> Result<SegmentBounds> {
        let segment = self.segment(number)?;
        let streams =
            bounds(&segment.representation, segment.head.dtype, segment.head.elements, counts, &ledger.stream_bytes);
        let groups =
            ledger.lines.iter().filter(|(category, _)| matches!(category, Category::Codebooks | Category::Scales));
        Ok(SegmentBounds { streams, group_bits: 8 * groups.map(|(_, bytes)| bytes).sum::<u64>() })
    }
}
