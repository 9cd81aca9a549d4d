//! From a configuration file and data files to a plan and its inputs.

use crate::failure::Failure;
use crate::host::Host;
use crate::shares::{self, splits_of};
use pinion_model::instrument::InstrumentId;
use pinion_plan::{Config, Diagnostics, Fact, Machine, Plan, ShardsConfig, only_part};
use pinion_recorded::actions::{self, Splits};
use pinion_recorded::format::Format;
use pinion_recorded::source::Input;
use pinion_recorded::survey::{InstrumentSurvey, Survey, glance, survey};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A plan with what it runs on.
pub struct Setup {
    /// The plan.
    pub plan: Plan,
    /// The machine at hand.
    pub machine: Machine,
    /// Warnings about the configuration.
    pub warnings: Diagnostics,
    /// Warnings about the data.
    pub notes: Vec<String>,
    /// The files.
    pub inputs: Vec<Input>,
    /// Lines of the files, where they were counted.
    pub lines: u64,
}

/// Reads a configuration file.
pub fn read_config(path: &Path) -> Result<(Config, Diagnostics), Failure> {
    let text = read_text(path)?;
    let base = path.parent().unwrap_or(Path::new("."));
    pinion_plan::read(&path.display().to_string(), &text, base).map_err(|found| match only_part(&text) {
        Some(part) => Failure::Usage(format!(
            "error: {0} is only a part of a configuration ({1})\n  = put it under {2} of a whole one, or look at it \
             alone: pinion config check --part {1} {0}",
            path.display(),
            part.label(),
            part.home()
        )),
        None => Failure::Usage(found.to_string()),
    })
}

/// Reads a text file of the user's.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    if path.is_dir() {
        return Err(Failure::Usage(format!("error: {} is a directory; name a file in it", path.display())));
    }
    let failed = |e| Failure::Usage(format!("error: {}: {e}", path.display()));
    let mut bytes = Vec::new();
    // A device or a pipe may have no end.
    let most = pinion_plan::MOST_BYTES as u64 + 1;
    std::fs::File::open(path).map_err(failed)?.take(most).read_to_end(&mut bytes).map_err(failed)?;
    pinion_plan::decode(&path.display().to_string(), bytes).map_err(|found| Failure::Usage(found.to_string()))
}

/// The plan of a configuration over data files (those that it names when none are given).
pub fn set_up(
    config_path: &Path,
    data: &[PathBuf],
    adjust: impl FnOnce(&mut Config),
) -> Result<Setup, Failure> {
    let (mut config, mut warnings) = read_config(config_path)?;
    adjust(&mut config);
    let files = if data.is_empty() { config.data.files.clone() } else { data.to_vec() };
    if files.is_empty() {
        return Err(Failure::Usage(format!(
            "error: {} names no data; add `data: {{files: [...]}}` or give --data FILE",
            config_path.display()
        )));
    }
    check_files(&files)?;
    // The data is held against the whole account; a shard's part of it is cut out afterwards.
    let only = config.shards.as_mut().and_then(ShardsConfig::whole_first);
    let surveys = look_at(&config, &files)?;
    let actions = match &config.data.actions {
        Some(path) => Some(actions::read(path)?),
        None => None,
    };
    let splits = splits_of(&config, &surveys, actions.as_deref().unwrap_or_default())?;
    let facts = facts(&surveys, &splits);
    let machine = machine();
    pinion_plan::check_threads(&config, &machine, &mut warnings);
    let mut plan = pinion_plan::compile(&config, &facts, &mut warnings)
        .map_err(|found| Failure::Usage(found.to_string()))?;
    let mut inputs = inputs(&plan, &files, &surveys, &splits)?;
    let notes = shares::check(&config, &plan, &inputs, &surveys, actions.as_deref())?;
    let lines = surveys.iter().flatten().map(|s| s.lines).sum();
    if let Some(k) = only {
        let one = plan.for_shard(k).map_err(|found| Failure::Usage(found.to_string()))?;
        inputs = shard_inputs(&plan, &one, &inputs)?;
        plan = one;
    }
    Ok(Setup { plan, machine, warnings, notes, inputs, lines })
}

/// The files of a shard's instruments, of those of the account. A capture may hold any instrument.
pub fn shard_inputs(whole: &Plan, shard: &Plan, inputs: &[Input]) -> Result<Vec<Input>, Failure> {
    let mut own = Vec::new();
    for input in inputs {
        if pinion_recorded::format::of_file(&input.path)? == Format::Capture {
            own.push(input.clone());
            continue;
        }
        let symbol = &whole.engine.instruments[input.instrument.index()].symbol;
        if let Some(at) = shard.engine.instruments.iter().position(|i| i.symbol == *symbol) {
            own.push(Input { instrument: InstrumentId(at as u32), ..input.clone() });
        }
    }
    if own.is_empty() {
        let symbols: Vec<&str> = shard.engine.instruments.iter().map(|i| i.symbol.as_str()).collect();
        return Err(Failure::Usage(format!(
            "error: no file holds data of shard {} ({}); name one in `data: {{files: [...]}}`",
            shard.shard().unwrap_or(0),
            symbols.join(", ")
        )));
    }
    Ok(own)
}

/// The processors of the machine at hand.
pub fn machine() -> Machine {
    let host = Host::live();
    let online = host.online().map(|cpus| cpus.iter().collect());
    let all = || (0..std::thread::available_parallelism().map_or(1, usize::from)).collect();
    let isolated = host.isolated().map(|cpus| cpus.iter().collect()).unwrap_or_default();
    Machine { online: online.unwrap_or_else(all), isolated }
}

