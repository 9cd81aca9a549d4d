//! An indicator with its parameters, checked.

use super::Spec;
use super::catalog::{self, State};
use super::define::{IndicatorDef, MAX_PARAMS};
use crate::rules::params::{ParamDef, ParamKind};
use pinion_model::number::Ratio;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why an indicator cannot be had as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// No such indicator.
    #[error("there is no indicator {0}; `pinion indicator list` shows them")]
    UnknownIndicator(String),
    /// No such parameter.
    #[error("{indicator} has no parameter {param}; it has {known}")]
    UnknownParam {
        /// The indicator.
        indicator: &'static str,
        /// What was given.
        param: String,
        /// What there is.
        known: String,
    },
    /// More values than parameters.
    #[error("{indicator} takes {most} parameters at most")]
    TooMany {
        /// The indicator.
        indicator: &'static str,
        /// How many it has.
        most: usize,
    },
    /// A value that is not allowed.
    #[error("{param} of {indicator} is {given}; it must be {allowed}")]
    OutOfRange {
        /// The indicator.
        indicator: &'static str,
        /// The parameter.
        param: &'static str,
        /// What was given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
}

/// An indicator with its parameters, as `rsi(14)` in an expression: whole numbers as they are, decimals in
/// billionths.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SavedCall", into = "SavedCall")]
pub struct Call {
    def: &'static IndicatorDef,
    params: [i64; MAX_PARAMS],
}

impl Eq for Call {}

impl std::hash::Hash for Call {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.def.name, self.params).hash(state);
    }
}

/// A [`Call`] as it is saved: by name, so that a catalogue with more entries reads it too.
#[derive(Clone, Serialize, Deserialize)]
struct SavedCall {
    name: String,
    params: [i64; MAX_PARAMS],
}

impl From<Call> for SavedCall {
    fn from(call: Call) -> SavedCall {
        SavedCall { name: call.def.name.to_string(), params: call.params }
    }
}

impl TryFrom<SavedCall> for Call {
    type Error = CallError;
    fn try_from(saved: SavedCall) -> Result<Call, CallError> {
        let def = catalog::find(&saved.name).ok_or(CallError::UnknownIndicator(saved.name))?;
        Call::of(def, &saved.params[..def.params.len()])
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.def.name)?;
        for (at, (param, value)) in self.def.params.iter().zip(self.params).enumerate() {
            f.write_str(if at == 0 { "(" } else { ", " })?;
            match param.kind {
                ParamKind::Ratio { .. } => write!(f, "{}", Ratio(value).to_decimal())?,
                _ => write!(f, "{value}")?,
            }
        }
        f.write_str(if self.def.params.is_empty() { "" } else { ")" })
    }
}

impl Call {
    /// The indicator with these values for its first parameters and defaults for the rest.
    pub fn of(def: &'static IndicatorDef, values: &[i64]) -> Result<Call, CallError> {
        if values.len() > def.params.len() {
            return Err(CallError::TooMany { indicator: def.name, most: def.params.len() });
        }
        let mut params = [0; MAX_PARAMS];
        for (at, param) in def.params.iter().enumerate() {
            let (default, min, max) = range(param);
            let value = values.get(at).copied().unwrap_or(default);
            if !(min..=max).contains(&value) {
                let show = |v: i64| match param.kind {
                    ParamKind::Ratio { .. } => Ratio(v).to_decimal().to_string(),
                    _ => v.to_string(),
                };
                return Err(CallError::OutOfRange {
                    indicator: def.name,
                    param: param.name,
                    given: show(value),
                    allowed: format!("{} to {}", show(min), show(max)),
                });
            }
            params[at] = value;
        }
        Ok(Call { def, params })
    }

    /// The indicator of this name with the named parameters; defaults for those that are not named.
    pub fn named(name: &str, values: &[(&str, i64)]) -> Result<Call, CallError> {
        let def = catalog::find(name).ok_or_else(|| CallError::UnknownIndicator(name.to_string()))?;
        let mut all: Vec<i64> = def.params.iter().map(|p| range(p).0).collect();
        for (param, value) in values {
            let Some(at) = def.params.iter().position(|p| p.name == *param) else {
                let known: Vec<&str> = def.params.iter().map(|p| p.name).collect();
                let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
                return Err(CallError::UnknownParam { indicator: def.name, param: param.to_string(), known });
            };
            all[at] = *value;
        }
        Call::of(def, &all)
    }

    /// The declaration.
    pub fn def(&self) -> &'static IndicatorDef {
        self.def
    }

    /// One value for each declared parameter.
    pub fn params(&self) -> &[i64] {
        &self.params[..self.def.params.len()]
    }

    /// Bars, quotes or trades until it has a value.
    pub fn warm_up(&self) -> usize {
        (self.def.warm_up)(self.params())
    }

    /// A fresh one, on its own: what rules share lives in a [`super::Set`].
    pub fn build(&self) -> State {
        (self.def.build)(self.params())
    }

    /// What to declare in a [`super::Set`].
    pub fn spec(&self) -> Spec {
        self.def.shared.map_or(Spec::Listed(*self), |shared| shared(self.params()))
    }
}

/// Default, smallest and largest value of a parameter, as a [`Call`] holds it.
pub fn range(param: &ParamDef) -> (i64, i64, i64) {
    match param.kind {
        ParamKind::Int { default, min, max } => (default, min, max),
        ParamKind::Ratio { default, min, max } => (default.0, min.0, max.0),
        ParamKind::Bool { default } => (default.into(), 0, 1),
        ParamKind::Choice { default, options } => (default as i64, 0, options.len() as i64 - 1),
        ParamKind::RatioList { .. } => unreachable!("no indicator has a list for a parameter"),
    }
}
