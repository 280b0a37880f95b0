//! The directory of a file: manifest and index together give the segment of each entry and its place there.

use bitvec::vec::BitVec;

use super::{Index, Manifest, SegmentHead};
use crate::error::{Error, Result};
use crate::spec::ENTRY_DIGEST_BYTES;

/// The place of the elements of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: u32,
    /// The number of elements of the segment before this entry.
    pub(crate) first: u64,
    /// The number of the entry among the stored entries, in the order of ordinals.
    stored: u32,
}

/// The declarations of a file and the places of their bytes.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) manifest: Manifest,
    pub(crate) index: Index,
    /// For each entry, its place or the place of its target if it is an alias; `None` if it has no elements.
    places: Vec<Option<Place>>,
    /// For each segment, the number of elements of its members.
    elements: Vec<u64>,
}

impl Directory {
    /// Joins manifest and index. Every segment must have members, all of one dtype.
    pub(crate) fn new(manifest: Manifest, index: Index) -> Result<Self> {
        let mut elements = vec![0u64; index.segments.len()];
        let mut dtypes = vec![None; index.segments.len()];
        let mut places = Vec::with_capacity(manifest.entries.len());
        let mut stored = 0;
        for entry in &manifest.entries {
            let place = match entry.alias_of {
                Some(target) => places[target as usize],
                None if entry.elements() == 0 => None,
                None => {
                    let segment = index.segment_of[stored];
                    let filled = &mut elements[segment as usize];
                    let place = Place { segment, first: *filled, stored: stored as u32 };
                    *filled = filled.saturating_add(entry.elements());
                    if *dtypes[segment as usize].get_or_insert(entry.dtype) != entry.dtype {
                        let what = "the members of a segment have several dtypes";
                        return Err(Error::corrupt(what).in_section("index").in_tensor(entry.label()));
                    }
                    stored += 1;
                    Some(place)
                }
            };
            places.push(place);
        }
        if elements.contains(&0) {
            return Err(Error::corrupt("a segment has no members").in_section("index"));
        }
        Ok(Self { manifest, index, places, elements })
    }

    /// Returns the place of entry `ordinal`; `None` if it has no elements.
    pub(crate) fn place(&self, ordinal: usize) -> Option<Place> {
        self.places[ordinal]
    }

    /// Returns the digest of entry `ordinal`; `None` if it has no elements.
    pub(crate) fn digest(&self, ordinal: usize) -> Option<[u8; ENTRY_DIGEST_BYTES]> {
        self.places[ordinal].map(|place| self.index.entry_digests[place.stored as usize])
    }

    /// Returns the number of elements of segment `segment`.
    pub(crate) fn segment_elements(&self, segment: u32) -> u64 {
        self.elements[segment as usize]
    }

    /// Checks that the head of segment `segment` lists the members that the index gives it.
    pub(crate) fn check_members(&self, segment: u32, head: &SegmentHead) -> Result<()> {
        let agree =
            head.members.iter().all(|&member| self.places[member as usize].is_some_and(|p| p.segment == segment));
        if !agree || self.elements[segment as usize] != head.elements {
            return Err(Error::corrupt("the members of the segment differ from the index").in_section("segment"));
        }
        Ok(())
    }
}

/// The entries that a reader in file order has found in segments.
#[derive(Debug, Default)]
pub(crate) struct Coverage(BitVec);

impl Coverage {
    /// Adds the members of a segment. An entry must not be in two segments.
    pub(crate) fn add(&mut self, members: &[u32]) -> Result<()> {
        for &member in members {
            let member = member as usize;
            if self.0.len() <= member {
                self.0.resize(member + 1, false);
            }
            if self.0.replace(member, true) {
                return Err(Error::corrupt("an entry is stored twice").in_section("segment"));
            }
        }
        Ok(())
    }

    /// Checks that every entry that must be stored was found.
    pub(crate) fn check_complete(&self, manifest: &Manifest) -> Result<()> {
        for (ordinal, entry) in manifest.entries.iter().enumerate() {
            if entry.is_stored() && !self.0.get(ordinal).is_some_and(|bit| *bit) {
                return Err(Error::corrupt("an entry is declared, and no segment holds it").in_tensor(entry.label()));
            }
        }
        Ok(())
    }
}
