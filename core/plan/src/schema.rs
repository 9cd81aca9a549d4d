//! The JSON schema of a configuration, made from the same tables that read it.

use crate::keys;
use crate::table::{KeyDef, KeyKind};
use pinion_engine::rules::catalog::RULES;
use pinion_engine::rules::params::{ParamDef, ParamKind, RuleDef, RuleKind};
use serde_json::{Map, Value, json};

/// JSON Schema, draft 2020-12.
pub fn schema() -> Value {
    let mut root = object(keys::CONFIG);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Pinion configuration");
    root["$defs"] = json!({
        "strategy": object(keys::STRATEGY),
        "instrument": object(keys::INSTRUMENT),
        "tick_band": object(keys::TICK_BAND),
        "entry_rule": rules(RuleKind::Entry),
        "exit_rule": rules(RuleKind::Exit),
    });
    root
}

fn object(table: &[KeyDef]) -> Value {
    let properties: Map<String, Value> = table.iter().map(|k| (k.name.to_string(), key(k))).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn key(def: &KeyDef) -> Value {
    let mut value = match &def.kind {
        KeyKind::Value(kind) => param_kind(kind),
        KeyKind::Text => json!({ "type": "string" }),
        KeyKind::Amount => json!({ "type": ["number", "string"] }),
        KeyKind::Section(table) => object(table),
        KeyKind::List("core") => json!({ "type": "array", "minItems": 1, "items": param_kind(&keys::CORE) }),
        KeyKind::Custom("shards") => {
            let symbols = json!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
            json!({ "anyOf": [param_kind(&keys::SHARD_COUNT), { "type": "array", "minItems": 1, "items": symbols }] })
        }
        KeyKind::Custom("rebalance") => {
            json!({ "anyOf": [{ "enum": ["off"] }, param_kind(&keys::REBALANCE)] })
        }
        KeyKind::List("text") => json!({ "type": "array", "minItems": 1, "items": { "type": "string" } }),
        KeyKind::List(item) => {
            json!({ "type": "array", "minItems": 1, "items": { "$ref": format!("#/$defs/{item}") } })
        }
        KeyKind::Custom("size") => {
            json!({ "anyOf": [param_kind(&keys::FRACTION), object(keys::SIZE)] })
        }
        KeyKind::Custom("combine") => {
            json!({ "anyOf": [param_kind(&keys::COMBINE), object(keys::COMBINE_BY)] })
        }
        KeyKind::Custom(kind) => json!({ "type": kind }),
        KeyKind::Ignored(instead) => json!({ "deprecated": true, "description": instead }),
    };
    if !def.doc.is_empty() {
        let unit = if def.unit.is_empty() { String::new() } else { format!(" ({})", def.unit) };
        value["description"] = json!(format!("{}{unit}", def.doc));
    }
    value
}

fn param_kind(kind: &ParamKind) -> Value {
    let number = |r: pinion_model::number::Ratio| json!(r.to_decimal().to_f64());
    match kind {
        ParamKind::Int { default, min, max } => {
            json!({ "type": "integer", "default": default, "minimum": min, "maximum": max })
        }
        ParamKind::Ratio { default, min, max } => {
            json!({ "type": ["number", "string"], "default": number(*default), "minimum": number(*min), "maximum": number(*max) })
        }
        ParamKind::Bool { default } => json!({ "type": "boolean", "default": default }),
        ParamKind::Choice { default, options } => json!({ "enum": options, "default": options[*default] }),
        ParamKind::RatioList { max_len, .. } => {
            json!({ "type": "array", "items": { "type": ["number", "string"] }, "maxItems": max_len })
        }
        ParamKind::Text { longest } => json!({ "type": "string", "minLength": 1, "maxLength": longest }),
    }
}

fn param(def: &ParamDef) -> Value {
    let mut value = param_kind(&def.kind);
    let unit = if def.unit.is_empty() { String::new() } else { format!(" ({})", def.unit) };
    value["description"] = json!(format!("{}{unit}", def.doc));
    value
}

/// A rule by name, or with its parameters, with or without their prefix.
fn rules(kind: RuleKind) -> Value {
    let (prefix, word) = if kind == RuleKind::Entry { ("e_", "Entry") } else { ("x_", "Exit") };
    let mine = || RULES.iter().filter(|r| r.kind == kind);
    let spellings = |name: &str| {
        [name.to_string(), format!("{name}Mixin"), format!("{name}{word}"), format!("{name}{word}Mixin")]
            .map(Value::from)
    };
    let every = |r: &RuleDef| -> Vec<Value> { r.names().flat_map(spellings).collect() };
    let names: Vec<Value> = mine().flat_map(|r| every(r)).collect();
    let field = |name: &str| keys::RULE.iter().find(|k| k.name == name).map(key);
    let groups: Vec<Value> = mine()
        .map(|r| {
            let mut properties = Map::new();
            for p in r.params {
                properties.insert(p.name.into(), param(p));
                properties.insert(format!("{prefix}{}", p.name), param(p));
            }
            let parameters =
                json!({ "type": "object", "additionalProperties": false, "properties": properties });
            json!({
                "type": "object",
                "description": r.doc,
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": { "enum": every(r) },
                    "parameters": parameters,
                    "params": parameters,
                    "timeframe": { "type": "string" },
                    "weight": field("weight"),
                },
            })
        })
        .collect();
    json!({ "anyOf": [{ "enum": names }, { "anyOf": groups }] })
}
