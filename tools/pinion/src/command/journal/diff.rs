//! `journal diff`: the first decision in which two runs part, with what caused it on each side.

use super::view::View;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::{Cursor, Reader};
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
    view: View,
    cursor: Cursor,
    input: Option<Record>,
    count: u64,
}

impl Decisions {
    fn open(dir: &Path) -> Result<Decisions, Failure> {
        Ok(Decisions { view: View::open(dir)?, cursor: Reader::open(dir)?.cursor(0)?, input: None, count: 0 })
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
        let decision = decision.map_or("no further decision".into(), |r| self.view.line(r));
        let cause = self.input.as_ref().map_or("-".into(), |r| self.view.line(r));
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
                let text = format!("the same {} decisions\n", a.count);
                return args.output.put(&json!({ "same": true, "decisions": a.count }), &text);
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
