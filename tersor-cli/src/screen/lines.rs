//! Lines of at most 80 columns.

use std::collections::VecDeque;
use std::fmt::{self, Display, Write};

/// The largest width of a line in characters.
pub const WIDTH: usize = 80;
/// The indentation of the lines that continue another one.
const CONTINUED: usize = 2;
/// What stands for the characters that are left out.
const DOTS: &str = "...";

/// Joins `items` with spaces to lines that are at most 80 columns wide. Lines are broken between items, and inside an
/// item that is longer than a line. `indents` has the indentation of the first line, and of all others.
pub fn folded(items: impl IntoIterator<Item = impl AsRef<str>>, indents: [usize; 2]) -> String {
    let (mut text, mut width) = (" ".repeat(indents[0]), indents[0]);
    let mut is_empty = true;
    for item in items {
        let item = item.as_ref();
        let own = item.chars().count();
        if !is_empty && width + 1 + own <= WIDTH {
            text.push(' ');
            width += 1;
        } else if !is_empty {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indents[1]));
            width = indents[1];
        }
        is_empty = false;
        for character in item.chars() {
            if width == WIDTH {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', indents[1]));
                width = indents[1];
            }
            text.push(character);
            width += 1;
        }
    }
    text
}

/// Returns the line `subject: item, item, item`, broken between items where it is too long. A long subject is shortened.
pub fn listed(subject: impl Display, items: &[String]) -> String {
    let subject = format!("{}:", abridged(subject, WIDTH - 1));
    let last = items.len().saturating_sub(1);
    let items =
        items.iter().enumerate().map(|(number, item)| format!("{item}{}", if number < last { "," } else { "" }));
    folded(std::iter::once(subject).chain(items), [0, CONTINUED])
}

/// Shortens a text to `limit` characters: dots stand for its middle, because names often differ in their ends.
pub fn abridged(text: impl Display, limit: usize) -> String {
    /// The first and the last characters of what is written.
    struct Ends {
        first: String,
        first_left: usize,
        last: VecDeque<char>,
        last_limit: usize,
        count: usize,
    }
    impl fmt::Write for Ends {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for character in text.chars() {
                self.count += 1;
                if self.first_left > 0 {
                    self.first_left -= 1;
                    self.first.push(character);
                    continue;
                }
                if self.last.len() == self.last_limit {
                    self.last.pop_front();
                }
                self.last.push_back(character);
            }
            Ok(())
        }
    }
    let first_left = limit.saturating_sub(DOTS.len()) / 2;
    let mut ends =
        Ends { first: String::new(), first_left, last: VecDeque::new(), last_limit: limit - first_left, count: 0 };
    let _ = write!(ends, "{text}");
    let dots = if ends.count > limit { DOTS } else { "" };
    ends.last.drain(..dots.len().min(ends.last.len()));
    ends.first + dots + &ends.last.iter().collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(abridged("model.layers.0.weight", 21), "model.layers.0.weight");
        assert_eq!(abridged("model.layers.10.weight", 21), "model.lay...10.weight");
        assert_eq!(abridged("\u{e4}".repeat(500), 10), format!("{0}...{0}\u{e4}", "\u{e4}".repeat(3)));
        assert_eq!(abridged("", 10), "");
    }

    #[test]
    fn lines_are_broken_between_items() {
        let items: Vec<String> = (0..12).map(|number| format!("item number {number}")).collect();
        let text = listed("p".repeat(200), &items);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(items.iter().all(|item| text.contains(item)) && text.lines().count() == 4, "{text}");
        let broken = folded(["a".repeat(200)], [0, 4]);
        assert_eq!(broken.lines().map(str::len).collect::<Vec<_>>(), [80, 80, 48]);
        assert_eq!(folded([""; 0], [2, 4]), "  ");
    }
}
