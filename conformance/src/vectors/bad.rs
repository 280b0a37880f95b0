//! A bad vector: a container that breaks one rule.

use crate::encoder::container::Parts;
use crate::encoder::fields::Fields;
use crate::vectors::good::{Vector, prefix_of};
use crate::vectors::zeros::Zeros;
use crate::wire::frame::MIXING;

/// A container that a decoder must refuse.
pub(crate) struct Bad {
    /// The name without the prefix for the section.
    name: String,
    section: &'static str,
    /// The number of the rule that the container breaks.
    rule: &'static str,
    breaks: String,
    kinds: Kinds,
    pub(crate) bytes: Vec<u8>,
}

impl Bad {
    /// Returns the name of the vector, which begins with the prefix for the section.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}", prefix_of(self.section), self.name)
    }

    /// Returns the line about this vector in `bad.json`.
    pub(crate) fn describe(&self) -> String {
        let kind = |kind: Option<&str>| kind.map_or("null".to_owned(), |kind| format!("{kind:?}"));
        format!(
            "{{\"section\": {:?}, \"rule\": {:?}, \"breaks\": {:?}, \"by_index\": {}, \"in_order\": {}}}",
            self.section,
            self.rule,
            self.breaks,
            kind(self.kinds[0]),
            kind(self.kinds[1])
        )
    }
}

/// The kinds of error that a reader by index and a reader in file order must report. `None` if a reader need not see
/// the error.
pub(crate) type Kinds = [Option<&'static str>; 2];

pub(crate) const CORRUPT: Kinds = [Some("corrupt"); 2];

pub(crate) const UNSUPPORTED: Kinds = [Some("unsupported"); 2];

pub(crate) const TRUNCATED: Kinds = [Some("truncated"); 2];

/// A wrong offset sends a reader by index to bytes that can have any meaning.
pub(crate) const ELSEWHERE: Kinds = [Some("any"), Some("corrupt")];

/// A reader in file order takes bytes that can have any meaning for a frame or for the footer.
pub(crate) const ASTRAY: Kinds = [Some("corrupt"), Some("any")];

/// Only a reader in file order reads the wrong bytes.
pub(crate) const IN_ORDER: Kinds = [None, Some("corrupt")];

/// All bad vectors so far. `section` and `rule` apply to the vectors that come next.
#[derive(Default)]
pub(crate) struct List {
    pub(crate) all: Vec<Bad>,
    /// The section of the specification.
    section: &'static str,
    /// The number of the rule; `None` at the beginning of a section.
    rule: Option<&'static str>,
}

impl List {
    /// Begins a section. A call of `rule` must follow before the first vector.
    pub(crate) fn begin(&mut self, section: &'static str) {
        (self.section, self.rule) = (section, None);
    }

    /// Sets the rule that the next vectors break.
    pub(crate) fn rule(&mut self, rule: &'static str) {
        self.rule = Some(rule);
    }

    pub(crate) fn add(&mut self, name: &str, kinds: Kinds, breaks: &str, bytes: Vec<u8>) {
        let rule = self.rule.unwrap_or_else(|| panic!("{name} has no rule"));
        let (section, breaks) = (self.section, breaks.to_owned());
        self.all.push(Bad { name: name.to_owned(), section, rule, breaks, kinds, bytes });
    }

    /// Changes `base` and adds the result.
    pub(crate) fn change(
        &mut self,
        base: &Vector,
        name: &str,
        kinds: Kinds,
        breaks: &str,
        change: impl FnOnce(&mut Parts),
    ) {
        let mut parts = base.parts();
        change(&mut parts);
        self.add(name, kinds, breaks, parts.assemble());
    }

    /// Changes `base` and adds the result. Asserts that the decoder of this crate refuses it for the right reason.
    pub(crate) fn refuse(
        &mut self,
        base: &Vector,
        name: &str,
        kinds: Kinds,
        breaks: &str,
        change: impl FnOnce(&mut Parts),
    ) {
        let mut parts = base.parts();
        change(&mut parts);
        match base.decode(&mut parts) {
            Ok(()) => panic!("{name} is not wrong"),
            Err(why) => {
                assert!(!why.ends_with("other bytes"), "{name} is not refused");
                assert_eq!(why.contains("unsupported"), kinds == UNSUPPORTED, "{name}: {why}");
            }
        }
        self.add(name, kinds, breaks, parts.assemble());
    }

    /// Gives a tensor of zeros wrong parameters and adds the result. Chunks of zeros have no bytes.
    pub(crate) fn zeros(&mut self, name: &str, kinds: Kinds, breaks: &str, zeros: &Zeros, fields: &Fields) {
        self.refuse(&zeros.vector(), name, kinds, breaks, |parts| {
            parts.segment().parameters = fields.parameters();
            if fields.need_mixing() {
                parts.header.critical |= MIXING;
            }
        });
    }
}
