//! `pinion bench decode`: from a payload, as the socket delivers it, to a market event.

use super::frames::{MessageKind, made};
use super::median_and_least;
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, SymbolTable};
use pinion_recorded::lines;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Args)]
pub struct DecodeArgs {
    /// Capture whose messages are decoded; without it messages of the documented shape are made
    #[arg(long)]
    data: Option<PathBuf>,
    /// Kind of message
    #[arg(long, value_enum, ignore_case = true, default_value = "bookTicker")]
    kind: MessageKind,
    /// Print one closing line RESULT bench=... value=... unit=...
    #[arg(long)]
    result: bool,
    #[command(flatten)]
    output: Output,
}

/// Decoded bytes per round at most, messages per round at most, and rounds.
const BYTES: usize = 40_000_000;
const MESSAGES: usize = 200_000;
const ROUNDS: usize = 9;
/// Different messages that are taken from a recording.
const DIFFERENT: usize = 20_000;

/// `pinion bench decode`.
pub fn run(args: &DecodeArgs) -> Result<(), Failure> {
    let kind = args.kind.label();
    let frames = match &args.data {
        Some(path) => recorded(path, args.kind)?,
        None => made(args.kind),
    };
    let bytes = frames.iter().map(Vec::len).sum::<usize>() / frames.len();
    let messages = (BYTES / bytes).min(MESSAGES);
    let mut decoder = Decoder::new(SymbolTable::open(Units { price: 8, qty: 8 }), 20_000);
    let rounds = (0..ROUNDS).map(|_| round(&mut decoder, &frames, messages)).collect();
    let (median, least) = median_and_least(rounds);
    let json = json!({
        "bench": "decode", "kind": kind, "median_ns": median, "least_ns": least, "bytes": bytes,
        "messages": messages, "different": frames.len(),
    });
    let text = format!(
        "decode {kind}: median {median:.1} ns, least {least:.1} ns a message of {bytes} bytes ({} different)\n",
        frames.len()
    );
    args.output.put(&json, &text)?;
    if args.result {
        println!(
            "RESULT bench=decode kind={kind} value={median:.2} unit=ns min={least:.2} bytes={bytes} messages={messages}"
        );
    }
    Ok(())
}

/// Payloads of one kind, as the socket delivers them.
pub fn recorded(path: &Path, kind: MessageKind) -> Result<Vec<Vec<u8>>, Failure> {
    let (mut file, _) = lines::open(path)?;
    let stream = match kind {
        MessageKind::DepthUpdate => "@depth".to_string(),
        other => format!("@{}", other.label().to_lowercase()),
    };
    let mut frames = Vec::new();
    while frames.len() < DIFFERENT
        && let Some((_, line)) = file.next_line()?
    {
        let head = String::from_utf8_lossy(&line[..line.len().min(120)]).to_lowercase();
        if head.contains(&stream) {
            let payload =
                line.windows(7).position(|w| w == b"\"data\":").map(|at| &line[at + 7..line.len() - 1]);
            frames.extend(payload.map(<[u8]>::to_vec));
        }
    }
    if frames.is_empty() {
        return Err(Failure::Usage(format!("error: {} holds no {} message", path.display(), kind.label())));
    }
    Ok(frames)
}

fn round(decoder: &mut Decoder, frames: &[Vec<u8>], messages: usize) -> f64 {
    let began = Instant::now();
    let mut events = 0usize;
    for frame in frames.iter().cycle().take(messages) {
        events +=
            usize::from(matches!(decoder.decode(1, std::hint::black_box(frame)), Ok(Decoded::Market(..))));
    }
    std::hint::black_box(events);
    began.elapsed().as_nanos() as f64 / messages as f64
}
