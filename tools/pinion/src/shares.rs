//! Prices of shares: a backtest over prices that jump like a split needs a file of actions, or the word that
//! it is meant so. Other instruments are only warned about.

use crate::failure::Failure;
use jiff::civil::Weekday;
use pinion_model::decimal::Scaled;
use pinion_model::event::Bar;
use pinion_model::instrument::InstrumentKind;
use pinion_plan::{Config, Plan};
use pinion_recorded::actions::{Action, Splits};
use pinion_recorded::source::Input;
use pinion_recorded::survey::{InstrumentSurvey, Jump, Survey, is_jump};
use std::fmt::Write;
use std::path::Path;

/// Most jumps that are listed.
const LISTED: usize = 10;

/// The splits that each file's prices are adjusted for.
pub fn splits_of(
    config: &Config,
    surveys: &[Option<Survey>],
    actions: &[Action],
) -> Result<Vec<Splits>, Failure> {
    let symbols: Vec<Option<String>> = surveys.iter().map(|s| table_symbol(config, s.as_ref())).collect();
    let mut known: Vec<&String> = symbols.iter().flatten().collect();
    known.sort();
    known.dedup();
    if known.len() > 1 && actions.iter().any(|a| a.symbol.is_none()) {
        let known: Vec<&str> = known.iter().map(|s| s.as_str()).collect();
        return Err(Failure::Usage(format!(
            "error: the file of `actions` does not say which of {} each line is of; add a column `symbol`",
            known.join(", ")
        )));
    }
    let splits = symbols.iter().map(|symbol| {
        let Some(symbol) = symbol else { return Ok(Splits::default()) };
        let own = actions.iter().filter(|a| a.symbol.as_ref().is_none_or(|s| s == symbol));
        Splits::of(own).ok_or_else(|| {
            Failure::Usage(format!(
                "error: the splits of {symbol} in `actions` multiply to more than a trillion"
            ))
        })
    });
    splits.collect()
}

/// Symbol of a table: that of the only instrument of the text, else that of the file.
fn table_symbol(config: &Config, survey: Option<&Survey>) -> Option<String> {
    let found = survey?.instruments.first().filter(|i| i.bars + i.quotes + i.trades > 0)?;
    let mut named = config.named();
    match (named.next(), named.next()) {
        (Some((only, _)), None) => Some(only.to_uppercase()),
        _ => Some(found.symbol.clone()),
    }
}

/// A jump that is left after the splits are applied, and the file that it is in.
struct Left<'a> {
    jump: Jump,
    file: &'a Path,
}

/// What prices do that no market does: an error for shares whose jumps nobody explains, else warnings.
pub fn check(
    config: &Config,
    plan: &Plan,
    inputs: &[Input],
    surveys: &[Option<Survey>],
    actions: Option<&[Action]>,
) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    if let Some(paid) = actions.map(|a| a.iter().filter(|a| a.dividend).count()).filter(|n| *n > 0) {
        notes.push(format!(
            "{paid} dividends of `actions` change no price and are not paid: the result lacks them"
        ));
    }
    notes.extend(strangers(plan, actions.unwrap_or_default()));
    if config.data.raw {
        return Ok(notes);
    }
    for (at, instrument) in plan.engine.instruments.iter().enumerate() {
        let own = inputs.iter().zip(surveys).filter(|(input, _)| input.instrument.index() == at);
        let own: Vec<(&Input, &InstrumentSurvey)> = own
            .filter_map(|(input, s)| Some((input, s.as_ref()?.instruments.first()?)))
            .filter(|(_, found)| found.bars > 0)
            .collect();
        if let Some((input, _)) = own.first() {
            adjusted_already(&own, &input.splits, &instrument.symbol)?;
        }
        let of_it =
            |a: &&Action| a.symbol.as_ref().is_none_or(|s| s.eq_ignore_ascii_case(&instrument.symbol));
        let its: Vec<&Action> = actions.unwrap_or_default().iter().filter(of_it).collect();
        notes.extend(odd_splits(&instrument.symbol, &its, &own));
        let (count, left) = jumps_left(&own, &its);
        if count == 0 {
            continue;
        }
        let list = list(&left, count);
        if instrument.kind == InstrumentKind::Equity {
            return Err(unexplained(&instrument.symbol, count, &list, &left, actions.map(|_| &its[..])));
        }
        notes.push(format!(
            "the prices of {} ({}) jump by more than 35 % between bars {count} times; is the data whole, and of one \
             instrument?\n{}",
            instrument.symbol,
            instrument.kind,
            list.trim_end()
        ));
    }
    Ok(notes)
}

