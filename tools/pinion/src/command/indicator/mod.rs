//! `pinion indicator`: what the engine can compute of a market, and how it looks over a file.

mod plot;
mod reference;
mod series;

use crate::command::data::interval;
use crate::failure::Failure;
use crate::output::Output;
use clap::{Args, Subcommand};
use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::catalog::{INDICATORS, find};
use pinion_engine::rules::params::ParamKind;
use pinion_model::decimal::Decimal;
use pinion_model::number::Ratio;
use serde_json::json;
use std::path::PathBuf;

/// Look at the indicators: what there is, what one means, how it looks
#[derive(Subcommand)]
pub enum IndicatorCommand {
    /// Every indicator with its parameters
    #[command(after_help = "Example: pinion indicator list\n         pinion indicator list --json")]
    List(ListArgs),
    /// One indicator: parameters, outputs, warm-up and where its formula comes from
    #[command(after_help = "Example: pinion indicator show supertrend")]
    Show(ShowArgs),
    /// Draw price and an indicator over a data file, as SVG
    #[command(
        after_help = "Example: pinion indicator plot bbands --data bars.csv --params period=20,deviations=2.5 --out bands.svg\n         pinion indicator plot rsi --data examples/data/binance_spot_20250325.capture.gz --bars 1s --out rsi.svg\n         pinion indicator plot microprice --data examples/data/binance_spot_20250325.capture.gz --symbol BTCUSDT --out micro.svg"
    )]
    Plot(PlotArgs),
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct ShowArgs {
    /// Name or alias, in capital or small letters
    name: String,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct PlotArgs {
    /// Name or alias, in capital or small letters
    name: String,
    /// Bars, quotes or trades, in any format that `pinion data info` reads
    #[arg(long)]
    data: PathBuf,
    /// Parameters that are not to have their defaults, as name=value,name=value
    #[arg(long, default_value = "")]
    params: String,
    /// Picture to write
    #[arg(long)]
    out: PathBuf,
    /// Build bars of this length (1s, 1m, 1h, ...) from trades, or from bids where there are none
    #[arg(long)]
    bars: Option<String>,
    /// Symbol, where the file has several; the first one otherwise
    #[arg(long)]
    symbol: Option<String>,
    /// How many bars, quotes or trades to draw, counted from the end
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=5000))]
    last: u32,
    #[command(flatten)]
    output: Output,
}

/// `pinion indicator`.
pub fn indicator(command: IndicatorCommand) -> Result<(), Failure> {
    match command {
        IndicatorCommand::List(args) => {
            let all: Vec<_> = INDICATORS.iter().map(|def| reference::json(def)).collect();
            args.output.put(&json!({ "indicators": all }), &reference::list(INDICATORS))
        }
        IndicatorCommand::Show(args) => {
            let def = find(&args.name).ok_or_else(|| unknown(&args.name))?;
            args.output.put(&reference::json(def), &reference::describe(def))
        }
        IndicatorCommand::Plot(args) => draw(&args),
    }
}

fn unknown(name: &str) -> Failure {
    let near: Vec<&str> =
        INDICATORS.iter().map(|def| def.name).filter(|n| n.contains(&name.to_uppercase())).collect();
    let hint = if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
    Failure::Usage(format!("error: there is no indicator {name}{hint}; `pinion indicator list` shows them"))
}

/// The indicator with the parameters of the command line.
fn call(name: &str, params: &str) -> Result<Call, Failure> {
    let def = find(name).ok_or_else(|| unknown(name))?;
    let mut values = Vec::new();
    for pair in params.split(',').filter(|pair| !pair.trim().is_empty()) {
        let refused = || Failure::Usage(format!("error: `{pair}` is not name=value, such as period=20"));
        let (key, value) = pair.split_once('=').ok_or_else(refused)?;
        let (key, value) = (key.trim(), value.trim());
        let decimal = Decimal::parse(value.as_bytes()).map_err(|_| refused())?;
        let is_ratio = def.params.iter().any(|p| p.name == key && matches!(p.kind, ParamKind::Ratio { .. }));
        let value = if is_ratio { Ratio::from_decimal(decimal).map(|r| r.0) } else { decimal.to_scaled(0) };
        let value = value.map_err(|e| Failure::Usage(format!("error: {key}={}: {e}", decimal)))?;
        values.push((key, value));
    }
    Call::named(def.name, &values).map_err(|e| Failure::Usage(format!("error: {e}")))
}

fn draw(args: &PlotArgs) -> Result<(), Failure> {
    let call = call(&args.name, &args.params)?;
    let interval_ns = args.bars.as_deref().map(interval).transpose()?;
    let series = series::read(&args.data, args.symbol.as_deref(), interval_ns, &call, args.last as usize)?;
    let picture = plot::svg(&call, &series);
    std::fs::write(&args.out, picture)
        .map_err(|e| Failure::Run(format!("error: {}: {e}", args.out.display())))?;
    let last = series.points.last();
    let value = |output: usize| last.and_then(|point| point.outputs[output]);
    let outputs = call.def().outputs.iter().enumerate();
    let values: serde_json::Map<_, _> =
        outputs.map(|(at, output)| (output.name.to_string(), json!(value(at)))).collect();
    let json = json!({
        "indicator": call.to_string(),
        "symbol": series.symbol,
        "points": series.points.len(),
        "warm_up": call.warm_up(),
        "last": values,
        "out": args.out,
    });
    let text = format!(
        "{call} over the last {} {} of {}: {}\n",
        series.points.len(),
        series.kind,
        series.symbol,
        args.out.display()
    );
    args.output.put(&json, &text)
}
