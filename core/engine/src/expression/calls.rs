//! Names of an expression: prices, the position, the clock, functions, and the catalogue's indicators.

use super::ast::{Argument, Node, Operator, What};
use super::check::Checker;
use super::nearest::suggest;
use super::parser::KEYWORDS;
use super::tree::{Field, Number};
use super::units::Type;
use super::values::{ONE, Value};
use crate::indicators::call::{Call, CallError};
use crate::indicators::catalog::{self, INDICATORS};
use crate::indicators::define::IndicatorDef;
use crate::indicators::history::BarValue;
use crate::rules::params::{ParamDef, ParamKind, RuleKind};

/// Most values of which `highest` and `lowest` take one.
const MOST_BARS: i128 = 500;

const PRICES: [(&str, BarValue); 5] = [
    ("open", BarValue::Open),
    ("high", BarValue::High),
    ("low", BarValue::Low),
    ("close", BarValue::Close),
    ("volume", BarValue::Volume),
];

/// The field that rests on a stop.
pub(super) const PROFIT_R: &str = "profit_r";

/// Fields with the rules that have them.
const FIELDS: [(&str, Field, Type, RuleKind); 5] = [
    ("bars_held", Field::BarsHeld, Type::Number, RuleKind::Exit),
    (PROFIT_R, Field::ProfitR, Type::Number, RuleKind::Exit),
    ("unrealized_pct", Field::UnrealizedPct, Type::Ratio, RuleKind::Exit),
    ("entry_price", Field::EntryPrice, Type::Price, RuleKind::Exit),
    ("bars_since_entry", Field::BarsSinceEntry, Type::Number, RuleKind::Entry),
];

const CLOCK: [(&str, Field, Type); 3] = [
    ("hour", Field::Hour, Type::Hour),
    ("minute", Field::Minute, Type::Minute),
    ("weekday", Field::Weekday, Type::Weekday),
];

const OTHERS: [&str; 9] = ["in_position", "side", "long", "short", "min", "max", "abs", "highest", "lowest"];

/// The known name that is nearest to an unknown one.
fn nearest(name: &str) -> Option<String> {
    let own = PRICES.iter().map(|p| p.0).chain(FIELDS.iter().map(|f| f.0)).chain(CLOCK.iter().map(|c| c.0));
    let indicators = INDICATORS.iter().flat_map(|d| std::iter::once(d.name).chain(d.aliases.iter().copied()));
    suggest(name, own.chain(OTHERS).chain(KEYWORDS).chain(indicators)).map(str::to_lowercase)
}

