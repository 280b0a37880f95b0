//! What the words below the names of tensors mean.

use std::collections::BTreeSet;
use std::io::{self, Write};

use crate::screen::lines::folded;

/// The indentation of the explanations.
const SPACE: usize = 13;

/// Each word with its explanation: the steps in their order, then the codings.
const WORDS: [(&str, &str); 16] = [
    ("packed", "small integers that share a word"),
    ("mask", "a bit for each value, N in a symbol, tells whether the value is stored"),
    ("templates", "lines that rows or columns repeat; the label of a value tells which of them it equals"),
    ("codebook", "a list of the values that occur"),
    ("scale", "values are integers times a scale"),
    ("fields", "some bits of each value: 9 lanes/17 has 9 bits, coded with lanes in 17 contexts"),
    ("classes", "rows, columns or other axes by magnitude, which choose the context"),
    ("lanes", "interleaved rANS coders with a table for each context"),
    ("bits", "an adaptive binary range coder"),
    ("mixed", "an adaptive binary range coder that mixes several predictions"),
    ("constant", "all are the same, and nothing is stored"),
    ("raw", "bits as they are, because no code makes them smaller"),
    ("zstd", "a general compressor"),
    ("alias", "the content is stored with another tensor"),
    ("empty", "there are no values"),
    ("~", "a share of a segment with several tensors, by size"),
];

/// The words that descriptions of segments and tensors use.
#[derive(Debug, Default)]
pub struct Legend(BTreeSet<&'static str>);

impl Legend {
    /// Adds a word that has an explanation.
    pub fn add(&mut self, word: &str) {
        self.0.extend(WORDS.iter().map(|(known, _)| *known).find(|known| *known == word));
    }

    /// Adds the words of the description of a segment, such as `mask 1 lanes; fields 9 lanes/17 + 7 raw`.
    pub fn add_segment(&mut self, description: &str) {
        for step in description.split("; ") {
            let mut words = step.split([' ', '/']);
            let name = words.next().unwrap_or_default();
            self.add(name);
            // other steps have numbers of bits and values
            if ["fields", "mask", "templates"].contains(&name) {
                words.for_each(|word| self.add(word));
            }
        }
    }

    /// Writes a line for each word.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (word, meaning) in WORDS.iter().filter(|(word, _)| self.0.contains(word)) {
            let name = format!("{word:width$}", width = SPACE - 3);
            writeln!(out, "{}", folded(std::iter::once(name.as_str()).chain(meaning.split(' ')), [2, SPACE]))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_occur_are_explained() {
        let mut legend = Legend::default();
        legend.add_segment("packed 4 bits in 2 words; templates 1 of 240 values, 1 label lanes/2; fields 6 mixed/9");
        let mut out = Vec::new();
        legend.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let words: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
            .filter(|w| !w.is_empty())
            .collect();
        assert_eq!(words, ["packed", "templates", "fields", "lanes", "mixed"]);
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(text.lines().all(|line| line.starts_with("             ") || line.as_bytes()[12] == b' '), "{text}");
    }
}
