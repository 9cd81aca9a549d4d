//! What a flush to the journal's disk costs.

use super::row::{Finding, Row, Subject};
use std::fs::OpenOptions;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

const FLUSHES: usize = 10;
/// A disk with a protected write cache answers within this time.
const QUICK: Duration = Duration::from_millis(1);

/// The rows of this group.
pub fn rows(subject: &Subject) -> Vec<Row> {
    let (finding, found) = match subject.dir.as_deref().map(|dir| (dir, flush(dir))) {
        None => (Finding::Unknown, "not measured".into()),
        Some((_, Err(error))) => (Finding::Unknown, format!("not measured: {error}")),
        Some((dir, Ok((median, worst)))) => {
            let kind = file_system(dir).unwrap_or_else(|| "unknown".into());
            let finding = if median <= QUICK && kind != "tmpfs" { Finding::Good } else { Finding::Minor };
            (finding, format!("{} (worst {}) on {kind}", ms(median), ms(worst)))
        }
    };
    vec![Row {
        name: "disk flush",
        finding,
        found,
        wanted: "under 1 ms, not in memory".into(),
        why: "no hot thread waits for it, but a power cut loses what is not yet flushed",
        mend: match subject.dir {
            Some(_) => "a disk with a protected write cache for the journal (--dir tries another)".into(),
            None => "pinion doctor --dir JOURNAL_DIRECTORY measures it".into(),
        },
    }]
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// Median and worst of writing one page and flushing it, in a file that is gone afterwards.
fn flush(dir: &Path) -> std::io::Result<(Duration, Duration)> {
    let path = dir.join(format!(".pinion-doctor-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
    let mut times = [Duration::ZERO; FLUSHES];
    let mut measure = || {
        for (n, time) in times.iter_mut().enumerate() {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&[n as u8; 4096])?;
            let began = Instant::now();
            file.sync_all()?;
            *time = began.elapsed();
        }
        std::io::Result::Ok(())
    };
    let measured = measure();
    std::fs::remove_file(&path)?;
    measured?;
    times.sort();
    Ok((times[FLUSHES / 2], times[FLUSHES - 1]))
}

/// The type of the file system that a folder lies on: the mount with the longest matching path.
fn file_system(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/mounts").ok()?;
    let fields = mounts.lines().filter_map(|l| {
        let mut words = l.split(' ').skip(1);
        Some((words.next()?, words.next()?))
    });
    let under = fields.filter(|(point, _)| dir.starts_with(point));
    // Of two mounts at one point the later hides the earlier.
    under.max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind.to_string())
}
