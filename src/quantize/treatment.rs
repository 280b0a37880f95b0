//! What is done to a tensor: pruning, and what its values become.

/// The largest number of entries of a codebook.
pub(crate) const MAX_ENTRIES: usize = 4096;

/// What is done to a tensor: some values may become 0, and the other ones are quantised.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Treatment {
    pub(crate) prune: Option<Prune>,
    pub(crate) values: ValueRule,
}

/// What is done to the values that are not pruned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum ValueRule {
    /// They stay as they are.
    Exact,
    /// They become integers times a step, which the dial of the model sets.
    Dial,
    /// The tensor has this number of bits for each weight.
    Bits(f64),
    /// The tensor has this normalised mean squared error.
    Nmse(f64),
    /// They become integers times this step.
    Step(f64),
    /// They become one of this number of values.
    Codebook(usize),
}

impl Treatment {
    pub(crate) const LOSSLESS: Self = Self { prune: None, values: ValueRule::Exact };

    pub(crate) fn is_lossless(&self) -> bool {
        *self == Self::LOSSLESS
    }
}

/// Which values of a tensor become 0: those of the least magnitude, alone or in structures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Prune {
    /// The share of the values that become 0.
    pub(crate) share: f64,
    pub(crate) structure: PruneStructure,
}

/// The structures that are pruned as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PruneStructure {
    /// Single values.
    #[default]
    Values,
    /// Rows: all values of an index of the first dimension.
    Rows,
    /// Columns: all values of an index of the last dimension.
    Columns,
    /// Of four neighbours along the last dimension, the two smaller ones. The share is always one half.
    TwoOfFour,
    /// Blocks of 4 by 4 values of the matrix with the rows of the first dimension.
    Blocks,
}
