//! Single values: numbers, words, yes or no, exact amounts.

use crate::diagnostic::Diagnostics;
use crate::tree::{Node, Value};
use pinion_engine::rules::params::{ParamDef, ParamKind, ParamValue};
use pinion_model::decimal::{Decimal, DecimalError};
use pinion_model::number::Ratio;

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