impl Checker<'_> {
    /// A name without brackets.
    pub fn named(&mut self, name: &str, at: usize) -> Value {
        if let Some((_, value)) = PRICES.iter().find(|(price, _)| *price == name) {
            let of = if *value == BarValue::Volume { Type::Quantity } else { Type::Price };
            return Value::new(of, Number::Bar { value: *value, back: 0 }, at);
        }
        if let Some((_, field, of, kind)) = FIELDS.iter().find(|(field, ..)| *field == name) {
            if *kind == self.kind {
                return Value::new(*of, Number::Field(*field), at);
            }
            let (reason, remedy) = match kind {
                RuleKind::Exit => ("an entry has no position yet", "use it in an exit"),
                RuleKind::Entry => ("an exit has a position", "use `bars_held`"),
            };
            self.fault(at, format!("{reason}: `{name}` has no value here"), remedy);
            return Value::wrong(at);
        }
        if let Some((clock, ..)) = CLOCK.iter().find(|(clock, ..)| *clock == name) {
            self.fault(at, format!("`{clock}` is a function"), format!("write `{clock}()`"));
            return Value::wrong(at);
        }
        match name {
            "side" | "long" | "short" => Value { of: Type::Side, ..Value::wrong(at) },
            "in_position" | "true" | "false" => Value { of: Type::Condition, ..Value::wrong(at) },
            _ => self.called(name, &[], at),
        }
    }

    /// A name with its arguments.
    pub fn called(&mut self, name: &str, arguments: &[Argument], at: usize) -> Value {
        if let Some((_, field, of)) = CLOCK.iter().find(|(clock, ..)| *clock == name) {
            if let Some(first) = arguments.first() {
                self.fault(first.value.at, format!("`{name}` takes nothing"), format!("write `{name}()`"));
            }
            return Value::new(*of, Number::Field(*field), at);
        }
        match (name, arguments) {
            ("abs", [only]) => {
                let inner = self.value(&only.value);
                if inner.of.is_number() {
                    return Value { number: Number::Magnitude(inner.number.into()), at, ..inner };
                }
                Value::wrong(at)
            }
            // With one argument they are the indicators of these names.
            ("min" | "max", [first, rest @ ..]) if !rest.is_empty() => {
                let operator = if name == "min" { Operator::Smaller } else { Operator::Larger };
                let first = self.value(&first.value);
                let all = rest.iter().fold(first, |best, next| {
                    let next = self.value(&next.value);
                    let place = next.at;
                    self.calculate(operator, best, next, place)
                });
                Value { at, ..all }
            }
            ("highest" | "lowest", [of, bars]) => self.extreme(name == "highest", &of.value, &bars.value, at),
            ("abs" | "highest" | "lowest", _) => {
                let remedy =
                    if name == "abs" { "write `abs(x)`".into() } else { format!("write `{name}(high, 20)`") };
                self.fault(at, format!("`{name}` has the wrong number of arguments"), remedy);
                Value::wrong(at)
            }
            _ => self.indicator(name, arguments, None, at),
        }
    }

    fn extreme(&mut self, highest: bool, of: &Node, bars: &Node, at: usize) -> Value {
        let inner = self.value(of);
        let bars = match bars.what {
            What::Number { billionths, percent: false }
                if (ONE..=MOST_BARS * ONE).contains(&billionths) && billionths % ONE == 0 =>
            {
                (billionths / ONE) as usize
            }
            _ => {
                let remedy = format!("write a whole number from 1 to {MOST_BARS}");
                self.fault(bars.at, "the number of bars must be known beforehand", remedy);
                return Value::wrong(at);
            }
        };
        match inner.number {
            _ if inner.of == Type::Wrong => Value::wrong(at),
            Number::Bar { .. } | Number::Output { .. } => {
                if let Err(fault) = inner.number.ago(bars - 1, at) {
                    self.faults.push(fault);
                }
                Value::new(inner.of, Number::Extreme { of: inner.number.into(), bars, highest }, at)
            }
            _ => {
                let remedy = "give a price, the volume or an indicator, as in `highest(high, 20)`";
                self.fault(inner.at, "only prices, volume and indicators have a highest value", remedy);
                Value::wrong(at)
            }
        }
    }

    /// `of.name`.
    pub fn output(&mut self, of: &Node, name: &str, name_at: usize) -> Value {
        match &of.what {
            What::Name(indicator) if catalog::find(indicator).is_some() => {
                self.indicator(indicator, &[], Some((name, name_at)), of.at)
            }
            What::Call { name: indicator, arguments } if !OTHERS.contains(&indicator.as_str()) => {
                self.indicator(indicator, arguments, Some((name, name_at)), of.at)
            }
            _ => {
                let remedy = "write the output behind the indicator, as in `bb(20, 2).lower[1]`";
                self.fault(name_at, "only indicators have outputs", remedy);
                Value::wrong(of.at)
            }
        }
    }

    fn indicator(
        &mut self,
        name: &str,
        arguments: &[Argument],
        output: Option<(&str, usize)>,
        at: usize,
    ) -> Value {
        let Some(def) = catalog::find(name) else {
            let remedy = match nearest(name) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "prices are open, high, low, close and volume; `pinion indicator list` shows the indicators".into(),
            };
            self.fault(at, format!("`{name}` is not known"), remedy);
            return Value::wrong(at);
        };
        if !def.reads_bars() {
            let remedy = "expressions are looked at when a bar ends and read what is made of bars";
            self.fault(at, format!("`{name}` is made of quotes or trades"), remedy);
            return Value::wrong(at);
        }
        let (call, number) = (self.call(def, arguments, at), self.output_number(def, output, at));
        match (call, number) {
            (Some(call), Some(output)) => {
                let number = Number::Output { call, output, back: 0 };
                Value::new(Type::of(def.outputs[output].unit), number, at)
            }
            _ => Value::wrong(at),
        }
    }

    fn output_number(
        &mut self,
        def: &IndicatorDef,
        output: Option<(&str, usize)>,
        at: usize,
    ) -> Option<usize> {
        let names = || def.outputs.iter().map(|o| o.name);
        let known = || names().map(|n| format!("`.{n}`")).collect::<Vec<_>>().join(", ");
        match output {
            None if def.outputs.len() == 1 => Some(0),
            None => {
                let reason = format!("{} has several outputs", def.name);
                self.fault(at, reason, format!("write one of {} behind it", known()));
                None
            }
            Some((name, name_at)) => {
                let found = def.output(name);
                if found.is_none() {
                    let remedy = match suggest(name, names()) {
                        Some(near) => format!("did you mean `.{near}`?"),
                        None => format!("it has {}", known()),
                    };
                    self.fault(name_at, format!("{} has no output `{name}`", def.name), remedy);
                }
                found
            }
        }
    }

    /// The indicator with its parameters; each of the wrong ones is noted.
    fn call(&mut self, def: &'static IndicatorDef, arguments: &[Argument], at: usize) -> Option<Call> {
        let before = self.faults.len();
        let mut values: Vec<Option<i64>> = vec![None; def.params.len()];
        let names = || def.params.iter().map(|p| p.name);
        let known = || format!("it has {}", names().collect::<Vec<_>>().join(", "));
        for (number, argument) in arguments.iter().enumerate() {
            let (place, found) = match &argument.name {
                Some((place, name)) => {
                    let found = names().position(|n| n == name);
                    if found.is_none() {
                        let near = suggest(name, names());
                        let remedy = near.map_or_else(known, |n| format!("did you mean `{n}`?"));
                        self.fault(*place, format!("{} has no parameter `{name}`", def.name), remedy);
                    }
                    (*place, found)
                }
                None => (argument.value.at, (number < def.params.len()).then_some(number)),
            };
            let Some(found) = found else {
                if argument.name.is_none() {
                    let reason = format!("{} takes {} parameters", def.name, def.params.len());
                    self.fault(
                        place,
                        reason,
                        if def.params.is_empty() { "remove it".into() } else { known() },
                    );
                }
                continue;
            };
            let value = self.parameter(def, &def.params[found], &argument.value);
            if values[found].is_some() {
                self.fault(place, format!("`{}` is given twice", def.params[found].name), "keep one of them");
            }
            values[found] = value;
        }
        if self.faults.len() > before {
            return None;
        }
        let given = def.params.iter().zip(&values).filter_map(|(p, v)| Some((p.name, (*v)?)));
        let call = Call::named(def.name, &given.collect::<Vec<_>>());
        call.map_err(|error| self.fault(at, error.to_string(), "give values within the ranges")).ok()
    }

    /// A parameter's value as a [`Call`] has it.
    fn parameter(&mut self, def: &'static IndicatorDef, param: &ParamDef, node: &Node) -> Option<i64> {
        let value = match (&node.what, param.kind) {
            (What::Name(word), ParamKind::Choice { options, .. }) => {
                options.iter().position(|o| o == word).map(|at| at as i64)
            }
            (What::Name(word), ParamKind::Bool { .. }) if word == "true" => Some(1),
            (What::Name(word), ParamKind::Bool { .. }) if word == "false" => Some(0),
            (What::Number { billionths, percent: false }, ParamKind::Ratio { .. }) => {
                i64::try_from(*billionths).ok()
            }
            (What::Number { billionths, percent: false }, ParamKind::Int { .. }) if billionths % ONE == 0 => {
                i64::try_from(billionths / ONE).ok()
            }
            _ => None,
        };
        let Some(value) = value else {
            let remedy = match param.kind {
                ParamKind::Int { min, max, .. } => format!("write a whole number from {min} to {max}"),
                ParamKind::Choice { options, .. } => format!("write one of {}", options.join(", ")),
                ParamKind::Bool { .. } => "write true or false".into(),
                _ => "write the number out".into(),
            };
            self.fault(node.at, format!("`{}` of {} must be known beforehand", param.name, def.name), remedy);
            return None;
        };
        // The range is the declaration's to know.
        match Call::named(def.name, &[(param.name, value)]) {
            Err(CallError::OutOfRange { given, allowed, .. }) => {
                let reason = format!("`{}` of {} is {given}", param.name, def.name);
                self.fault(node.at, reason, format!("it must be {allowed}"));
                None
            }
            _ => Some(value),
        }
    }
}
