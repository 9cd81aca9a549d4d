//! `--json` prints, `--json=FILE` writes; without either, text for people.

use crate::failure::Failure;
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;

/// Where the result goes.
#[derive(Args, Clone, Debug)]
pub struct Output {
    /// Print JSON instead of text, or write it to FILE beside the text
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    json: Option<Option<PathBuf>>,
}

impl Output {
    /// True when JSON goes to standard output instead of text.
    pub fn is_json(&self) -> bool {
        matches!(self.json, Some(None))
    }

    /// Puts out a result.
    pub fn put(&self, json: &Value, text: &str) -> Result<(), Failure> {
        match &self.json {
            Some(None) => println!("{json:#}"),
            Some(Some(file)) => {
                let write = std::fs::write(file, format!("{json:#}\n"));
                write.map_err(|e| Failure::Run(format!("error: {}: {e}", file.display())))?;
                print!("{text}");
            }
            None => print!("{text}"),
        }
        Ok(())
    }
}
