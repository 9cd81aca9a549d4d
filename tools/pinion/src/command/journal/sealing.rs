//! `journal keygen`, `seal`, and `verify` with a key: what a journal was, signed.
//!
//! The secret key is read from its file and goes nowhere else.

use super::upkeep::now_ns;
use super::view::hex;
use crate::command::run_directory::one_journal;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_journal::{SEAL_NAME, keygen, read_public, read_secret, seal, verify_seal};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct KeygenArgs {
    /// File of the secret key; the public one is written beside it, with .pub behind its name
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Args)]
pub struct SealArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// File of the secret key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where to write the seal instead of journal.seal in DIR
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// `journal keygen`.
pub fn keygen_command(args: &KeygenArgs) -> Result<(), Failure> {
    let (public, public_path) = keygen(&args.file)?;
    let json = json!({
        "secret_file": args.file.display().to_string(),
        "public_file": public_path.display().to_string(),
        "public": hex(&public),
    });
    let text = format!(
        "{}: the secret key; keep it off the machine that trades\n{}: the public key, for everybody who verifies\n",
        args.file.display(),
        public_path.display()
    );
    args.output.put(&json, &text)
}

/// `journal seal`.
pub fn seal_command(args: &SealArgs) -> Result<(), Failure> {
    one_journal(&args.dir)?;
    let made = seal(&args.dir, &read_secret(&args.key)?, args.out.as_deref(), now_ns())?;
    let path = args.out.clone().unwrap_or_else(|| args.dir.join(SEAL_NAME));
    let json = json!({
        "seal": path.display().to_string(),
        "records": made.records,
        "head": hex(&made.head),
        "public": hex(&made.public),
    });
    let text = format!("{}: seals {} records, head {}\n", path.display(), made.records, hex(&made.head));
    args.output.put(&json, &text)
}

/// The public key in a file, or given as 64 hex digits.
fn public_key(given: &str) -> Result<[u8; 32], Failure> {
    if given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let mut key = [0; 32];
        for (byte, at) in key.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&given[at..at + 2], 16).unwrap_or(0);
        }
        return Ok(key);
    }
    Ok(read_public(Path::new(given))?)
}

/// Holds a journal against its seal.
pub fn verify_sealed(
    dir: &Path,
    key: &str,
    file: Option<&Path>,
    is_json: bool,
) -> Result<(Value, String), Failure> {
    one_journal(dir)?;
    let check = verify_seal(dir, file, &public_key(key)?)?;
    let (seal, report) = (&check.seal, &check.report);
    let json = json!({
        "sound": report.is_sound(),
        "closed": report.closed,
        "records": report.records,
        "segments": report.segments,
        "chain_head": hex(&report.chain_head),
        "sealed_records": seal.records,
        "sealed_head": hex(&seal.head),
        "sealed_wall_ns": seal.wall_ns,
        "public": hex(&seal.public),
        "first_bad": report.first_bad.as_ref().map(ToString::to_string),
    });
    if let Some(bad) = &report.first_bad {
        if is_json {
            println!("{json:#}");
        }
        return Err(Failure::Run(format!("error: {bad}\nthe journal is not the one that was sealed")));
    }
    let behind = report.records - seal.records;
    let mut text = format!("sealed: {} records are as they were when they were sealed\n", seal.records);
    if behind > 0 {
        text += &format!("{behind} records behind them are sound, and no seal covers them\n");
    }
    Ok((json, text))
}
