//! `pinion bench decode`: from a payload, as the socket delivers it, to a market event.

use super::rounds::{Rounds, as_json, peers_note, score, table};
use crate::failure::Failure;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use pinion_benches::contest::compete;
use pinion_benches::decode::{OURS, contenders};
use pinion_benches::frames::{MessageKind, made};
use pinion_recorded::lines;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub struct DecodeArgs {
    /// Capture whose messages are decoded; without it messages of the documented shape are made
    #[arg(long)]
    data: Option<PathBuf>,
    /// Kind of message
    #[arg(long, value_parser = kinds(), ignore_case = true, default_value = "bookTicker")]
    kind: MessageKind,
    #[command(flatten)]
    rounds: Rounds,
}

/// Kinds by their names, in capital or small letters.
fn kinds() -> impl TypedValueParser<Value = MessageKind> {
    PossibleValuesParser::new(MessageKind::ALL.map(MessageKind::label)).map(|name| {
        let is = |kind: &MessageKind| kind.label().eq_ignore_ascii_case(&name);
        // Only the names above come here.
        MessageKind::ALL.into_iter().find(is).unwrap_or(MessageKind::BookTicker)
    })
}

/// Decoded bytes per round at most, and messages per round at most.
const BYTES: usize = 40_000_000;
const MESSAGES: usize = 200_000;
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
    let scores = compete(contenders(args.kind, &frames, messages), args.rounds.count());
    let ours = score(&scores, OURS);
    let (median, least) = (ours.median, ours.least);
    let json = json!({
        "bench": "decode", "kind": kind, "median_ns": median, "least_ns": least, "bytes": bytes,
        "messages": messages, "different": frames.len(), "all_ns": as_json(&scores),
    });
    let title = format!("{kind} of {bytes} bytes, ns");
    let text = format!(
        "decode {kind}: median {median:.1} ns, least {least:.1} ns a message of {bytes} bytes ({} different)\n{}{}",
        frames.len(),
        if scores.len() > 1 { format!("\n{}", table(&title, &scores, 1.0, 1)) } else { String::new() },
        peers_note("decode")
    );
    let line = format!(
        "bench=decode kind={kind} value={median:.2} unit=ns min={least:.2} bytes={bytes} messages={messages}"
    );
    args.rounds.put(&json, &text, &line)
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
