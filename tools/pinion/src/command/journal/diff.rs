//! `journal diff`: the first decision in which two runs part, with what caused it on each side, what differs
//! between their plans, and how both ended.

use super::at_rest::AtRest;
use super::facts;
use super::look::{Look, LookArgs};
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::Cursor;
use pinion_model::body::{AccountBody, Body};
use pinion_model::record::{Class, Kind, Record};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct DiffArgs {
    /// One journal
    a: PathBuf,
    /// The other
    b: PathBuf,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    output: Output,
}

/// What a journal holds in all.
#[derive(Clone, Copy, Default)]
struct Sums {
    inputs: u64,
    intents: u64,
    orders: u64,
    fills: u64,
    /// Of the last account record or verdict, in the base currency.
    equity: Option<pinion_model::number::Money>,
}

/// One journal's decisions, each with the input before it and the evidence around it.
struct Decisions {
    journal: AtRest,
    cursor: Cursor,
    input: Option<Record>,
    /// Evidence of the last input.
    evidence: Vec<Record>,
    /// Evidence comes before or behind its decision: what was read ahead.
    ahead: VecDeque<Record>,
    count: u64,
    sums: Sums,
}

/// Records after a decision among which its evidence is looked for.
const EVIDENCE_WITHIN: usize = 64;

impl Decisions {
    fn open(dir: &Path) -> Result<Decisions, Failure> {
        let journal = AtRest::open(dir)?;
        journal.refuse_pruned("decisions are compared from the first on")?;
        let cursor = journal.cursor(journal.first_position())?;
        let (evidence, ahead) = (Vec::new(), VecDeque::new());
        Ok(Decisions { cursor, journal, input: None, evidence, ahead, count: 0, sums: Sums::default() })
    }

    fn read(&mut self) -> Result<Option<Record>, Failure> {
        if let Some(record) = self.ahead.pop_front() {
            return Ok(Some(record));
        }
        Ok(self.cursor.next_record()?.copied())
    }

