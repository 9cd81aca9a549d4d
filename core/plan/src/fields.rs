//! Keys of a section, declared in tables and read by them: from one declaration come the checks, the
//! suggestions for misspelt keys and the JSON schema.

use crate::diagnostic::{Diagnostics, Place, suggest};
use crate::tree::{Key, Node, Value};
use pinion_engine::rules::params::{ParamDef, ParamKind, ParamValue};
use pinion_model::decimal::{Decimal, DecimalError};
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

/// A section of the text with the table of its keys.
pub(crate) struct Fields<'a> {
    pub node: &'a Node,
    table: &'static [KeyDef],
}

impl<'a> Fields<'a> {
    /// Checks that `node` is a group whose keys are all in the table.
    pub fn open(
        node: &'a Node,
        table: &'static [KeyDef],
        section: &str,
        found: &mut Diagnostics,
    ) -> Fields<'a> {
        match &node.value {
            Value::Map(entries) => {
                for (key, _) in entries {
                    check_key(key, table, section, found);
                }
            }
            _ => found.error(
                node.place,
                format!("{section} must be a group of keys, not {}", node.describe()),
                format!("its keys are {}", names(table)),
            ),
        }
        Fields { node, table }
    }

    pub fn get(&self, name: &str) -> Option<&'a Node> {
        debug_assert!(self.table.iter().any(|k| k.name == name), "{name} is not in the table");
        // An empty value is the same as no key.
        self.node.get(name).filter(|n| n.value != Value::Scalar(String::new(), false))
    }

    pub fn place(&self, name: &str) -> Place {
        self.get(name).map_or(self.node.place, |n| n.place)
    }

    /// The value of a `Value` key, its default when absent or wrong (then with an error).
    fn value(&self, name: &str, found: &mut Diagnostics) -> ParamValue {
        let def = self.table.iter().find(|k| k.name == name);
        let Some(KeyDef { kind: KeyKind::Value(kind), unit, doc, .. }) = def else {
            unreachable!("{name} is not declared as a value");
        };
        let def = ParamDef { name: "", kind: *kind, unit, doc };
        let given = self.get(name).and_then(|node| read_value(node, name, &def, found));
        given.unwrap_or_else(|| def.default_value())
    }

    pub fn ratio(&self, name: &str, found: &mut Diagnostics) -> Ratio {
        match self.value(name, found) {
            ParamValue::Ratio(v) => v,
            _ => unreachable!("{name} is not declared as a decimal"),
        }
    }

    /// As `ratio`, `None` when the key is absent.
    pub fn ratio_opt(&self, name: &str, found: &mut Diagnostics) -> Option<Ratio> {
        self.get(name).map(|_| self.ratio(name, found))
    }

    pub fn int(&self, name: &str, found: &mut Diagnostics) -> i64 {
        match self.value(name, found) {
            ParamValue::Int(v) => v,
            _ => unreachable!("{name} is not declared as a whole number"),
        }
    }

    pub fn int_opt(&self, name: &str, found: &mut Diagnostics) -> Option<i64> {
        self.get(name).map(|_| self.int(name, found))
    }

    pub fn flag(&self, name: &str, found: &mut Diagnostics) -> bool {
        self.value(name, found) == ParamValue::Bool(true)
    }

    pub fn choice(&self, name: &str, found: &mut Diagnostics) -> usize {
        match self.value(name, found) {
            ParamValue::Choice(v) => v,
            _ => unreachable!("{name} is not declared as a choice"),
        }
    }

    pub fn text(&self, name: &str, found: &mut Diagnostics) -> Option<String> {
        let node = self.get(name)?;
        match &node.value {
            Value::Scalar(text, _) => Some(text.clone()),
            _ => {
                found.error(node.place, format!("`{name}` must be text, not {}", node.describe()), "");
                None
            }
        }
    }

    /// An exact amount at or above zero.
    pub fn amount(&self, name: &str, found: &mut Diagnostics) -> Option<Decimal> {
        amount(self.get(name)?, name, found)
    }
}

/// The items of a list, or an error and none.
pub(crate) fn items<'a>(
    node: &'a Node,
    name: &str,
    found: &mut Diagnostics,
) -> impl Iterator<Item = &'a Node> + use<'a> {
    let list: &[Node] = match &node.value {
        Value::List(list) => list,
        _ => {
            found.error(
                node.place,
                format!("`{name}` must be a list, not {}", node.describe()),
                format!("write `{name}: [...]`"),
            );
            &[]
        }
    };
    list.iter()
}

