//! The keys of a section, read by the table that declares them.

use crate::diagnostic::{Diagnostics, Place, shown, suggest};
use crate::keys;
use crate::places::{Places, spot};
use crate::table::{KeyDef, KeyKind};
use crate::tree::{Key, Node, Value};
use crate::values::{amount, hint, mismatch, read_value};
use pinion_engine::rules::params::{ParamDef, ParamValue};
use pinion_model::decimal::Decimal;
use pinion_model::number::Ratio;

/// A section of the text with the table of its keys.
pub(crate) struct Fields<'a> {
    pub node: &'a Node,
    table: &'static [KeyDef],
    /// Keys that are meant by a misspelt or empty one: they are wrong, but not missing.
    meant: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Checks that `node` is a group whose keys are all in the table and have a value.
    pub fn open(
        node: &'a Node,
        table: &'static [KeyDef],
        section: &str,
        found: &mut Diagnostics,
    ) -> Fields<'a> {
        let mut meant = Vec::new();
        match &node.value {
            Value::Map(entries) => {
                for (key, value) in entries {
                    if found.is_full() {
                        break;
                    }
                    meant.extend(check_key(key, value, table, section, found));
                }
            }
            Value::Refused => {}
            _ => {
                let reason = format!("{section} must be a group of keys, not {}", node.describe());
                found.error(node.place, reason, format!("its keys are {}", names(table)));
            }
        }
        Fields { node, table, meant }
    }

    pub fn get(&self, name: &str) -> Option<&'a Node> {
        debug_assert!(self.table.iter().any(|k| k.name == name), "{name} is not in the table");
        self.node.get(name).filter(|n| !n.is_nothing())
    }

    /// True when a key is missing, and not because of a mistake that is noted already.
    pub fn lacks(&self, name: &str) -> bool {
        let is_group = matches!(self.node.value, Value::Map(_));
        is_group && self.get(name).is_none() && !self.meant.contains(&name)
    }

    pub fn place(&self, name: &str) -> Place {
        self.places().of(name)
    }

    /// Where the keys stand, for what is found out later.
    pub fn places(&self) -> Places {
        let entries: &[(Key, Node)] = match &self.node.value {
            Value::Map(entries) => entries,
            _ => &[],
        };
        let known = |name: &str| self.table.iter().find(|k| k.name == name).map(|k| k.name);
        let keys = entries.iter().filter_map(|(key, value)| Some((known(&key.name)?, spot(key, value))));
        Places::new(self.node.place, keys.collect())
    }

    /// The value of a `Value` key; `None` when absent or wrong (then with an error).
    fn given(&self, name: &str, found: &mut Diagnostics) -> Option<ParamValue> {
        read_value(self.get(name)?, name, &self.def(name), found)
    }

    /// As `given`, with the default for `None`.
    fn value(&self, name: &str, found: &mut Diagnostics) -> ParamValue {
        self.given(name, found).unwrap_or_else(|| self.def(name).default_value())
    }

    fn def(&self, name: &str) -> ParamDef {
        let def = self.table.iter().find(|k| k.name == name);
        let Some(KeyDef { kind: KeyKind::Value(kind), unit, doc, .. }) = def else {
            unreachable!("{name} is not declared as a value");
        };
        ParamDef { name: "", kind: *kind, unit, doc }
    }

    pub fn ratio(&self, name: &str, found: &mut Diagnostics) -> Ratio {
        ratio_of(&self.value(name, found))
    }

    /// As `ratio`, `None` when the key is absent or wrong.
    pub fn ratio_opt(&self, name: &str, found: &mut Diagnostics) -> Option<Ratio> {
        self.given(name, found).as_ref().map(ratio_of)
    }

    pub fn int(&self, name: &str, found: &mut Diagnostics) -> i64 {
        int_of(&self.value(name, found))
    }

    /// As `int`, `None` when the key is absent or wrong.
    pub fn int_opt(&self, name: &str, found: &mut Diagnostics) -> Option<i64> {
        self.given(name, found).as_ref().map(int_of)
    }

    pub fn flag(&self, name: &str, found: &mut Diagnostics) -> bool {
        self.value(name, found) == ParamValue::Bool(true)
    }

    /// The index of the word.
    pub fn choice(&self, name: &str, found: &mut Diagnostics) -> usize {
        match self.value(name, found) {
            ParamValue::Choice(v) => v,
            _ => unreachable!("{name} is not declared as a choice"),
        }
    }

    /// Nanoseconds of a key in milliseconds.
    pub fn nanos(&self, name: &str, found: &mut Diagnostics) -> i64 {
        self.to_nanos(name, self.ratio(name, found), found)
    }

    /// As `nanos`, `None` when the key is absent or wrong.
    pub fn nanos_opt(&self, name: &str, found: &mut Diagnostics) -> Option<i64> {
        self.ratio_opt(name, found).map(|ms| self.to_nanos(name, ms, found))
    }

    fn to_nanos(&self, name: &str, ms: Ratio, found: &mut Diagnostics) -> i64 {
        const BILLIONTHS: i64 = 1000;
        if ms.0 % BILLIONTHS != 0 {
            let reason = format!("`{name}` is finer than a nanosecond");
            found.error(self.place(name), reason, "give at most six decimals");
        }
        ms.0 / BILLIONTHS
    }

    pub fn text(&self, name: &str, found: &mut Diagnostics) -> Option<String> {
        word(self.get(name)?, name, found).map(str::to_string)
    }

    /// An exact amount above zero.
    pub fn positive(&self, name: &str, found: &mut Diagnostics) -> Option<Decimal> {
        let amount = self.amount(name, found)?;
        if amount.mantissa() == 0 {
            found.error(self.place(name), format!("`{name}` is zero"), "give a number above 0");
            return None;
        }
        Some(amount)
    }

    /// An exact amount at or above zero.
    pub fn amount(&self, name: &str, found: &mut Diagnostics) -> Option<Decimal> {
        amount(self.get(name)?, name, found)
    }
}

