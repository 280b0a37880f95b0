//! Checks a segment against the claims of the header: the features that it may use (section 3.1) and the decoder level
//! (section 3.2).

use super::Representation;
use super::coding::Coding;
use super::fields::Fields;
use crate::container::Header;
use crate::error::{Error, Result};
use crate::spec::{LEVEL_1_CHUNK_WORDS, LEVEL_1_PRECISION, LEVEL_1_SERIAL_ELEMENTS, LEVEL_1_SLOTS};
use crate::tensor::Dtype;

impl Representation {
    /// Checks that the segment, of `elements` elements of `dtype` in chunks of `chunk_len` elements, keeps the rules that
    /// the header claims.
    ///
    /// # Errors
    /// `Corrupt` if it breaks one.
    pub(crate) fn check_claims(&self, header: Header, dtype: Dtype, elements: u64, chunk_len: u64) -> Result<()> {
        if let Self::Fields(fields) = self
            && !header.mixing
            && fields.is_mixed()
        {
            return Err(Error::corrupt("a mixed coding in a file that does not claim the feature mixing"));
        }
        if header.decoder_level > 1 {
            return Ok(());
        }
        let breaks = |what: String| Err(Error::corrupt(format!("{what} at decoder level 1")));
        if chunk_len * u64::from(dtype.words()) > LEVEL_1_CHUNK_WORDS {
            return breaks(format!("{chunk_len} elements of {dtype} a chunk"));
        }
        let may_be_serial = elements <= LEVEL_1_SERIAL_ELEMENTS;
        match self {
            Self::Raw => Ok(()),
            Self::Zstd if !may_be_serial => breaks(format!("zstd for {elements} elements")),
            Self::Zstd => Ok(()),
            Self::Fields(fields) => {
                if let Some(unpack) = &fields.steps.unpack
                    && chunk_len * unpack.values_a_run() > LEVEL_1_CHUNK_WORDS * u64::from(unpack.words)
                {
                    return breaks(format!("{chunk_len} elements of packed values a chunk"));
                }
                if fields.steps.mask.as_ref().is_some_and(|mask| mask.omitted_value().is_none()) {
                    return breaks("templates".to_owned());
                }
                match fields.codings().find_map(|coding| broken_rule(coding, may_be_serial)) {
                    Some(what) => breaks(what),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Returns the rule of decoder level 1 that a coding breaks.
fn broken_rule(coding: &Coding, may_be_serial: bool) -> Option<String> {
    match coding {
        Coding::Raw | Coding::Constant(_) => None,
        Coding::Lanes(_, model) => {
            let (precision, contexts) = (model.tables.precision(), model.tables.contexts());
            if model.adaptation.interval > 0 {
                Some("tables that adapt".to_owned())
            } else if precision > LEVEL_1_PRECISION {
                Some(format!("a precision of {precision} bits"))
            } else if contexts << precision > LEVEL_1_SLOTS {
                Some(format!("{contexts} tables of {} slots", 1 << precision))
            } else {
                None
            }
        }
        Coding::Bits(..) => (!may_be_serial).then(|| "a field in bits in a large segment".to_owned()),
        Coding::Mixed(..) | Coding::MixedMask(_) | Coding::MixedKept(_) => Some("a mixed coding".to_owned()),
    }
}

impl Fields {
    /// Returns the codings of the mask, if there is one, and of the fields.
    fn codings(&self) -> impl Iterator<Item = &Coding> {
        let mask = self.steps.mask.iter().map(|mask| &mask.coding);
        mask.chain(self.fields.iter().map(|field| &field.coding))
    }
}
