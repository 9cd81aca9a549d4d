//! Which records: one filter for every command that goes through a journal.
//!
//! Owns what the options mean and the judgement of a raw frame. Only what passes is made into text, and only
//! then is it held against a pattern.

use super::at_rest::AtRest;
use super::facts;
use super::when;
use crate::failure::Failure;
use clap::Args;
use jiff::tz::TimeZone;
use pinion_model::record::{Class, Kind, Record};
use regex::Regex;

/// Which records.
#[derive(Args, Clone, Default)]
pub struct FilterArgs {
    /// Kinds, separated by commas
    #[arg(long, value_delimiter = ',')]
    kind: Vec<String>,
    /// input, decision, evidence or system, separated by commas
    #[arg(long, value_delimiter = ',')]
    class: Vec<String>,
    /// Records of these instruments
    #[arg(long, value_delimiter = ',')]
    instrument: Vec<String>,
    /// Records of this order
    #[arg(long)]
    order: Option<u64>,
    /// Intents, orders, positions and signals of this strategy: its name, or its number from 0
    #[arg(long)]
    strategy: Option<String>,
    /// First position
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Last position
    #[arg(long, default_value_t = u64::MAX, hide_default_value = true)]
    to: u64,
    /// From this engine time on: 2025-03-25T23:07Z, 23:07, or -10m before the end
    #[arg(long, allow_hyphen_values = true)]
    since: Option<String>,
    /// Up to this engine time, in the same forms
    #[arg(long, allow_hyphen_values = true)]
    until: Option<String>,
    /// Records whose line matches this regular expression
    #[arg(long = "where", id = "where", value_name = "PATTERN")]
    pattern: Option<String>,
}

/// A filter in terms of a journal's plan and positions.
pub struct Filter {
    kinds: Option<Box<[bool; facts::NUMBERS]>>,
    instruments: Option<Vec<u32>>,
    order: Option<u64>,
    strategy: Option<u16>,
    /// First position that it takes.
    pub from: u64,
    /// The position behind the last that it takes.
    pub end: u64,
    pattern: Option<Regex>,
}

impl FilterArgs {
    /// True when every record passes.
    pub fn takes_all(&self) -> bool {
        let asks = self.kind.is_empty() && self.class.is_empty() && self.instrument.is_empty();
        let asks = asks && self.order.is_none() && self.strategy.is_none() && self.pattern.is_none();
        asks && self.from == 0 && self.to == u64::MAX && self.since.is_none() && self.until.is_none()
    }

    /// The kinds that are named.
    pub fn kinds(&self) -> &[String] {
        &self.kind
    }

    /// What a first argument asks for besides the options.
    pub fn and_pattern(&mut self, pattern: Option<String>) -> Result<(), Failure> {
        if pattern.is_some() && self.pattern.is_some() {
            return Err(Failure::Usage("error: give one pattern, as an argument or with --where".into()));
        }
        self.pattern = pattern.or(self.pattern.take());
        Ok(())
    }

    /// The filter over a journal; what is unknown is refused with what there is.
    pub fn over(&self, journal: &AtRest, zone: &TimeZone) -> Result<Filter, Failure> {
        let mut filter = Filter {
            kinds: self.numbers()?,
            instruments: None,
            order: self.order,
            strategy: None,
            from: self.from,
            end: self.to.saturating_add(1).min(journal.end_position()),
            pattern: None,
        };
        let plan = &journal.view.plan.engine;
        if !self.instrument.is_empty() {
            let symbols: Vec<&str> = plan.instruments.iter().map(|i| i.symbol.as_str()).collect();
            let find = |name: &String| match symbols.iter().position(|s| s.eq_ignore_ascii_case(name)) {
                Some(at) => Ok(at as u32),
                None => Err(unknown("instrument", name, &symbols)),
            };
            filter.instruments = Some(self.instrument.iter().map(find).collect::<Result<_, _>>()?);
        }
        if let Some(name) = &self.strategy {
            let names: Vec<&str> = plan.strategies.iter().map(|s| s.name.as_str()).collect();
            let by_number = name.parse::<usize>().ok().filter(|n| *n < names.len());
            let at = names.iter().position(|s| s.eq_ignore_ascii_case(name)).or(by_number);
            filter.strategy = Some(at.ok_or_else(|| unknown("strategy", name, &names))? as u16);
        }
        if let Some(pattern) = &self.pattern {
            let made = Regex::new(pattern);
            filter.pattern = Some(made.map_err(|e| Failure::Usage(format!("error: --where: {e}")))?);
        }
        if self.since.is_some() || self.until.is_some() {
            let bounds = journal.bounds()?;
            let at = |text: &String| when::parse(text, zone, &bounds);
            if let Some(since) = &self.since {
                filter.from = filter.from.max(journal.position_at(at(since)?)?);
            }
            if let Some(until) = &self.until {
                filter.end = filter.end.min(journal.position_at(at(until)?.saturating_add(1))?);
            }
        }
        Ok(filter)
    }

