//! The reference of the rules, from their declarations.

use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::{ParamDef, ParamKind, RuleDef, RuleKind};
use pinion_model::number::Ratio;
use serde_json::{Value, json};

fn kind(def: &RuleDef) -> &'static str {
    if def.kind == RuleKind::Entry { "entry" } else { "exit" }
}

/// The key of a parameter beside those of other rules, where the two kinds must be told apart.
fn key(def: &RuleDef, param: &ParamDef) -> String {
    format!("{}_{}", if def.kind == RuleKind::Entry { "e" } else { "x" }, param.name)
}

fn decimal(ratio: Ratio) -> String {
    ratio.to_decimal().to_string()
}

/// Type, default and range in words.
fn words(param: &ParamDef) -> [String; 3] {
    match param.kind {
        ParamKind::Int { default, min, max } => {
            ["whole number".into(), default.to_string(), format!("{min} to {max}")]
        }
        ParamKind::Ratio { default, min, max } => {
            ["number".into(), decimal(default), format!("{} to {}", decimal(min), decimal(max))]
        }
        ParamKind::Bool { default } => ["yes or no".into(), default.to_string(), "true or false".into()],
        ParamKind::Choice { default, options } => {
            ["word".into(), options[default].into(), options.join(", ")]
        }
        ParamKind::RatioList { min, max, max_len } => [
            "list of numbers".into(),
            "none".into(),
            format!("at most {max_len}, each {} to {}", decimal(min), decimal(max)),
        ],
        ParamKind::Text { longest } => {
            ["text".into(), "must be given".into(), format!("at most {longest} characters")]
        }
    }
}

/// A parameter as JSON. Decimals are exact strings.
fn param(def: &RuleDef, param: &ParamDef) -> Value {
    let mut value = match param.kind {
        ParamKind::Int { default, min, max } => {
            json!({ "type": "int", "default": default, "min": min, "max": max })
        }
        ParamKind::Ratio { default, min, max } => {
            json!({ "type": "decimal", "default": decimal(default), "min": decimal(min), "max": decimal(max) })
        }
        ParamKind::Bool { default } => json!({ "type": "bool", "default": default }),
        ParamKind::Choice { default, options } => {
            json!({ "type": "choice", "default": options[default], "options": options })
        }
        ParamKind::RatioList { min, max, max_len } => {
            json!({ "type": "list", "default": [], "min": decimal(min), "max": decimal(max), "max_length": max_len })
        }
        ParamKind::Text { longest } => json!({ "type": "text", "default": null, "max_length": longest }),
    };
    value["name"] = json!(param.name);
    value["key"] = json!(key(def, param));
    value["unit"] = json!(param.unit);
    value["doc"] = json!(param.doc);
    value
}

/// What an optimiser may try of a parameter, by the key that sets it; nothing for lists, whose length is
/// part of what they say, and for texts.
fn dimension(def: &RuleDef, param: &ParamDef) -> Option<Value> {
    let name = key(def, param);
    match param.kind {
        ParamKind::Int { min, max, .. } => {
            Some(json!({ "name": name, "type": "int", "low": min, "high": max }))
        }
        ParamKind::Ratio { min, max, .. } => {
            let [low, high] = [min, max].map(|r| r.to_decimal().to_f64());
            Some(json!({ "name": name, "type": "float", "low": low, "high": high }))
        }
        ParamKind::Bool { .. } => {
            Some(json!({ "name": name, "type": "categorical", "choices": [false, true] }))
        }
        ParamKind::Choice { options, .. } => {
            Some(json!({ "name": name, "type": "categorical", "choices": options }))
        }
        ParamKind::RatioList { .. } | ParamKind::Text { .. } => None,
    }
}

/// A declaration as JSON.
pub fn json(def: &RuleDef) -> Value {
    json!({
        "name": def.name,
        "kind": kind(def),
        "aliases": def.aliases,
        "doc": def.doc,
        "params": def.params.iter().map(|p| param(def, p)).collect::<Vec<_>>(),
        "search_space": def.params.iter().filter_map(|p| dimension(def, p)).collect::<Vec<_>>(),
    })
}

/// A text in lines of at most this many characters.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a first line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= most {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.into());
        }
    }
    lines
}

/// Kind, name and when it fires.
pub fn list(defs: &[&RuleDef]) -> String {
    let width = defs.iter().map(|def| def.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for def in defs {
        let (mut kind, mut name) = (kind(def), def.name);
        for line in wrapped(def.doc, 86) {
            text += &format!("{kind:5}  {name:width$}  {line}\n");
            (kind, name) = ("", "");
        }
    }
    text + &format!("{} rules; `pinion strategy show NAME` tells more of one\n", defs.len())
}

/// All of one declaration.
pub fn describe(def: &RuleDef) -> String {
    let mut text = format!("{} ({})\n{}\n", def.name, kind(def), wrapped(def.doc, 110).join("\n"));
    if !def.aliases.is_empty() {
        text += &format!("  also called  {}\n", def.aliases.join(", "));
    }
    for param in def.params {
        let [type_name, default, range] = words(param);
        let unit = if param.unit.is_empty() { String::new() } else { format!(" {}", param.unit) };
        text += &format!("  {} = {default}  ({type_name}, {range}{unit})\n", param.name);
        text += &format!("      {}\n", param.doc);
    }
    let prefix = key(def, &def.params[0]).chars().next().unwrap_or_default();
    text += &format!("Beside other rules a parameter is written with {prefix}_ in front.\n");
    text
}

/// The reference page of the repository.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Rules\n\n\
         Made of the declarations by `pinion strategy list --markdown`; a test holds the two together.\n\n\
         Every entry is mirrored for shorts: high and low, above and below change places, an RSI threshold t\n\
         becomes 100 - t, and volume and range filters stay. Every exit is mirrored for the position that it\n\
         closes. Rules are asked when a bar of their timeframe has ended, and answer once every indicator that\n\
         they read is warm.\n\n\
         The rules of a list combine by `combine_entries` and `combine_exits`: `all`, `any`, or\n\
         `{vote: {at_least: 2}}`, where each rule that fires counts its `weight` (1 when nothing is said).\n",
    );
    for (title, kind) in [("Entries", RuleKind::Entry), ("Exits", RuleKind::Exit)] {
        text += &format!("\n## {title}\n");
        for def in RULES.iter().filter(|def| def.kind == kind) {
            text += &format!("\n### {}\n\n{}\n", def.name, def.doc);
            if !def.aliases.is_empty() {
                text += &format!("Also called {}.\n", def.aliases.join(", "));
            }
            text += "\n| parameter | default | range | unit | meaning |\n|---|---|---|---|---|\n";
            for param in def.params {
                let [_, default, range] = words(param);
                text +=
                    &format!("| `{}` | {default} | {range} | {} | {} |\n", param.name, param.unit, param.doc);
            }
        }
    }
    text
}