    fn next(&mut self) -> Result<Option<Record>, Failure> {
        while let Some(record) = self.read()? {
            self.sums.add(&record);
            match record.kind().map(Kind::class) {
                Some(Class::Decision) => {
                    self.count += 1;
                    return Ok(Some(record));
                }
                Some(Class::Input) if record.kind() != Some(Kind::DepthLevels) => {
                    self.input = Some(record);
                    self.evidence.clear();
                }
                Some(Class::Evidence) => self.evidence.push(record),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Reads on to the evidence of the last input that stands behind its decision.
    fn look_ahead(&mut self) -> Result<(), Failure> {
        while self.ahead.len() < EVIDENCE_WITHIN {
            let Some(record) = self.cursor.next_record()?.copied() else { break };
            let is_next = record.kind().is_some_and(|k| k.class() == Class::Input);
            if record.kind().map(Kind::class) == Some(Class::Evidence) {
                self.evidence.push(record);
            }
            self.ahead.push_back(record);
            if is_next {
                break;
            }
        }
        Ok(())
    }

    /// Reads to the end for what the journal holds in all.
    fn finish(&mut self) -> Result<Sums, Failure> {
        while self.next()?.is_some() {}
        Ok(self.sums)
    }

    fn json(&self, decision: Option<&Record>) -> Value {
        let view = &self.journal.view;
        json!({
            "decision": decision.map(|r| view.json(r)),
            "input": self.input.as_ref().map(|r| view.json(r)),
            "evidence": self.evidence_of(decision).map(|r| view.json(r)).collect::<Vec<_>>(),
        })
    }

    /// Evidence of the decision's intent, or of all the input's where it has none.
    fn evidence_of(&self, decision: Option<&Record>) -> impl Iterator<Item = &Record> {
        let wanted = decision.and_then(facts::intent);
        let own = move |r: &&Record| wanted.is_none() || facts::intent(r) == wanted;
        self.evidence.iter().filter(own)
    }
}

impl Sums {
    fn add(&mut self, record: &Record) {
        let Some(kind) = record.kind() else { return };
        match kind {
            Kind::Intent => self.intents += 1,
            Kind::Order => self.orders += 1,
            Kind::Position => self.fills += 1,
            Kind::Account => self.equity = Some(AccountBody::from_bytes(&record.body).equity),
            Kind::Verdict => {
                self.equity = Some(pinion_model::body::VerdictBody::from_bytes(&record.body).equity);
            }
            _ => {}
        }
        self.inputs += u64::from(kind.class() == Class::Input && kind != Kind::DepthLevels);
    }

    fn json(&self, journal: &AtRest) -> Value {
        let equity = self.equity.map(|m| journal.view.money(journal.view.plan.engine.base_currency, m));
        json!({
            "inputs": self.inputs,
            "intents": self.intents,
            "orders": self.orders,
            "fills": self.fills,
            "last_equity": equity,
        })
    }
}

/// `journal diff`.
pub fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let look = args.look.look()?;
    let (mut a, mut b) = (Decisions::open(&args.a)?, Decisions::open(&args.b)?);
    let plans = plans(&a.journal, &b.journal);
    loop {
        let (x, y) = (a.next()?, b.next()?);
        let same = match (&x, &y) {
            (None, None) => return same(args, (&a, &b), &plans),
            (Some(x), Some(y)) => (x.kind, x.body) == (y.kind, y.body),
            _ => false,
        };
        if !same {
            return differ(args, &look, (&mut a, x), (&mut b, y), &plans);
        }
    }
}

fn same(args: &DiffArgs, (a, b): (&Decisions, &Decisions), plans: &[PlanLine]) -> Result<(), Failure> {
    let ends = [("a", &a.journal), ("b", &b.journal)];
    let ends = ends.iter().filter_map(|(name, j)| Some(format!("{name} {}\n", j.unclosed()?)));
    let mut text = format!("the same {} decisions\n{}", a.count, ends.collect::<String>());
    if !plans.is_empty() {
        text += "their plans differ, and it made no difference\n";
        plans.iter().for_each(|line| text += &line.text());
    }
    let ends = json!({ "a": a.journal.json(), "b": b.journal.json() });
    let plans: Vec<Value> = plans.iter().map(PlanLine::json).collect();
    let json = json!({ "same": true, "decisions": a.count, "plans": plans, "ends": ends });
    args.output.put(&json, &text)?;
    a.journal.nothing_lost().and_then(|()| b.journal.nothing_lost())
}

fn differ(
    args: &DiffArgs,
    look: &Look,
    (a, x): (&mut Decisions, Option<Record>),
    (b, y): (&mut Decisions, Option<Record>),
    plans: &[PlanLine],
) -> Result<(), Failure> {
    let at = a.count.max(b.count);
    a.look_ahead()?;
    b.look_ahead()?;
    let (left, right) = (a.json(x.as_ref()), b.json(y.as_ref()));
    let mut text = format!("the journals differ at decision {at}\n");
    for (name, own, other) in [("a", &left, &right), ("b", &right, &left)] {
        text += &side(look, name, own, other);
    }
    if !plans.is_empty() {
        text += &format!("\n{}\n", look.paint("1", "the plans differ"));
        plans.iter().for_each(|line| text += &line.text());
    }
    let (sums_a, sums_b) = (a.finish()?.json(&a.journal), b.finish()?.json(&b.journal));
    text += &format!("\n{}\n  {:<12} {:>24} {:>24}\n", look.paint("1", "in all"), "", "a", "b");
    for (name, value) in sums_a.as_object().into_iter().flatten() {
        let shown = |v: &Value| if v.is_null() { "-".into() } else { super::view::plain(v) };
        text += &format!("  {name:<12} {:>24} {:>24}\n", shown(value), shown(&sums_b[name]));
    }
    let json = json!({
        "same": false,
        "decision": at,
        "a": left,
        "b": right,
        "plans": plans.iter().map(PlanLine::json).collect::<Vec<_>>(),
        "in_all": { "a": sums_a, "b": sums_b },
    });
    super::latency::put(&args.output, look, &json, &text)?;
    Err(Failure::Run(format!("the journals differ at decision {at}")))
}

/// One side: its decision, what caused it and what it rested on; what the other side has otherwise is marked.
fn side(look: &Look, name: &str, own: &Value, other: &Value) -> String {
    let mut text = format!("\n{}\n", look.paint("1", name));
    let pairs =
        [("decision", &own["decision"], &other["decision"]), ("input", &own["input"], &other["input"])];
    for (title, record, against) in pairs {
        text += &block(look, title, record, against);
    }
    let none = Vec::new();
    let (mine, theirs) = (own["evidence"].as_array().unwrap_or(&none), other["evidence"].as_array());
    for (at, record) in mine.iter().enumerate() {
        let against = theirs.and_then(|all| all.get(at)).unwrap_or(&Value::Null);
        text += &block(look, "evidence", record, against);
    }
    text
}

/// Fields that say where a record stands, not what it says.
const PLACES: [&str; 2] = ["position", "ticks"];

fn block(look: &Look, title: &str, record: &Value, against: &Value) -> String {
    let Some(fields) = record.as_object() else { return format!("  {title}: none\n") };
    let kind = fields.get("kind").and_then(Value::as_str).unwrap_or("?");
    let mut text = format!("  {title}: {kind} [{}]\n", fields.get("position").unwrap_or(&Value::Null));
    for (name, value) in fields.iter().filter(|(n, _)| *n != "kind" && !PLACES.contains(&n.as_str())) {
        let differs = against.get(name) != Some(value);
        let line = format!("  {} {name:<22} {}", if differs { '*' } else { ' ' }, super::view::plain(value));
        text += &if differs { look.paint("1;33", &line) } else { line };
        text.push('\n');
    }
    text
}

/// A key of the plans with its values; `None` where a side has none.
struct PlanLine {
    key: String,
    a: Option<String>,
    b: Option<String>,
}

impl PlanLine {
    fn text(&self) -> String {
        let shown = |v: &Option<String>| v.clone().unwrap_or_else(|| "-".into());
        format!("  {}: a {}, b {}\n", self.key, shown(&self.a), shown(&self.b))
    }

    fn json(&self) -> Value {
        json!({ "key": self.key, "a": self.a, "b": self.b })
    }
}

/// Where the canonical texts of two plans differ, by the path of the key.
fn plans(a: &AtRest, b: &AtRest) -> Vec<PlanLine> {
    let keys = [&a.view.plan.canonical, &b.view.plan.canonical].map(|text| keyed(text));
    let find =
        |side: &[(String, String)], key: &str| side.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
    let mut all: Vec<String> = keys[0].iter().map(|(k, _)| k.clone()).collect();
    all.extend(keys[1].iter().map(|(k, _)| k.clone()).filter(|k| find(&keys[0], k).is_none()));
    let lines = all.into_iter().map(|key| {
        let (a, b) = (find(&keys[0], &key), find(&keys[1], &key));
        PlanLine { key, a, b }
    });
    lines.filter(|line| line.a != line.b).collect()
}

/// Each value of a canonical text with its path: `strategies[0].entries[1].name`.
fn keyed(text: &str) -> Vec<(String, String)> {
    // Indentation, name, and the number of the item that is open below it.
    let mut path: Vec<(usize, String, Option<usize>)> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let mut indent = line.len() - line.trim_start().len();
        let mut rest = line.trim_start();
        let item = rest.strip_prefix("- ");
        path.retain(|(at, _, _)| *at < indent + usize::from(item.is_some()));
        if let Some(after) = item {
            if let Some((_, _, number)) = path.last_mut() {
                *number = Some(number.map_or(0, |n| n + 1));
            }
            (rest, indent) = (after, indent + 2);
        }
        let step = |(_, name, number): &(usize, String, Option<usize>)| {
            number.map_or_else(|| name.clone(), |n| format!("{name}[{n}]"))
        };
        let prefix: Vec<String> = path.iter().map(step).collect();
        match rest.split_once(": ") {
            Some((key, value)) => {
                let key = prefix.iter().map(String::as_str).chain([key]).collect::<Vec<_>>().join(".");
                found.push((key, value.to_string()));
            }
            None if rest.ends_with(':') => path.push((indent, rest.trim_end_matches(':').to_string(), None)),
            None => found.push((prefix.join("."), rest.to_string())),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_a_canonical_text_have_the_paths_of_their_keys() {
        let text = "name: \"x\"\nstrategies:\n  - name: \"a\"\n    entries:\n      - name: R\n        n: 3\n      - name: S\nrisk:\n  limit: 2\n";
        let want = [
            ("name", "\"x\""),
            ("strategies[0].name", "\"a\""),
            ("strategies[0].entries[0].name", "R"),
            ("strategies[0].entries[0].n", "3"),
            ("strategies[0].entries[1].name", "S"),
            ("risk.limit", "2"),
        ];
        let found = keyed(text);
        let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, want);
    }
}
