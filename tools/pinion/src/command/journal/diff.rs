//! `journal diff`: the first decision in which two runs part, with what caused it on each side.

use super::at_rest::AtRest;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::Cursor;
use pinion_model::record::{Class, Kind, Record};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct DiffArgs {
    /// One journal
    a: PathBuf,
    /// The other
    b: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// One journal's decisions, each with the input before it.
struct Decisions {
    journal: AtRest,
    cursor: Cursor,
    input: Option<Record>,
    count: u64,
}

impl Decisions {
    fn open(dir: &Path) -> Result<Decisions, Failure> {
        let journal = AtRest::open(dir)?;
        Ok(Decisions { cursor: journal.cursor(0)?, journal, input: None, count: 0 })
    }

    fn next(&mut self) -> Result<Option<Record>, Failure> {
        while let Some(record) = self.cursor.next_record()? {
            let record = *record;
            match record.kind().map(Kind::class) {
                Some(Class::Decision) => {
                    self.count += 1;
                    return Ok(Some(record));
                }
                Some(Class::Input) if record.kind() != Some(Kind::DepthLevels) => self.input = Some(record),
                _ => {}
            }
        }
        Ok(None)
    }

    fn describe(&self, decision: Option<&Record>) -> String {
        let decision = decision.map_or("no further decision".into(), |r| self.journal.view.line(r));
        let cause = self.input.as_ref().map_or("-".into(), |r| self.journal.view.line(r));
        format!("{decision}\n    caused by {cause}")
    }
}

/// `journal diff`.
pub fn diff(args: &DiffArgs) -> Result<(), Failure> {
    let (mut a, mut b) = (Decisions::open(&args.a)?, Decisions::open(&args.b)?);
    loop {
        let (x, y) = (a.next()?, b.next()?);
        let same = match (&x, &y) {
            (None, None) => {
                let ends = [("a", &a.journal), ("b", &b.journal)];
                let text = ends.iter().filter_map(|(name, j)| Some(format!("{name} {}\n", j.unclosed()?)));
                let text = format!("the same {} decisions\n{}", a.count, text.collect::<String>());
                let ends = json!({ "a": a.journal.json(), "b": b.journal.json() });
                let json = json!({ "same": true, "decisions": a.count, "ends": ends });
                args.output.put(&json, &text)?;
                return a.journal.nothing_lost().and_then(|()| b.journal.nothing_lost());
            }
            (Some(x), Some(y)) => (x.kind, x.body) == (y.kind, y.body),
            _ => false,
        };
        if !same {
            let at = a.count.max(b.count);
            let (left, right) = (a.describe(x.as_ref()), b.describe(y.as_ref()));
            if args.output.is_json() {
                println!("{:#}", json!({ "same": false, "decision": at, "a": left, "b": right }));
            }
            return Err(Failure::Run(format!(
                "the journals differ at decision {at}\n  a {left}\n  b {right}"
            )));
        }
    }
}
