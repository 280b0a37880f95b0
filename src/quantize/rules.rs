//! Rules: what is done to the tensors whose names match a pattern.

use std::str::FromStr;

use wildmatch::WildMatch;

use super::treatment::{MAX_ENTRIES, Prune, PruneStructure, Treatment, ValueRule};
use crate::error::{Error, Escaped, Result};

/// A pattern of names of tensors, and what is done to them.
///
/// The text of a rule is `PATTERN=ACTION` or `PATTERN=ACTION,ACTION`. In the pattern `*` stands for any characters and
/// `?` for one. Small tensors, and tensors of one dimension, become lossy only by a pattern that is their name. The
/// actions are:
///
/// | action | effect |
/// |---|---|
/// | `lossless` | the tensor keeps every bit |
/// | `bpw:3` | bits for each weight of the tensor, above 0 and up to 16 |
/// | `nmse:1e-3` | normalised mean squared error, above 0 and below 1 |
/// | `snr:30` | signal-to-noise ratio in dB, above 0 and up to 120 |
/// | `step:0.01` | the distance of the values |
/// | `codebook:16` | the number of values, 2 to 4096 |
/// | `prune:0.5` | the share of the values that become 0, above 0 and below 1; it can stand before another action |
/// | `prune-row:0.5`, `prune-column:0.5`, `prune-block:0.5`, `prune-2:4` | the same in structures |
///
/// ```
/// let rule: tersor::QuantizationRule = "*.attention.*=prune:0.5,codebook:16".parse()?;
/// assert_eq!(rule.to_string(), "*.attention.*=prune:0.5,codebook:16");
/// # Ok::<(), tersor::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizationRule {
    text: String,
    pattern: String,
    pub(crate) treatment: Treatment,
}

impl QuantizationRule {
    /// Returns whether the rule is for the tensor `name`.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        WildMatch::new(&self.pattern).matches(name)
    }

    /// Returns whether the pattern is the name of one tensor.
    pub(crate) fn names_one(&self) -> bool {
        !self.pattern.contains(['*', '?'])
    }
}

impl std::fmt::Display for QuantizationRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for QuantizationRule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |what: String| Error::invalid(format!("the rule {} {what}", Escaped(text)));
        let Some((pattern, actions)) = text.rsplit_once('=').filter(|(pattern, _)| !pattern.is_empty()) else {
            return Err(refused("is not PATTERN=ACTION, such as *.bias=lossless or *=bpw:3".to_owned()));
        };
        let mut prune = None;
        let mut values = None;
        for action in actions.split(',') {
            match Action::parse(action)
                .map_err(|what| refused(format!("has the action {}: {what}", Escaped(action))))?
            {
                Action::Prune(own) if prune.is_none() && values.is_none() => prune = Some(own),
                Action::Values(own) if values.is_none() && !(own == ValueRule::Exact && prune.is_some()) => {
                    values = Some(own);
                }
                _ => return Err(refused("has actions that do not go together".to_owned())),
            }
        }
        let values = values.unwrap_or(ValueRule::Exact);
        Ok(Self { text: text.to_owned(), pattern: pattern.to_owned(), treatment: Treatment { prune, values } })
    }
}

enum Action {
    Prune(Prune),
    Values(ValueRule),
}

impl Action {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "lossless" => return Ok(Self::Values(ValueRule::Exact)),
            "prune-2:4" => return Ok(Self::Prune(Prune { share: 0.5, structure: PruneStructure::TwoOfFour })),
            _ => {}
        }
        let (word, number) = text.split_once(':').ok_or("give a word and a number, such as bpw:3")?;
        let parsed: f64 = number.parse().map_err(|_| format!("{} is not a number", Escaped(number)))?;
        let within = |least: f64, most: f64, is_closed: bool| match parsed > least
            && (parsed < most || is_closed && parsed == most)
        {
            true => Ok(parsed),
            false => {
                Err(format!("give a number above {least} and {} {most}", if is_closed { "up to" } else { "below" }))
            }
        };
        let prune = |structure| Ok(Self::Prune(Prune { share: within(0.0, 1.0, false)?, structure }));
        Ok(Self::Values(match word {
            "bpw" => ValueRule::Bits(within(0.0, 16.0, true)?),
            "nmse" => ValueRule::Nmse(within(0.0, 1.0, false)?),
            "snr" => ValueRule::Nmse(nmse_of_decibels(within(0.0, 120.0, true)?)),
            "step" => ValueRule::Step(within(0.0, f64::from(f32::MAX), true)?),
            "codebook" => match number.parse() {
                Ok(entries) if (2..=MAX_ENTRIES).contains(&entries) => ValueRule::Codebook(entries),
                _ => return Err(format!("give a number of values from 2 to {MAX_ENTRIES}")),
            },
            "prune" => return prune(PruneStructure::Values),
            "prune-row" => return prune(PruneStructure::Rows),
            "prune-column" => return prune(PruneStructure::Columns),
            "prune-block" => return prune(PruneStructure::Blocks),
            _ => {
                let known = "lossless, bpw, nmse, snr, step, codebook and prune";
                return Err(format!("{} is unknown; the actions are {known}", Escaped(word)));
            }
        }))
    }
}

/// Returns the normalised mean squared error of a signal-to-noise ratio.
pub(crate) fn nmse_of_decibels(decibels: f64) -> f64 {
    libm::pow(10.0, -decibels / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> QuantizationRule {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*.bias", "a.b.bias", true),
            ("*.bias", "a.b.bias2", false),
            ("layer.?.weight", "layer.3.weight", true),
            ("layer.?.weight", "layer.13.weight", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("a**", "a", true),
        ] {
            assert_eq!(rule(&format!("{pattern}=lossless")).matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn actions_are_read() {
        assert_eq!(rule("a=b=bpw:3").treatment.values, ValueRule::Bits(3.0));
        assert!(rule("a=b=bpw:3").matches("a=b"));
        assert_eq!(rule("*=snr:20").treatment.values, ValueRule::Nmse(nmse_of_decibels(20.0)));
        assert!((nmse_of_decibels(20.0) - 0.01).abs() < 1e-12);
        let both = rule("*=prune-2:4,codebook:16").treatment;
        let structure = PruneStructure::TwoOfFour;
        assert_eq!(both, Treatment { prune: Some(Prune { share: 0.5, structure }), values: ValueRule::Codebook(16) });
        assert!(rule("*=lossless").treatment.is_lossless());
    }

    #[test]
    fn wrong_rules_are_explained() {
        for (text, part) in [
            ("bpw:3", "PATTERN=ACTION"),
            ("=bpw:3", "PATTERN=ACTION"),
            ("*=bpw", "a word and a number"),
            ("*=bpw:x", "not a number"),
            ("*=bpw:0", "above 0"),
            ("*=nmse:1", "below 1"),
            ("*=codebook:1", "from 2"),
            ("*=shrink:1", "unknown"),
            ("*=bpw:3,nmse:0.1", "go together"),
            ("*=prune:0.5,lossless", "go together"),
            ("*=bpw:NaN", "above 0"),
        ] {
            let error = text.parse::<QuantizationRule>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
