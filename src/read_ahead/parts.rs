//! The ranges that wait, are loading, or are loaded and not read yet.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::{Bound, Range};
use std::sync::Arc;

/// Bytes that nobody asked for are loaded too if they are fewer than this and lie between two wanted ranges: another
/// request would take longer.
const GAP_BYTES: u64 = 32 << 10;
/// A part with fewer unread bytes than this is forgotten. Before raw data there are up to 63 bytes of padding, which no
/// reader needs.
const PADDING_BYTES: u64 = 64;

#[derive(Default)]
pub(super) struct State {
    /// By their offset. They do not overlap.
    pub(super) parts: BTreeMap<u64, Part>,
    /// Offsets of the parts that wait, in the order in which they will be read.
    pub(super) waiting: VecDeque<u64>,
    /// Offsets of loaded parts, the one loaded first at the front. Some may have been forgotten.
    pub(super) loaded: VecDeque<u64>,
    /// Bytes of the parts that are loading or loaded.
    pub(super) held: u64,
    pub(super) is_closed: bool,
}

/// A range that is loaded with one request.
pub(super) struct Part {
    pub(super) len: u64,
    /// Bytes that a reader wants and has not read yet.
    pub(super) unread: u64,
    pub(super) content: Content,
}

pub(super) enum Content {
    Waiting,
    Loading,
    Loaded(Arc<[u8]>),
    Failed(io::ErrorKind, String),
}

impl State {
    /// Returns the ranges within `range` that no part covers.
    pub(super) fn uncovered(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut free = Vec::new();
        let mut start = range.start;
        let before = self.parts.range(..=start).next_back();
        let within = self.parts.range((Bound::Excluded(start), Bound::Excluded(range.end.max(start + 1))));
        for (&offset, part) in before.into_iter().chain(within) {
            if offset > start {
                free.push(start..offset.min(range.end));
            }
            start = start.max(offset + part.len);
        }
        if start < range.end {
            free.push(start..range.end);
        }
        free
    }

    /// Adds bytes that are there already. Of parts that overlap the first one counts.
    pub(super) fn add_loaded(&mut self, offset: u64, bytes: Vec<u8>) {
        let len = bytes.len() as u64;
        let is_free = |range: Range<u64>| self.uncovered(range.clone()).first() == Some(&range);
        if len == 0 || !offset.checked_add(len).is_some_and(|end| is_free(offset..end)) {
            return;
        }
        self.held += len;
        self.loaded.push_back(offset);
        self.parts.insert(offset, Part { len, unread: len, content: Content::Loaded(bytes.into()) });
    }

    /// Adds parts for a range that no part covers. The range joins the last part that waits if it follows closely.
    pub(super) fn announce(&mut self, range: Range<u64>, request_bytes: u64) {
        let mut start = range.start;
        if let Some(&last) = self.waiting.back() {
            let is_next = self.parts.range(last + 1..).next().is_none_or(|(&next, _)| next >= range.end);
            if let Some(part) = self.parts.get_mut(&last).filter(|_| is_next) {
                let end = last + part.len;
                if (end..=end + GAP_BYTES).contains(&start) && start < last + request_bytes {
                    let joined = range.end.min(last + request_bytes);
                    part.len = joined - last;
                    part.unread += joined - start;
                    start = joined;
                }
            }
        }
        while start < range.end {
            let len = request_bytes.min(range.end - start);
            self.parts.insert(start, Part { len, unread: len, content: Content::Waiting });
            self.waiting.push_back(start);
            start += len;
        }
    }

    /// Returns the next part to load if it fits into the buffer.
    pub(super) fn next_within(&self, buffer_bytes: u64) -> Option<u64> {
        let &offset = self.waiting.front()?;
        let len = self.parts.get(&offset)?.len;
        (self.held == 0 || self.held + len <= buffer_bytes).then_some(offset)
    }

    /// Takes a part from the queue. It is the first one, unless a reader needs it before its turn.
    pub(super) fn stop_waiting(&mut self, offset: u64) {
        if self.waiting.front() == Some(&offset) {
            self.waiting.pop_front();
        } else {
            self.waiting.retain(|&waiting| waiting != offset);
        }
    }

    /// Forgets loaded parts, the oldest first, until the part at `offset` fits into the buffer. A reader waits for it, so
    /// the others wait for a reader that may never come.
    pub(super) fn make_room(&mut self, offset: u64, buffer_bytes: u64) {
        let len = self.parts.get(&offset).map_or(0, |part| part.len);
        while self.held + len > buffer_bytes
            && let Some(oldest) = self.loaded.pop_front()
        {
            self.forget(oldest);
        }
    }

    fn forget(&mut self, offset: u64) {
        if self.parts.get(&offset).is_some_and(|part| matches!(part.content, Content::Loaded(_)))
            && let Some(part) = self.parts.remove(&offset)
        {
            self.held -= part.len;
        }
    }

    /// Notes that `count` bytes of the part at `offset` have been read. Returns whether the part was the last use of its
    /// bytes, so that there is room for others.
    pub(super) fn mark_read(&mut self, offset: u64, count: u64) -> bool {
        let Some(part) = self.parts.get_mut(&offset) else { return false };
        part.unread = part.unread.saturating_sub(count);
        let is_done = part.unread < PADDING_BYTES;
        if is_done {
            self.loaded.retain(|&loaded| loaded != offset);
            self.forget(offset);
        }
        is_done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_never_overlap() {
        let mut state = State::default();
        for range in [10..20, 15..40, 0..12, 100..200, 30..110, 0..1000] {
            for free in state.uncovered(range) {
                state.announce(free, 25);
            }
            let mut end = 0;
            for (&offset, part) in &state.parts {
                assert!(offset >= end && part.len > 0 && part.len <= 25);
                end = offset + part.len;
            }
        }
        assert!(state.uncovered(0..1000).is_empty());
        assert_eq!(state.parts.values().map(|part| part.len).sum::<u64>(), 1000);
    }
}