/// The refusal of shares whose prices jump; `its` are its lines of `actions`, where there is such a file.
fn unexplained(symbol: &str, count: u64, list: &str, left: &[Left<'_>], its: Option<&[&Action]>) -> Failure {
    let Some(its) = its else {
        return Failure::Usage(format!(
            "error: the prices of {symbol} jump like a split {count} times:\n{list}  = add `data: {{actions: FILE}}` \
             (CSV: date,split_ratio,dividend) to adjust them, or `data: {{adjust: raw}}` to trade them as they are"
        ));
    };
    let held = match its.iter().filter(|a| a.ratio != (1, 1)).count() {
        0 => format!("`actions` holds no split of {symbol}"),
        n => format!("the {n} splits of {symbol} in `actions` are applied"),
    };
    let example = left.first().map_or(String::new(), |l| {
        format!("; where the market did it, say so there by the line `{},1,`", day(l.jump.after_ns))
    });
    Failure::Usage(format!(
        "error: {held}, and its prices still jump like a split {count} times:\n{list}  = correct the dates (the first \
         day on the new basis) and the ratios in `actions`{example}"
    ))
}

/// A note on the lines that are of none of the plan's instruments.
fn strangers(plan: &Plan, actions: &[Action]) -> Option<String> {
    let known = |s: &str| plan.engine.instruments.iter().any(|i| i.symbol.eq_ignore_ascii_case(s));
    let mut symbols: Vec<&str> = actions.iter().filter_map(|a| a.symbol.as_deref()).collect();
    symbols.retain(|s| !known(s));
    symbols.sort_unstable();
    symbols.dedup();
    let shown = symbols.join(", ");
    (!symbols.is_empty()).then(|| format!("lines of `actions` for {shown} are of no instrument of this plan"))
}

/// Splits that do nothing, or what nobody may have meant, to these files.
fn odd_splits(symbol: &str, its: &[&Action], own: &[(&Input, &InstrumentSurvey)]) -> Vec<String> {
    let ends = own.iter().filter_map(|(_, found)| found.ends);
    let span =
        ends.map(|[(a, _), (b, _)]| (a.open_ns, b.open_ns)).reduce(|x, y| (x.0.min(y.0), x.1.max(y.1)));
    let Some((first_ns, last_ns)) = span else { return Vec::new() };
    let mut notes = Vec::new();
    for action in its.iter().filter(|a| a.ratio != (1, 1)) {
        let (date, (new, old)) = (action.date, action.ratio);
        let name = format!("line {} of `actions`, the split {new}:{old} of {symbol} on {date},", action.line);
        if action.at_ns() > last_ns {
            let last = day(last_ns);
            notes.push(format!("{name} is behind the last bar ({last}): every price is divided by it"));
        } else if action.at_ns() <= first_ns {
            notes.push(format!("{name} is not behind the first bar ({}): it changes nothing", day(first_ns)));
        } else if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            notes.push(format!(
                "{name} is on a weekend: the first bar behind it is taken as the first on the new basis"
            ));
        }
    }
    notes
}

