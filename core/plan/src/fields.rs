//! The keys of a section, read by the table that declares them.

use crate::diagnostic::{Diagnostics, Place, suggest};
use crate::table::{KeyDef, KeyKind};
use crate::tree::{Key, Node, Value};
use crate::values::{amount, read_value};
use pinion_engine::rules::params::{ParamDef, ParamValue};
use pinion_model::decimal::Decimal;
use pinion_model::number::Ratio;

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
