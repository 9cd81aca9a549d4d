//! The columns of each kind of record in tables, with their types.
//!
//! Owns what a table of a kind looks like, so that a column is there whether or not the first record has it. What
//! a kind has besides (the values that a rule saw, the risk checks) is JSON in the column `more`.

use super::view::{View, plain};
use pinion_model::record::{Kind, Record};
use serde_json::{Map, Value};

/// Type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A whole number.
    Whole,
    /// UTC, ns.
    Time,
    /// True or false.
    Flag,
    /// A decimal number.
    Number,
    /// An amount and its currency; the currency is a column of its own (`fee_currency`).
    Money,
    /// A word.
    Text,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub of: Type,
}

/// Names of the columns that every table begins with, and of a kind's own.
fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Quote => &["seq", "time", "instrument", "line", "bid", "bid_qty", "ask", "ask_qty"],
        Kind::Trade => &["seq", "time", "instrument", "line", "price", "qty", "aggressor"],
        Kind::Bar => &["seq", "time", "instrument", "line", "open", "high", "low", "close", "volume"],
        Kind::Depth => {
            &["seq", "time", "instrument", "line", "first_id", "last_id", "bids", "asks", "snapshot"]
        }
        Kind::Execution => &[
            "seq",
            "time",
            "order",
            "instrument",
            "report",
            "qty",
            "price",
            "fee",
            "liquidity",
            "reason",
            "venue_time",
        ],
        Kind::Timer => &["seq", "time"],
        Kind::Command => &["seq", "time", "command", "operator", "note"],
        Kind::Budget => &["seq", "time", "shard", "delta", "transfer", "share"],
        Kind::Grant => &["cause", "time", "shard", "asked", "given", "balance", "equity", "share"],
        Kind::Intent => &[
            "cause",
            "time",
            "intent",
            "instrument",
            "action",
            "side",
            "type",
            "rule",
            "reason",
            "reference",
            "limit",
            "trigger",
            "stop_distance",
            "qty",
        ],
        Kind::Verdict => &[
            "cause",
            "time",
            "intent",
            "instrument",
            "order",
            "passed",
            "failed",
            "adjusted",
            "size_bound_by",
            "qty",
            "equity",
            "exposure",
        ],
        Kind::Order => &[
            "cause",
            "time",
            "order",
            "intent",
            "instrument",
            "side",
            "type",
            "tif",
            "qty",
            "limit",
            "trigger",
            "reference",
            "reason",
            "reduce_only",
            "held",
        ],
        Kind::Cancel => &["cause", "time", "order", "instrument", "reason", "held"],
        Kind::OrderState => {
            &["cause", "time", "order", "instrument", "from", "to", "reason", "filled", "leaves"]
        }
        Kind::Position => {
            &["cause", "time", "order", "instrument", "qty", "cost", "realised", "fee", "trade_net"]
        }
        Kind::Account => &["cause", "time", "event", "level", "equity", "peak", "day_start", "cash"],
        Kind::Signal => &["cause", "intent", "instrument", "rule", "more"],
        Kind::RiskCheck => &["cause", "intent", "more"],
        Kind::Mark => &["durable_position", "wall"],
        _ => &["more"],
    }
}

fn type_of(name: &str) -> Type {
    match name {
        "position" | "ticks" | "seq" | "cause" | "order" | "intent" | "line" | "first_id" | "last_id"
        | "bids" | "asks" | "shard" | "transfer" | "level" | "durable_position" => Type::Whole,
        "time" | "venue_time" | "wall" => Type::Time,
        "snapshot" | "passed" | "reduce_only" | "held" => Type::Flag,
        "bid" | "ask" | "bid_qty" | "ask_qty" | "price" | "qty" | "open" | "high" | "low" | "close"
        | "volume" | "reference" | "limit" | "trigger" | "stop_distance" | "filled" | "leaves" => {
            Type::Number
        }
        "fee" | "delta" | "asked" | "given" | "balance" | "equity" | "exposure" | "cost" | "realised"
        | "trade_net" | "peak" | "day_start" | "cash" => Type::Money,
        _ => Type::Text,
    }
}

/// Columns of a table of one kind.
pub fn columns(kind: Kind) -> Vec<Column> {
    let all = ["position", "ticks"].iter().chain(names(kind));
    all.map(|&name| Column { name, of: type_of(name) }).collect()
}

/// The cells of a record in these columns; `None` where it has no such value.
pub fn cells(view: &View, columns: &[Column], record: &Record) -> Vec<Option<Value>> {
    let Value::Object(mut fields) = view.json(record) else { return vec![None; columns.len()] };
    fields.shift_remove("kind");
    let mut row: Vec<Option<Value>> = columns.iter().map(|c| fields.shift_remove(c.name)).collect();
    if let Some(at) = columns.iter().position(|c| c.name == "more") {
        let rest: Map<String, Value> = fields;
        row[at] = (!rest.is_empty()).then(|| Value::String(Value::Object(rest).to_string()));
    }
    row
}

/// A cell as text.
pub fn text(cell: &Option<Value>) -> String {
    cell.as_ref().map_or(String::new(), plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_columns_that_begin_alike_and_are_named_once() {
        for kind in Kind::ALL {
            let columns = columns(*kind);
            assert_eq!((columns[0].name, columns[1].name), ("position", "ticks"));
            let names: std::collections::BTreeSet<_> = columns.iter().map(|c| c.name).collect();
            assert_eq!(names.len(), columns.len(), "{}", kind.label());
        }
        assert_eq!(type_of("from"), Type::Text);
    }
}