/// Jumps that neither splits nor the market explain, in the files of one instrument and between them: how
/// many, and the first.
fn jumps_left<'a>(own: &[(&'a Input, &InstrumentSurvey)], its: &[&Action]) -> (u64, Vec<Left<'a>>) {
    let is_left = |splits: &Splits, jump: &Jump| {
        let (by, over) = splits.between(jump.before_ns, jump.after_ns);
        let jumps = is_jump(i128::from(jump.before.0) * by, i128::from(jump.after.0) * over);
        let (from, to) = (jump.before_ns, jump.after_ns);
        let moved =
            |a: &&&Action| a.moved && (from < a.at_ns() && a.at_ns() <= to || a.date.to_string() == day(to));
        jumps && !its.iter().any(|a| moved(&a))
    };
    let mut left = Vec::new();
    let mut count = 0;
    for (input, found) in own {
        let kept = found.jump_list.iter().filter(|jump| is_left(&input.splits, jump));
        let explained = found.jump_list.len() as u64 - kept.clone().count() as u64;
        count += found.jumps - explained;
        left.extend(kept.map(|jump| Left { jump: *jump, file: &input.path }));
    }
    let mut ends: Vec<(&Input, [(Bar, u64); 2])> =
        own.iter().filter_map(|(input, f)| Some((*input, f.ends?))).collect();
    ends.sort_by_key(|(_, [(first, _), _])| first.open_ns);
    for pair in ends.windows(2) {
        let ((_, [_, (before, _)]), (input, [(after, line), _])) = (pair[0], pair[1]);
        if before.open_ns < after.open_ns
            && let Some(jump) =
                Jump::between(&before, &after, line).filter(|jump| is_left(&input.splits, jump))
        {
            count += 1;
            left.push(Left { jump, file: &input.path });
        }
    }
    left.sort_by_key(|l| l.jump.after_ns);
    (count, left)
}

/// Prices that do not change at a split are adjusted already; adjusting them again would make a jump.
fn adjusted_already(
    own: &[(&Input, &InstrumentSurvey)],
    splits: &Splits,
    symbol: &str,
) -> Result<(), Failure> {
    const DAY_NS: i64 = 86_400_000_000_000;
    for (date, at_ns, (new, old)) in splits.large() {
        let (from, to) = (at_ns.saturating_sub(DAY_NS), at_ns.saturating_add(DAY_NS));
        let within =
            |f: &InstrumentSurvey| f.ends.is_some_and(|[(a, _), (b, _)]| a.open_ns < from && to < b.open_ns);
        let jumps = |f: &InstrumentSurvey| f.jump_list.iter().any(|j| j.before_ns < to && from <= j.after_ns);
        if let Some((input, _)) = own.iter().find(|(_, f)| within(f) && !jumps(f)) {
            return Err(Failure::Usage(format!(
                "error: {}: the prices of {symbol} do not change at the split of {date} ({new}:{old} in `actions`): \
                 they seem to be adjusted already, or the split was on another day; correct or remove the line",
                input.path.display()
            )));
        }
    }
    Ok(())
}

/// The jumps as lines of text.
fn list(left: &[Left<'_>], count: u64) -> String {
    let mut text = String::new();
    for Left { jump, file } in left.iter().take(LISTED) {
        let price = |p: i64| {
            let text = Scaled { value: p.into(), exponent: 9 }.to_string();
            text.trim_end_matches('0').trim_end_matches('.').to_string()
        };
        let change = 100.0 * (jump.after.0 as f64 / jump.before.0 as f64 - 1.0);
        let _ = writeln!(
            text,
            "  {} at {} to {} at {} ({change:+.1} %), {}:{}",
            day(jump.before_ns),
            price(jump.before.0),
            day(jump.after_ns),
            price(jump.after.0),
            file.display(),
            jump.line
        );
    }
    if count as usize > LISTED.min(left.len()) {
        let _ = writeln!(text, "  and {} more", count as usize - LISTED.min(left.len()));
    }
    text
}

/// The day of a time, in UTC.
fn day(ns: i64) -> String {
    jiff::Timestamp::from_nanosecond(ns.into()).unwrap_or_default().strftime("%Y-%m-%d").to_string()
}
