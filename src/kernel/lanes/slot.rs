//! Slots: the elements of a decoder's look-up table. An entry of a frequency table, which is a symbol or the escape,
//! has as many slots as its frequency.
//!
//! A slot holds `label << 2P | (frequency − 1) << P | distance`, where P is the precision. `label` and `frequency` are
//! those of the entry, and `distance` counts from the first slot of the entry.

/// Returns the first slot of an entry. The others follow by adding 1.
#[inline(always)]
pub(crate) fn first_slot(label: u16, frequency: u16, precision: u32) -> u32 {
    u32::from(label) << (2 * precision) | u32::from(frequency.wrapping_sub(1)) << precision
}

/// Returns the label of a slot.
#[inline(always)]
pub(super) fn label(slot: u32, precision: u32) -> u16 {
    (slot >> (2 * precision)) as u16
}

/// Returns the frequency of a slot, and its distance from the start of its entry.
#[inline(always)]
pub(super) fn frequency_and_distance(slot: u32, precision: u32) -> (u32, u32) {
    let mask = (1 << precision) - 1;
    ((slot >> precision & mask) + 1, slot & mask)
}
