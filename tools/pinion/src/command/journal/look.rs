//! How answers look: the zone of times, colour, pager, and the columns of a record.

use super::facts;
use super::view::{View, plain};
use super::when;
use crate::failure::Failure;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use pinion_model::instrument::InstrumentId;
use pinion_model::record::{Class, Kind, Record};
use std::io::IsTerminal;

/// When there is colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How it looks.
#[derive(Args, Clone, Default)]
pub struct LookArgs {
    /// Times of this machine's zone instead of UTC
    #[arg(long, conflicts_with = "tz")]
    local: bool,
    /// Times of this zone, such as Europe/Vienna
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: Colour,
    /// Do not start $PAGER when the answer is longer than the terminal
    #[arg(long)]
    no_pager: bool,
}

/// How it looks, decided.
#[derive(Clone)]
pub struct Look {
    /// Zone of times.
    pub zone: TimeZone,
    /// Its name.
    pub zone_name: String,
    /// Colour is put in.
    pub colour: bool,
    /// A pager may be started.
    pub pager: bool,
}

impl LookArgs {
    /// Decides.
    pub fn look(&self) -> Result<Look, Failure> {
        let zone = when::zone(self.tz.as_deref(), self.local)?;
        let name = zone.iana_name().map_or_else(|| "local".to_string(), str::to_string);
        let colour = match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && std::io::stdout().is_terminal()
            }
        };
        Ok(Look { zone, zone_name: name, colour, pager: !self.no_pager })
    }
}

const DIM: &str = "90";
const RED: &str = "31";

impl Look {
    /// Text in a colour (a number of ECMA-48), where there is colour.
    pub fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_string() }
    }

    /// A time in the zone, as wide as every other.
    pub fn time(&self, ns: Option<i64>) -> String {
        ns.map_or_else(|| format!("{:<29}", "-"), |ns| when::shown(ns, &self.zone))
    }

    /// The line above records.
    pub fn header(&self, view: &View) -> String {
        let time = format!("time ({})", self.zone_name);
        let width = symbol_width(view);
        let line = format!("{:>9}  {time:<29}  {:<12}  {:<width$}  what", "position", "kind", "instrument");
        self.paint("1", &line)
    }

    /// A record in columns.
    pub fn row(&self, view: &View, r: &Record) -> String {
        let kind = r.kind();
        let label = kind.map_or("unknown", Kind::label);
        let colour = match kind.map(Kind::class) {
            Some(Class::Input) => "36",
            Some(Class::Decision) => "1;33",
            Some(Class::Evidence) => "35",
            Some(Class::System) | None => DIM,
        };
        let id = facts::instrument(r);
        let symbol = id.map_or_else(|| "-".into(), |id| view.symbol(id));
        let width = symbol_width(view);
        let what = details(view, r, id);
        let bad = ["rejected", "failed", "passed false", "halt", "stale"].iter().any(|w| what.contains(w));
        let what = if bad { self.paint(RED, &what) } else { what };
        format!(
            "{:>9}  {}  {}  {symbol:<width$}  {what}",
            r.position,
            self.time(facts::time_ns(r)),
            self.paint(colour, &format!("{label:<12}")),
        )
    }
}

fn symbol_width(view: &View) -> usize {
    view.plan.engine.instruments.iter().map(|i| i.symbol.len()).max().unwrap_or(0).max("instrument".len())
}

/// What a record says besides its columns, with units.
fn details(view: &View, r: &Record, id: Option<InstrumentId>) -> String {
    let fields = view.fields(r);
    let (mut said, mut behind) = (Vec::new(), Vec::new());
    for (name, value) in &fields {
        let shown = plain(value);
        match name.as_str() {
            "time" | "instrument" => {}
            "seq" | "cause" | "line" => behind.push(format!("{name} {shown}")),
            _ => said.push(match id.and_then(|id| view.unit(name, id)) {
                Some(unit) => format!("{name} {shown} {unit}"),
                None => format!("{name} {shown}"),
            }),
        }
    }
    said.extend(behind);
    said.join("  ")
}

impl View {
    /// The unit of a field that is a bare number: the quote currency of prices, the base of quantities.
    pub fn unit(&self, field: &str, id: InstrumentId) -> Option<&str> {
        let instrument = self.plan.engine.instruments.get(id.index())?;
        let currency = match field {
            "bid" | "ask" | "price" | "open" | "high" | "low" | "close" | "limit" | "trigger"
            | "reference" | "stop_distance" => instrument.quote,
            "qty" | "bid_qty" | "ask_qty" | "volume" | "filled" | "leaves" => instrument.base,
            _ => return None,
        };
        Some(self.plan.engine.currencies.get(currency.index())?.code.as_str())
    }
}