    fn numbers(&self) -> Result<Option<Box<[bool; facts::NUMBERS]>>, Failure> {
        if self.kind.is_empty() && self.class.is_empty() {
            return Ok(None);
        }
        let mut taken = Box::new([false; facts::NUMBERS]);
        for name in &self.kind {
            let labels: Vec<&str> = Kind::ALL.iter().map(|k| k.label()).collect();
            let kind = Kind::ALL.iter().find(|k| k.label() == name);
            let kind = kind.ok_or_else(|| unknown("kind", name, &labels))?;
            taken[*kind as usize] = true;
        }
        for name in &self.class {
            let class = class_of(name)?;
            Kind::ALL.iter().filter(|k| k.class() == class).for_each(|k| taken[*k as usize] = true);
        }
        Ok(Some(taken))
    }
}

const CLASSES: [(&str, Class); 4] = [
    ("input", Class::Input),
    ("decision", Class::Decision),
    ("evidence", Class::Evidence),
    ("system", Class::System),
];

fn class_of(name: &str) -> Result<Class, Failure> {
    let found = CLASSES.iter().find(|(label, _)| *label == name).map(|(_, class)| *class);
    found.ok_or_else(|| unknown("class", name, &CLASSES.map(|(label, _)| label)))
}

/// A name that is not among those known, with the nearest of them.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    let near = known.iter().map(|k| (distance(&name.to_lowercase(), &k.to_lowercase()), *k)).min();
    let near = near.filter(|(d, _)| *d <= 2.max(name.len() / 3));
    let hint = near.map_or(String::new(), |(_, k)| format!("; did you mean `{k}`?"));
    Failure::Usage(format!("error: unknown {what} `{name}`{hint} There are: {}", known.join(", ")))
}

/// Changes of one character that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let (mut diagonal, first) = (row[0], i + 1);
        row[0] = first;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

impl Filter {
    /// A frame passes as far as it can be told without its text; positions are the caller's.
    #[inline]
    pub fn takes_frame(&self, record: &Record) -> bool {
        if let Some(kinds) = &self.kinds
            && !kinds.get(usize::from(record.kind)).copied().unwrap_or(false)
        {
            return false;
        }
        if let Some(order) = self.order
            && facts::order(record) != Some(order)
        {
            return false;
        }
        if let Some(among) = &self.instruments
            && !facts::instrument(record).is_some_and(|id| among.contains(&id.0))
        {
            return false;
        }
        self.strategy.is_none_or(|number| facts::strategy(record) == Some(number))
    }

    /// Text is asked for besides the frame.
    pub fn has_pattern(&self) -> bool {
        self.pattern.is_some()
    }

    /// The line of a frame that passed passes as well.
    pub fn takes_line(&self, line: &str) -> bool {
        self.pattern.as_ref().is_none_or(|p| p.is_match(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_met_with_the_nearest_and_with_all() {
        let said = unknown("kind", "exection", &["order", "execution"]).to_string();
        assert!(said.contains("did you mean `execution`?") && said.ends_with("order, execution"), "{said}");
        let said = unknown("kind", "zzzzzz", &["order"]).to_string();
        assert!(!said.contains("did you mean"), "{said}");
    }

    #[test]
    fn a_frame_is_held_against_every_option() {
        let args = FilterArgs { kind: vec!["order".into()], ..FilterArgs::default() };
        assert!(args.numbers().unwrap().unwrap()[Kind::Order as usize]);
        let args = FilterArgs { class: vec!["evidence".into()], ..FilterArgs::default() };
        let taken = args.numbers().unwrap().unwrap();
        assert!(taken[Kind::Signal as usize] && !taken[Kind::Order as usize]);
        assert!(class_of("inptu").unwrap_err().to_string().contains("did you mean `input`?"));
    }
}