fn ratio_of(value: &ParamValue) -> Ratio {
    match value {
        ParamValue::Ratio(v) => *v,
        other => unreachable!("declared as a decimal, read as {other:?}"),
    }
}

fn int_of(value: &ParamValue) -> i64 {
    match value {
        ParamValue::Int(v) => *v,
        other => unreachable!("declared as a whole number, read as {other:?}"),
    }
}

/// The items of a list, or an error and none. `name` is the key that holds it.
pub(crate) fn items<'a>(
    node: &'a Node,
    name: &str,
    found: &mut Diagnostics,
) -> impl Iterator<Item = &'a Node> + use<'a> {
    let list: &[Node] = match &node.value {
        Value::List(list) => list,
        _ => {
            mismatch(node, name, "a list", &format!("write `{}: [...]`", shown(name)), found);
            &[]
        }
    };
    for item in list.iter().filter(|n| n.is_nothing()) {
        let reason = format!("an item of `{}` is empty", shown(name));
        found.error(item.place, reason, "give it a value, or remove the `-` or comma");
    }
    list.iter().filter(|n| !n.is_nothing())
}

/// The keys of a group that has no table, or an error and none.
pub(crate) fn entries<'a>(
    node: &'a Node,
    name: &str,
    remedy: &str,
    found: &mut Diagnostics,
) -> &'a [(Key, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => {
            mismatch(node, name, "a group of keys", remedy, found);
            &[]
        }
    }
}

/// A name: something to read, in one line, of reasonable length.
pub(crate) fn word<'a>(node: &'a Node, name: &str, found: &mut Diagnostics) -> Option<&'a str> {
    const LONGEST: usize = 128;
    let Value::Scalar(text, _) = &node.value else {
        mismatch(node, name, "text", "write one word, or several in quotes", found);
        return None;
    };
    let reason = if text.trim().is_empty() {
        "is empty"
    } else if text.trim() != text {
        "begins or ends with a blank"
    } else if text.chars().any(char::is_control) {
        "has a control character in it"
    } else if text.chars().count() > LONGEST {
        "is longer than 128 characters"
    } else {
        return Some(text);
    };
    found.error(node.place, format!("`{}` {reason}", shown(name)), "write a plain word or a short sentence");
    None
}

fn names(table: &[KeyDef]) -> String {
    table.iter().map(|k| k.name).collect::<Vec<_>>().join(", ")
}

/// Checks one key; the key of the table that was meant, when it is wrong.
fn check_key(
    key: &Key,
    value: &Node,
    table: &'static [KeyDef],
    section: &str,
    found: &mut Diagnostics,
) -> Option<&'static str> {
    let Some(def) = table.iter().find(|k| k.name == key.name) else {
        let near = suggest(&key.name, table.iter().map(|k| k.name));
        let remedy = match (keys::section_of(&key.name), near) {
            (Some(other), _) => format!("it belongs to {other}"),
            (None, Some(word)) => format!("did you mean `{word}`?"),
            (None, None) => format!("the keys of {section} are {}", names(table)),
        };
        found.error(key.place, format!("unknown key `{}` in {section}", shown(&key.name)), remedy);
        return near;
    };
    match def.kind {
        KeyKind::Ignored(instead) => {
            found.warn(key.place, format!("`{}` has no effect in Pinion", def.name), instead);
        }
        _ if value.is_nothing() => {
            let hint = hint(def.doc, def.unit);
            let remedy = format!("give it {}, or remove the key: {hint}", def.kind.wanted());
            found.error(key.place, format!("`{}` has no value", def.name), remedy);
            return Some(def.name);
        }
        _ => {}
    }
    None
}
