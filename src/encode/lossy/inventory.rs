//! The tensors of the files, and what shall be done to each.

use std::collections::HashSet;
use std::ops::Range;

use crate::encode::input::FileInput;
use crate::error::{Error, Result};
use crate::interop::SafetensorsHeader;
use crate::quantize::{Quantization, Treatment, is_quantizable};
use crate::tensor::Dtype;

/// A tensor of a file.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) file: usize,
    /// The ordinal of its entry in the container.
    pub(super) ordinal: u32,
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<u64>,
    /// The place of its bytes in the file.
    pub(super) range: Range<u64>,
    pub(super) treatment: Treatment,
    /// Why it stays lossless although lossy coding was asked for.
    pub(super) reason: Option<String>,
}

impl Listed {
    pub(super) fn elements(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Keeps the tensor lossless.
    pub(super) fn keep(&mut self, reason: impl Into<String>) {
        (self.treatment, self.reason) = (Treatment::LOSSLESS, Some(reason.into()));
    }
}

/// Lists the tensors of all files in the order of their entries.
pub(super) fn list(files: &[FileInput<'_>], quantization: &Quantization) -> Result<Vec<Listed>> {
    let mut all = Vec::new();
    let mut ordinal = 0;
    for (number, file) in files.iter().enumerate() {
        let failed = |error: Error| error.in_tensor(file.path);
        let Some(header) = file.header().map_err(failed)? else {
            ordinal += 1;
            continue;
        };
        for tensor in header.tensors {
            let range = tensor.range.start as u64..tensor.range.end as u64;
            let (name, dtype, shape) = (tensor.name, tensor.dtype, tensor.shape);
            let (treatment, reason) = (Treatment::LOSSLESS, None);
            all.push(Listed { file: number, ordinal, name, dtype, shape, range, treatment, reason });
            ordinal += 1;
        }
    }
    decide(&mut all, quantization)?;
    Ok(all)
}

/// Decides what is done to each tensor.
fn decide(tensors: &mut [Listed], quantization: &Quantization) -> Result<()> {
    let mut used = HashSet::new();
    for tensor in tensors.iter_mut() {
        let rule = quantization.rules.iter().position(|rule| rule.matches(&tensor.name));
        let rule = rule.map(|number| (number, &quantization.rules[number]));
        used.extend(rule.map(|(number, _)| number));
        tensor.treatment = rule.map_or_else(|| quantization.treatment(), |(_, rule)| rule.treatment);
        if tensor.treatment.is_lossless() {
            tensor.reason = rule.map(|_| "a rule".to_owned());
        } else if !is_quantizable(tensor.dtype) {
            let dtype = tensor.dtype;
            tensor.keep(format!("dtype {dtype}"));
        } else if let Some(reason) = Quantization::reason_to_keep(&tensor.shape)
            && (!rule.is_some_and(|(_, rule)| rule.names_one()) || tensor.elements() == 0)
        {
            tensor.keep(reason);
        }
    }
    // a rule counts as used, too, if an earlier one takes all of its tensors
    for (number, rule) in quantization.rules.iter().enumerate() {
        if !used.contains(&number) && !tensors.iter().any(|tensor| rule.matches(&tensor.name)) {
            return Err(Error::invalid(format!("the rule {rule} matches no tensor")));
        }
    }
    match quantization.importance.names().find(|name| tensors.iter().all(|tensor| tensor.name != *name)) {
        Some(name) => Err(Error::invalid("the importance names a tensor that is not there").in_tensor(name)),
        None => Ok(()),
    }
}

impl FileInput<'_> {
    /// Returns the header if this is a safetensors file.
    fn header(&self) -> Result<Option<SafetensorsHeader>> {
        let source = self.source();
        match self.path.ends_with(".safetensors") {
            true => SafetensorsHeader::read(&source).map(Some),
            false => SafetensorsHeader::recognise(&source),
        }
    }
}
