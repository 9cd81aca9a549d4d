//! From a configuration file and data files to a plan and its inputs.

use crate::failure::Failure;
use pinion_model::instrument::InstrumentId;
use pinion_plan::{Config, Diagnostics, Fact, Plan};
use pinion_recorded::format::Format;
use pinion_recorded::source::Input;
use pinion_recorded::survey::{InstrumentSurvey, Survey, glance, survey};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A plan with what it runs on.
pub struct Setup {
    /// The plan.
    pub plan: Plan,
    /// Warnings about the configuration.
    pub warnings: Diagnostics,
    /// The files.
    pub inputs: Vec<Input>,
    /// Lines of the files, where they were counted.
    pub lines: u64,
}

/// Reads a configuration file.
pub fn read_config(path: &Path) -> Result<(Config, Diagnostics), Failure> {
    let text = read_text(path)?;
    let base = path.parent().unwrap_or(Path::new("."));
    pinion_plan::read(&path.display().to_string(), &text, base)
        .map_err(|found| Failure::Usage(found.to_string()))
}

/// Reads a text file of the user's.
pub fn read_text(path: &Path) -> Result<String, Failure> {
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
    let files = if data.is_empty() { config.files.clone() } else { data.to_vec() };
    if files.is_empty() {
        return Err(Failure::Usage(format!(
            "error: {} names no data; add `data: {{files: [...]}}` or give --data FILE",
            config_path.display()
        )));
    }
    if let Some(missing) = files.iter().find(|f| !f.is_file()) {
        return Err(Failure::Usage(format!("error: there is no file {}", missing.display())));
    }
    let (facts, surveys) = look_at(&config, &files)?;
    let plan = pinion_plan::compile(&config, &facts, &mut warnings)
        .map_err(|found| Failure::Usage(found.to_string()))?;
    let inputs = inputs(&plan, &files, &surveys)?;
    let lines = surveys.iter().flatten().map(|s| s.lines).sum();
    Ok(Setup { plan, warnings, inputs, lines })
}

/// Surveys what the configuration leaves open; captures of instruments that it describes are not read.
fn look_at(config: &Config, files: &[PathBuf]) -> Result<(Vec<Fact>, Vec<Option<Survey>>), Failure> {
    let mut facts: Vec<Fact> = Vec::new();
    let mut surveys = Vec::new();
    for file in files {
        let capture = pinion_recorded::format::of_file(file)? == Format::Capture;
        if capture && config.is_explicit() {
            surveys.push(None);
            continue;
        }
        let found = match glance(file)? {
            Some(found) => found,
            None => survey(&[file])?,
        };
        for instrument in &found.instruments {
            let fact = fact(instrument, capture);
            match facts.iter_mut().find(|f| f.symbol == fact.symbol) {
                Some(known) => {
                    known.price_decimals = known.price_decimals.max(fact.price_decimals);
                    known.qty_decimals = known.qty_decimals.max(fact.qty_decimals);
                    known.only_quotes &= fact.only_quotes;
                }
                None => facts.push(fact),
            }
        }
        surveys.push(Some(found));
    }
    Ok((facts, surveys))
}

fn fact(i: &InstrumentSurvey, capture: bool) -> Fact {
    Fact {
        symbol: i.symbol.clone(),
        venue: capture.then(|| "binance".to_string()),
        price_decimals: i.price_decimals,
        qty_decimals: i.qty_decimals,
        bar_interval_ns: (i.bars > 0).then_some(i.bar_interval_ns).filter(|ns| *ns > 0),
        only_quotes: i.quotes > 0 && i.trades == 0 && i.bars == 0,
        has_depth: i.depth_updates > 0,
    }
}

/// Which instrument a table is of: the one of its symbol, else the only one.
fn inputs(plan: &Plan, files: &[PathBuf], surveys: &[Option<Survey>]) -> Result<Vec<Input>, Failure> {
    let instruments = &plan.engine.instruments;
    let mut inputs = Vec::with_capacity(files.len());
    for (path, survey) in files.iter().zip(surveys) {
        let mut input =
            Input { path: path.clone(), instrument: InstrumentId(0), interval_ns: 0, descending: false };
        if let Some(survey) = survey
            && survey.files.first().is_some_and(|(_, format)| format != Format::Capture.label())
        {
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
        }
        inputs.push(input);
    }
    Ok(inputs)
}
