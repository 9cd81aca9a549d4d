//! The reference of the indicators, from their declarations.

use pinion_engine::indicators::call::{Call, range};
use pinion_engine::indicators::define::{IndicatorDef, Source};
use pinion_engine::rules::params::{ParamDef, ParamKind};
use pinion_model::number::Ratio;
use serde_json::{Value, json};

/// A parameter's value as people write it.
fn shown(param: &ParamDef, value: i64) -> String {
    match param.kind {
        ParamKind::Ratio { .. } => Ratio(value).to_decimal().to_string(),
        _ => value.to_string(),
    }
}

fn source(def: &IndicatorDef) -> String {
    match def.source {
        Source::TaLib(name) => format!("TA-Lib {name}"),
        Source::Text(text) => text.to_string(),
    }
}

/// The indicator with its defaults.
fn defaults(def: &'static IndicatorDef) -> Call {
    Call::of(def, &[]).expect("the defaults of a declaration are allowed")
}

/// A declaration as JSON. Numbers of parameters are exact strings where they are decimals.
pub fn json(def: &'static IndicatorDef) -> Value {
    let param = |p: &ParamDef| {
        let (default, min, max) = range(p);
        let number = |v: i64| match p.kind {
            ParamKind::Ratio { .. } => json!(shown(p, v)),
            _ => json!(v),
        };
        json!({
            "name": p.name,
            "default": number(default),
            "min": number(min),
            "max": number(max),
            "unit": p.unit,
            "doc": p.doc,
        })
    };
    let talib = match def.source {
        Source::TaLib(name) => Some(name),
        Source::Text(_) => None,
    };
    json!({
        "name": def.name,
        "aliases": def.aliases,
        "params": def.params.iter().map(param).collect::<Vec<_>>(),
        "outputs": def.outputs.iter().map(|o| json!({ "name": o.name, "unit": o.unit.name() })).collect::<Vec<_>>(),
        "inputs": def.inputs.iter().map(|i| i.name()).collect::<Vec<_>>(),
        "source": source(def),
        "ta_lib": talib,
        "warm_up": defaults(def).warm_up(),
        "doc": def.doc,
    })
}

/// One line each: name with defaults, and the first sentence.
pub fn list(defs: &'static [&'static IndicatorDef]) -> String {
    let names: Vec<String> = defs.iter().map(|def| defaults(def).to_string()).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    let line = |(name, def): (&String, &&IndicatorDef)| {
        let sentence = def.doc.split_once(". ").map_or(def.doc.trim_end_matches('.'), |(first, _)| first);
        format!("{name:width$}  {sentence}\n")
    };
    let lines: String = names.iter().zip(defs).map(line).collect();
    format!("{lines}{} indicators; `pinion indicator show NAME` tells more of one\n", defs.len())
}

/// All of one declaration.
pub fn describe(def: &'static IndicatorDef) -> String {
    let call = defaults(def);
    let mut text = format!("{call}\n{}\n", def.doc);
    if !def.aliases.is_empty() {
        text += &format!("  also called  {}\n", def.aliases.join(", "));
    }
    let inputs: Vec<&str> = def.inputs.iter().map(|i| i.name()).collect();
    text += &format!("  source       {}\n  reads        {}\n", source(def), inputs.join(", "));
    let fed = match () {
        () if def.reads_bars() => "bars",
        () if inputs.contains(&"quote") => "quotes",
        () => "trades",
    };
    text += &format!("  warm-up      {} {fed} with the defaults\n", call.warm_up());
    for param in def.params {
        let (default, min, max) = range(param);
        let [default, min, max] = [default, min, max].map(|value| shown(param, value));
        text += &format!("  parameter    {} = {default} ({min} to {max} {})", param.name, param.unit)
            .replace(" )", ")");
        text += &format!("  {}\n", param.doc);
    }
    for output in def.outputs {
        text += &format!("  output       {} ({})\n", output.name, output.unit.name());
    }
    text
}
