//! Tables of keys, from which come the checks, the suggestions for misspelt keys and the JSON schema.

use pinion_engine::rules::params::ParamKind;
use pinion_model::number::Ratio;

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyKind {
    /// A number, a yes or no, or a word, with range and default.
    Value(ParamKind),
    /// Any text.
    Text,
    /// An exact decimal number above or equal to zero.
    Amount,
    /// A group of keys.
    Section(&'static [KeyDef]),
    /// Anything that a reader of its own checks; the text is its JSON type for the schema.
    Custom(&'static str),
    /// Known from the original system, without effect here; the text says what to use instead.
    Ignored(&'static str),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyDef {
    pub name: &'static str,
    pub kind: KeyKind,
    pub unit: &'static str,
    pub doc: &'static str,
}

/// Shorthand for tables.
pub(crate) const fn key(name: &'static str, kind: KeyKind, unit: &'static str, doc: &'static str) -> KeyDef {
    KeyDef { name, kind, unit, doc }
}

/// A decimal key given in millionths, like those of rules.
pub(crate) const fn decimal(default: i64, min: i64, max: i64) -> KeyKind {
    KeyKind::Value(ParamKind::Ratio {
        default: Ratio(default * 1000),
        min: Ratio(min * 1000),
        max: Ratio(max * 1000),
    })
}

/// A whole-number key.
pub(crate) const fn whole(default: i64, min: i64, max: i64) -> KeyKind {
    KeyKind::Value(ParamKind::Int { default, min, max })
}

/// A yes-or-no key.
pub(crate) const fn yes_no(default: bool) -> KeyKind {
    KeyKind::Value(ParamKind::Bool { default })
}

/// A key that holds one of a few words.
pub(crate) const fn choice(default: usize, options: &'static [&'static str]) -> KeyKind {
    KeyKind::Value(ParamKind::Choice { default, options })
}
