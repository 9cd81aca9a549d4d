//! `pinion bench`: speed on the user's own data and machine, one closing line for scripts.

use crate::failure::Failure;
use clap::{Args, Subcommand};
use pinion_binance::symbols::Units;
use pinion_binance::{Decoded, Decoder, SymbolTable};
use pinion_recorded::lines;
use std::path::PathBuf;
use std::time::Instant;

/// Measure on your own data
#[derive(Subcommand)]
pub enum BenchCommand {
    /// Nanoseconds to decode a message of a recording, by kind
    #[command(
        after_help = "Example: pinion bench decode --data examples/data/binance_spot_20250325.capture.gz --result"
    )]
    Decode(DecodeArgs),
}

#[derive(Args)]
pub struct DecodeArgs {
    /// Capture whose messages are decoded
    #[arg(long, default_value = "examples/data/binance_spot_20250325.capture.gz")]
    data: PathBuf,
    /// bookTicker, trade, aggTrade or depthUpdate
    #[arg(long, default_value = "bookTicker")]
    kind: String,
    /// Print one closing line RESULT bench=... value=... unit=...
    #[arg(long)]
    result: bool,
}

/// Decoded messages per measurement, and measurements; the median is shown.
const MESSAGES: usize = 200_000;
const ROUNDS: usize = 9;

/// `pinion bench`.
pub fn bench(command: BenchCommand) -> Result<(), Failure> {
    let BenchCommand::Decode(args) = command;
    let frames = frames(&args)?;
    let mut decoder = Decoder::new(SymbolTable::open(Units { price: 8, qty: 8 }), 20_000);
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round(&mut decoder, &frames)).collect();
    rounds.sort_by(f64::total_cmp);
    let median = rounds[ROUNDS / 2];
    let bytes = frames.iter().map(Vec::len).sum::<usize>() / frames.len();
    println!(
        "decode {}: median {median:.1} ns, least {:.1} ns a message of {bytes} bytes ({} different)",
        args.kind,
        rounds[0],
        frames.len()
    );
    if args.result {
        println!(
            "RESULT bench=decode kind={} value={median:.2} unit=ns min={:.2} messages={MESSAGES}",
            args.kind, rounds[0]
        );
    }
    Ok(())
}

/// Payloads of one kind, as the socket delivers them.
fn frames(args: &DecodeArgs) -> Result<Vec<Vec<u8>>, Failure> {
    let (mut file, _) = lines::open(&args.data)?;
    let wanted = args.kind.to_lowercase();
    let mut frames = Vec::new();
    while let Some((_, line)) = file.next_line()? {
        let text = String::from_utf8_lossy(line).to_lowercase();
        let stream = if wanted == "depthupdate" { "@depth" } else { wanted.as_str() };
        if frames.len() < 20_000 && text.contains(&format!("@{}", stream.trim_start_matches('@'))) {
            let payload =
                line.windows(7).position(|w| w == b"\"data\":").map(|at| &line[at + 7..line.len() - 1]);
            frames.extend(payload.map(<[u8]>::to_vec));
        }
    }
    if frames.is_empty() {
        return Err(Failure::Usage(format!("error: {} holds no {} message", args.data.display(), args.kind)));
    }
    Ok(frames)
}

fn round(decoder: &mut Decoder, frames: &[Vec<u8>]) -> f64 {
    let began = Instant::now();
    let mut events = 0usize;
    for frame in frames.iter().cycle().take(MESSAGES) {
        events +=
            usize::from(matches!(decoder.decode(1, std::hint::black_box(frame)), Ok(Decoded::Market(..))));
    }
    std::hint::black_box(events);
    began.elapsed().as_nanos() as f64 / MESSAGES as f64
}