/// Files of the user's that must be there.
pub fn check_files(files: &[PathBuf]) -> Result<(), Failure> {
    match files.iter().find(|f| !f.is_file()) {
        Some(dir) if dir.is_dir() => {
            Err(Failure::Usage(format!("error: {} is a directory; name a file in it", dir.display())))
        }
        // Data is read more than once.
        Some(pipe) if pipe.exists() => {
            Err(Failure::Usage(format!("error: {} is no file on a disk; save it to one", pipe.display())))
        }
        Some(missing) => Err(Failure::Usage(format!("error: there is no file {}", missing.display()))),
        None => Ok(()),
    }
}

/// Looks at what the plan must know of the data. Captures are not read when they have nothing to tell.
fn look_at(config: &Config, files: &[PathBuf]) -> Result<Vec<Option<Survey>>, Failure> {
    let look = |file: &PathBuf| {
        if config.holds_any_capture() && pinion_recorded::format::of_file(file)? == Format::Capture {
            return Ok(None);
        }
        Ok(Some(match glance(file)? {
            Some(found) => found,
            None => survey(&[file])?,
        }))
    };
    files.iter().map(look).collect()
}

fn is_capture(survey: &Survey) -> bool {
    survey.files.first().is_some_and(|(_, format)| format == Format::Capture.label())
}

/// Facts about every instrument of the data, of all its files together.
fn facts(surveys: &[Option<Survey>], splits: &[Splits]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for (survey, splits) in surveys.iter().zip(splits) {
        for instrument in survey.iter().flat_map(|s| &s.instruments) {
            let capture = survey.as_ref().is_some_and(is_capture);
            let fact = Fact { extra_decimals: splits.extra_decimals(), ..fact(instrument, capture) };
            match facts.iter_mut().find(|f| f.symbol == fact.symbol) {
                Some(known) => {
                    known.price_decimals = known.price_decimals.max(fact.price_decimals);
                    known.qty_decimals = known.qty_decimals.max(fact.qty_decimals);
                    known.only_quotes &= fact.only_quotes;
                    known.has_depth |= fact.has_depth;
                    known.kind = known.kind.or(fact.kind);
                    known.bar_interval_ns = known.bar_interval_ns.or(fact.bar_interval_ns);
                }
                None => facts.push(fact),
            }
        }
    }
    facts
}

fn fact(i: &InstrumentSurvey, capture: bool) -> Fact {
    Fact {
        symbol: i.symbol.clone(),
        venue: capture.then(|| "binance".to_string()),
        kind: i.looks_like,
        price_decimals: i.price_decimals,
        extra_decimals: 0,
        qty_decimals: i.qty_decimals,
        bar_interval_ns: (i.bars > 0).then_some(i.bar_interval_ns).filter(|ns| *ns > 0),
        only_quotes: i.quotes > 0 && i.trades == 0 && i.bars == 0,
        has_depth: i.depth_updates > 0,
    }
}

/// Which instrument a table is of: the one of its symbol, else the only one.
fn inputs(
    plan: &Plan,
    files: &[PathBuf],
    surveys: &[Option<Survey>],
    splits: &[Splits],
) -> Result<Vec<Input>, Failure> {
    let instruments = &plan.engine.instruments;
    let mut inputs: Vec<Input> = Vec::with_capacity(files.len());
    for ((path, survey), splits) in files.iter().zip(surveys).zip(splits) {
        let mut input = Input::of_capture(path.clone());
        if let Some(survey) = survey.as_ref().filter(|s| !is_capture(s)) {
            let found = &survey.instruments[0];
            let named = instruments.iter().position(|i| i.symbol.eq_ignore_ascii_case(&found.symbol));
            let at = named.or((instruments.len() == 1).then_some(0)).ok_or_else(|| {
                let known: Vec<&str> = instruments.iter().map(|i| i.symbol.as_str()).collect();
                Failure::Usage(format!(
                    "error: {} holds {}, which is none of the plan's instruments ({}); name the file after its symbol",
                    path.display(),
                    found.symbol,
                    known.join(", ")
                ))
            })?;
            input.instrument = InstrumentId(at as u32);
            input.interval_ns = found.bar_interval_ns;
            input.descending = survey.descending;
            input.splits = splits.clone();
        }
        inputs.push(input);
    }
    one_length(plan, &mut inputs, surveys)?;
    Ok(inputs)
}

/// Bars of one instrument have one length, whichever file they are in; that of a file with a single bar is
/// told by the others.
fn one_length(plan: &Plan, inputs: &mut [Input], surveys: &[Option<Survey>]) -> Result<(), Failure> {
    let has_bars = |at: usize| surveys[at].as_ref().is_some_and(|s| s.instruments.iter().any(|i| i.bars > 0));
    for at in (0..inputs.len()).filter(|at| has_bars(*at)) {
        let instrument = inputs[at].instrument;
        let others = inputs.iter().enumerate().filter(|(i, o)| o.instrument == instrument && has_bars(*i));
        let Some(other) = others.map(|(_, o)| o).find(|o| o.interval_ns > 0).cloned() else { continue };
        if inputs[at].interval_ns == 0 {
            inputs[at].interval_ns = other.interval_ns;
        } else if inputs[at].interval_ns != other.interval_ns {
            return Err(Failure::Usage(format!(
                "error: {} and {} hold bars of {} of different lengths, {} s and {} s; give those of one length",
                other.path.display(),
                inputs[at].path.display(),
                plan.engine.instruments[instrument.index()].symbol,
                other.interval_ns as f64 / 1e9,
                inputs[at].interval_ns as f64 / 1e9
            )));
        }
    }
    Ok(())
}
