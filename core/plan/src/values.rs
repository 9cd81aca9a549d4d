//! Single values: numbers, words, yes or no, exact amounts.

use crate::diagnostic::{Diagnostics, shown, suggest};
use crate::tree::{Node, Value};
use pinion_engine::rules::params::{ParamDef, ParamKind, ParamValue};
use pinion_model::decimal::{Decimal, DecimalError};
use pinion_model::number::Ratio;

/// Notes that a value is not what is wanted, unless it was refused before.
pub(crate) fn mismatch(node: &Node, name: &str, want: &str, remedy: &str, found: &mut Diagnostics) {
    if node.value != Value::Refused {
        let reason = format!("`{}` must be {want}, not {}", shown(name), node.describe());
        found.error(node.place, reason, remedy);
    }
}

/// Decimals of an amount, and the largest amount in units of the last of them.
const DECIMALS: u8 = 18;
const LARGEST_UNITS: i128 = 10i128.pow(36);

/// An amount in units that every amount has, for comparing; `None` when it is too fine or too large.
pub(crate) fn units(amount: Decimal) -> Option<i128> {
    amount.to_scaled_i128(DECIMALS).ok()
}

/// Reads an exact amount at or above zero.
pub(crate) fn amount(node: &Node, name: &str, found: &mut Diagnostics) -> Option<Decimal> {
    let Value::Scalar(text, _) = &node.value else {
        mismatch(node, name, "a number", "write a plain number such as 0.1", found);
        return None;
    };
    match Decimal::parse(text.as_bytes()) {
        Ok(v) if v.mantissa() < 0 => {
            found.error(node.place, format!("`{}` is negative", shown(name)), "give 0 or more");
        }
        Err(DecimalError::Malformed | DecimalError::Empty) => {
            mismatch(node, name, "a number", "write a plain number such as 0.1", found);
        }
        Ok(v) if units(v).is_some_and(|units| units <= LARGEST_UNITS) => return Some(v),
        _ => {
            let reason = format!("`{}` is too large or too fine", shown(name));
            found.error(node.place, reason, "give at most a billion billion (1e18), and at most 18 decimals");
        }
    }
    None
}

/// What a declaration says about a value, as a remedy.
pub(crate) fn hint(doc: &str, unit: &str) -> String {
    if unit.is_empty() { doc.into() } else { format!("{doc} ({unit})") }
}

/// Reads a value of a declared type and range; `None` with an error when it is not one.
pub(crate) fn read_value(
    node: &Node,
    name: &str,
    def: &ParamDef,
    found: &mut Diagnostics,
) -> Option<ParamValue> {
    let hint = hint(def.doc, def.unit);
    if let ParamKind::RatioList { min, max, max_len } = def.kind {
        let items = match &node.value {
            Value::List(items) if items.len() <= max_len => items,
            Value::List(_) => {
                mismatch(node, name, &format!("a list of at most {max_len} numbers"), &hint, found);
                return None;
            }
            _ => {
                mismatch(node, name, "a list of numbers", &hint, found);
                return None;
            }
        };
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
        mismatch(node, name, "a single value", &hint, found);
        return None;
    };
    if let ParamKind::Text { longest } = def.kind {
        if text.trim().is_empty() {
            found.error(node.place, format!("`{}` is empty", shown(name)), hint);
        } else if text.chars().count() > longest {
            let reason = format!("`{}` is longer than {longest} characters", shown(name));
            found.error(node.place, reason, hint);
        } else {
            return Some(ParamValue::Text(text.clone()));
        }
        return None;
    }
    match scalar(text, &def.kind) {
        Ok(value) => Some(value),
        Err(Wrong::Kind(want)) => {
            let near = match def.kind {
                ParamKind::Choice { options, .. } => suggest(text, options.iter().copied()),
                _ => None,
            };
            let remedy = near.map_or(hint, |word| format!("did you mean `{word}`?"));
            mismatch(node, name, &want, &remedy, found);
            None
        }
        Err(Wrong::Range(low, high)) => {
            let reason = format!("`{}` is {}, outside {low} to {high}", shown(name), shown(text));
            found.error(node.place, reason, hint);
            None
        }
    }
}

/// Why a text is not a value.
enum Wrong {
    /// It is something else than this.
    Kind(String),
    /// It is outside of this range.
    Range(String, String),
}

fn scalar(text: &str, kind: &ParamKind) -> Result<ParamValue, Wrong> {
    let number = Decimal::parse(text.as_bytes());
    match kind {
        ParamKind::Int { min, max, .. } => {
            let range = Err(Wrong::Range(min.to_string(), max.to_string()));
            match number {
                Err(DecimalError::Overflow) => range,
                Ok(v) if v.scale() == 0 => match v.to_scaled(0) {
                    Ok(v) if (*min..=*max).contains(&v) => Ok(ParamValue::Int(v)),
                    _ => range,
                },
                _ => Err(Wrong::Kind(format!("a whole number from {min} to {max}"))),
            }
        }
        ParamKind::Ratio { min, max, .. } => {
            let (low, high) = (min.to_decimal().to_string(), max.to_decimal().to_string());
            match number.map(Ratio::from_decimal) {
                Ok(Ok(v)) if (*min..=*max).contains(&v) => Ok(ParamValue::Ratio(v)),
                Ok(Err(DecimalError::TooFine)) | Err(DecimalError::TooFine) => {
                    Err(Wrong::Kind("a number of at most nine decimals".into()))
                }
                Err(DecimalError::Malformed | DecimalError::Empty) => {
                    Err(Wrong::Kind(format!("a number from {low} to {high}")))
                }
                _ => Err(Wrong::Range(low, high)),
            }
        }
        ParamKind::Bool { .. } => match text {
            "true" | "yes" | "on" | "True" | "TRUE" => Ok(ParamValue::Bool(true)),
            "false" | "no" | "off" | "False" | "FALSE" => Ok(ParamValue::Bool(false)),
            _ => Err(Wrong::Kind("true or false".into())),
        },
        ParamKind::Choice { options, .. } => match options.iter().position(|o| *o == text) {
            Some(at) => Ok(ParamValue::Choice(at)),
            None => Err(Wrong::Kind(format!("one of {}", options.join(", ")))),
        },
        ParamKind::RatioList { .. } => Err(Wrong::Kind("a list of numbers".into())),
        ParamKind::Text { .. } => Err(Wrong::Kind("a text".into())),
    }
}

/// A value as configuration writes it.
pub(crate) fn value_text(def: &ParamDef, value: &ParamValue) -> String {
    match (value, def.kind) {
        (ParamValue::Int(v), _) => v.to_string(),
        (ParamValue::Ratio(v), _) => v.to_decimal().to_string(),
        (ParamValue::Bool(v), _) => v.to_string(),
        (ParamValue::Choice(v), ParamKind::Choice { options, .. }) => options[*v].to_string(),
        (ParamValue::Choice(v), _) => v.to_string(),
        (ParamValue::RatioList(list), _) => {
            let items: Vec<String> = list.iter().map(|r| r.to_decimal().to_string()).collect();
            format!("[{}]", items.join(", "))
        }
        // JSON's quotes and escapes are YAML's too.
        (ParamValue::Text(text), _) => serde_json::Value::String(text.clone()).to_string(),
    }
}
