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
    /// A list of what the schema has under this name.
    List(&'static str),
    /// Anything that a reader of its own checks; the text is its JSON type for the schema.
    Custom(&'static str),
    /// Known from the original system, without effect here; the text says what to use instead.
    Ignored(&'static str),
}

impl KeyKind {
    /// What a value must be, for a message.
    pub fn wanted(&self) -> String {
        match self {
            KeyKind::Value(ParamKind::Int { min, max, .. }) => format!("a whole number from {min} to {max}"),
            KeyKind::Value(ParamKind::Ratio { min, max, .. }) => {
                format!("a number from {} to {}", min.to_decimal(), max.to_decimal())
            }
            KeyKind::Value(ParamKind::Bool { .. }) => "true or false".into(),
            KeyKind::Value(ParamKind::Choice { options, .. }) => format!("one of {}", options.join(", ")),
            KeyKind::Value(ParamKind::Text { .. }) => "a text".into(),
            KeyKind::Value(ParamKind::RatioList { .. }) | KeyKind::List(_) => "a list".into(),
            KeyKind::Text => "a text".into(),
            KeyKind::Amount => "a number of 0 or more".into(),
            KeyKind::Section(_) | KeyKind::Custom("object") => "a group of keys".into(),
            KeyKind::Custom(_) | KeyKind::Ignored(_) => "a value".into(),
        }
    }
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

/// A time in milliseconds, given in whole ones and kept exactly to the nanosecond.
pub(crate) const fn millis(default: i64, max: i64) -> KeyKind {
    decimal(default * 1_000_000, 0, max * 1_000_000)
}