/// Reads an exact amount at or above zero.
pub(crate) fn amount(node: &Node, name: &str, found: &mut Diagnostics) -> Option<Decimal> {
    let Value::Scalar(text, _) = &node.value else {
        found.error(node.place, format!("`{name}` must be a number, not {}", node.describe()), "");
        return None;
    };
    match Decimal::parse(text.as_bytes()) {
        Ok(v) if v.mantissa() < 0 => {
            found.error(node.place, format!("`{name}` is negative"), "give 0 or more");
            None
        }
        Ok(v) if v.scale() > 18 || v.mantissa() > 10i128.pow(30) => {
            found.error(
                node.place,
                format!("`{name}` has too many digits"),
                "give at most 30 digits, 18 of them decimals",
            );
            None
        }
        Ok(v) => Some(v),
        Err(error) => {
            let remedy =
                if error == DecimalError::Malformed { "write a plain number such as 0.1" } else { "" };
            found.error(
                node.place,
                format!("`{name}` must be a number, not {}: {error}", node.describe()),
                remedy,
            );
            None
        }
    }
}

fn names(table: &[KeyDef]) -> String {
    table.iter().map(|k| k.name).collect::<Vec<_>>().join(", ")
}

fn check_key(key: &Key, table: &'static [KeyDef], section: &str, found: &mut Diagnostics) {
    match table.iter().find(|k| k.name == key.name) {
        Some(KeyDef { kind: KeyKind::Ignored(instead), .. }) => {
            found.warn(key.place, format!("`{}` has no effect in Pinion", key.name), *instead);
        }
        Some(_) => {}
        None => {
            let remedy = match suggest(&key.name, table.iter().map(|k| k.name)) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("the keys of {section} are {}", names(table)),
            };
            found.error(key.place, format!("unknown key `{}` in {section}", key.name), remedy);
        }
    }
}

/// Reads a value of a declared type and range; `None` with an error when it is not one.
pub(crate) fn read_value(
    node: &Node,
    name: &str,
    def: &ParamDef,
    found: &mut Diagnostics,
) -> Option<ParamValue> {
    let wrong = |found: &mut Diagnostics, want: String| {
        found.error(node.place, format!("`{name}` must be {want}, not {}", node.describe()), def.doc);
        None
    };
    let out_of_range = |found: &mut Diagnostics, text: &str, min: String, max: String| {
        found.error(
            node.place,
            format!("`{name}` is {text}, outside {min} to {max}"),
            format!("{} ({})", def.doc, def.unit),
        );
        None
    };
    if let ParamKind::RatioList { min, max, max_len } = def.kind {
        let Value::List(items) = &node.value else { return wrong(found, "a list of numbers".into()) };
        if items.len() > max_len {
            return wrong(found, format!("a list of at most {max_len} numbers"));
        }
        let each = ParamDef { kind: ParamKind::Ratio { default: min, min, max }, ..*def };
        let values: Vec<Option<ParamValue>> =
            items.iter().map(|n| read_value(n, name, &each, found)).collect();
        let ratios = values.into_iter().map(|v| match v {
            Some(ParamValue::Ratio(r)) => Some(r),
            _ => None,
        });
        return ratios.collect::<Option<Vec<_>>>().map(ParamValue::RatioList);
    }
    let Value::Scalar(text, _) = &node.value else {
        return wrong(found, "a single value".into());
    };
    match def.kind {
        ParamKind::Int { min, max, .. } => match Decimal::parse(text.as_bytes()) {
            Err(DecimalError::Overflow) => out_of_range(found, text, min.to_string(), max.to_string()),
            Ok(v) if v.scale() == 0 => match v.to_scaled(0) {
                Ok(v) if (min..=max).contains(&v) => Some(ParamValue::Int(v)),
                _ => out_of_range(found, text, min.to_string(), max.to_string()),
            },
            _ => wrong(found, format!("a whole number from {min} to {max}")),
        },
        ParamKind::Ratio { min, max, .. } => {
            let (low, high) = (min.to_decimal().to_string(), max.to_decimal().to_string());
            match Decimal::parse(text.as_bytes()) {
                Err(DecimalError::Malformed | DecimalError::Empty) => {
                    wrong(found, format!("a number from {low} to {high}"))
                }
                Err(_) => out_of_range(found, text, low, high),
                Ok(v) => match Ratio::from_decimal(v) {
                    Ok(v) if (min..=max).contains(&v) => Some(ParamValue::Ratio(v)),
                    Err(DecimalError::TooFine) => wrong(found, "a number of at most nine decimals".into()),
                    _ => out_of_range(found, text, low, high),
                },
            }
        }
        ParamKind::Bool { .. } => match text.as_str() {
            "true" | "yes" | "on" | "True" => Some(ParamValue::Bool(true)),
            "false" | "no" | "off" | "False" => Some(ParamValue::Bool(false)),
            _ => wrong(found, "true or false".into()),
        },
        ParamKind::Choice { options, .. } => match options.iter().position(|o| o == text) {
            Some(at) => Some(ParamValue::Choice(at)),
            None => wrong(found, format!("one of {}", options.join(", "))),
        },
        ParamKind::RatioList { .. } => unreachable!("read above"),
    }
}
