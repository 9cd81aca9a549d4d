//! `recovery`: two crashes in a row, the second at every step of the recovery from the first.
//!
//! Owns the second crash. A journal is left by a kill, some of them with the end of the last file damaged
//! as a power cut may; then its recovery is killed at each of its system calls in turn, recovered again
//! and killed again, and gone on with at last. Nothing that counted after the first crash may be gone.

use std::fs;

use crate::campaign::{Place, Report, Settings, Stop, copy_files};
use crate::check::{self, Keep, Must, Violation};
use crate::child::Job;
use crate::kill::{self, Moment};
use crate::oracle::segment_files;
use crate::progress::{Seen, Word};
use crate::random::Random;
use crate::stream::Stream;
use crate::subject::Subject;
use crate::trace::Ended;

/// What can be wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Defect {
    /// Recovery rewrites the last segment in place before it looks at it.
    Careless,
}

/// Runs the campaign.
pub fn run(settings: &Settings, defect: Option<Defect>, report: &mut Report) -> Result<(), Stop> {
    let mut unit = settings.first;
    while report.wants_more() {
        let place = Place::new(settings)?;
        if let Err(violation) = journal(settings, defect, report, unit, &place)? {
            return Err(place.violated(unit, violation));
        }
        unit += 1;
    }
    Ok(())
}

fn journal(
    settings: &Settings,
    defect: Option<Defect>,
    report: &mut Report,
    unit: u64,
    place: &Place,
) -> Result<Result<(), Violation>, Stop> {
    let mut random = Random::new(settings.seed, unit);
    let stream = Stream::new(random.next());
    let first = Job {
        salt: random.next(),
        mark_every: 10,
        leave: true,
        ..Job::new(place, stream.seed(), 40, 16 + random.below(30))
    };
    let moment = Moment::Call(100 + random.below(200));
    let (_, seen, _) = kill::live_until(settings, place, &first, moment)?;
    if seen.get(Word::Opened) == 0 {
        report.count("stillborn");
        return Ok(Ok(()));
    }
    let torn = random.one_in(2) && tear(place, &seen, &mut random)?;
    let keep = if torn { Keep::Durable } else { Keep::Acknowledged };
    let must = Must { stream, seen, keep, may_refuse: false };
    let counted = match check::state(Subject::Journal, &place.journal(), &must) {
        Ok(judged) => judged.records.len() as u64,
        Err(violation) => return Ok(Err(violation)),
    };
    let base = place.beside("base")?;
    copy_files(&place.journal(), &base)?;
    let recover =
        Job { items: 0, leave: true, careless_recovery: defect == Some(Defect::Careless), ..first.clone() };
    let (_, _, calls) = kill::live_until(settings, place, &recover, Moment::Call(u64::MAX))?;
    for call in 0..calls {
        if !report.wants_more() {
            break;
        }
        restore(place, &base)?;
        report.round();
        for at in [call, random.below(calls)] {
            let (ended, _, _) = kill::live_until(settings, place, &recover, Moment::Call(at))?;
            if let Ended::Exited(code @ 1..) = ended {
                return Ok(Err(kill::unexpected(place, Ended::Exited(code))));
            }
            let again = check::state(Subject::Journal, &place.journal(), &must);
            let kept = again.and_then(|judged| {
                let now = judged.records.len() as u64;
                report.count(judged.verdict);
                if now >= counted {
                    return Ok(());
                }
                let detail =
                    format!("{counted} records counted after the first crash, {now} after the second");
                Err(Violation::new("a second crash takes nothing", detail))
            });
            if let Err(Violation { invariant, detail }) = kept {
                let detail = format!("recovery killed at call {at} of {calls}: {detail}");
                return Ok(Err(Violation { invariant, detail }));
            }
        }
        let (ended, _, _) =
            kill::live_until(settings, place, &Job { items: 5, ..recover.clone() }, Moment::Spared)?;
        if ended != Ended::Exited(0) {
            return Ok(Err(kill::unexpected(place, ended)));
        }
        if let Err(violation) = check::proved(&place.journal(), counted) {
            return Ok(Err(violation));
        }
    }
    report.count("recoveries killed at every call");
    Ok(Ok(()))
}

/// Damages what was never durable, as a power cut may: noise or zeros in one sector of the last file.
fn tear(place: &Place, seen: &Seen, random: &mut Random) -> std::io::Result<bool> {
    let files = segment_files(&place.journal())?;
    let Some(last) = files.last() else { return Ok(false) };
    let first = crate::oracle::parse(last).map_or(0, |(_, first)| first);
    let mut bytes = fs::read(last)?;
    let durable = 4096 + seen.get(Word::Durable).saturating_sub(first) as usize * 128;
    let from = durable.next_multiple_of(512);
    let to = (from + 512).min(bytes.len());
    if from >= to {
        return Ok(false);
    }
    let noise = random.one_in(2);
    bytes[from..to].iter_mut().for_each(|byte| *byte = if noise { random.next() as u8 } else { 0 });
    fs::write(last, bytes)?;
    Ok(true)
}

fn restore(place: &Place, base: &std::path::Path) -> std::io::Result<()> {
    for entry in fs::read_dir(place.journal())? {
        fs::remove_file(entry?.path())?;
    }
    copy_files(base, &place.journal())
}
