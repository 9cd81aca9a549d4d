//! `pinion stat`: how a session is doing, from its counters file, while it runs, after it ended or crashed.

mod findings;
mod terminal;
mod text;
mod units;
mod view;

use crate::counters_files;
use crate::failure::Failure;
use clap::Args;
use pinion_runtime::counters::{CountersFile, ReadError, State};
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use text::Style;
use view::View;

/// Show how a run is doing: its threads, links, feed and errors, and whether something is wrong
#[derive(Args)]
#[command(
    after_help = "Example: pinion stat --watch\n         pinion stat runs/paper-20250325T230700Z --json\n\nReads \
                  the counters of a run that is live, has ended, or has crashed; never disturbs it."
)]
pub struct StatArgs {
    /// Directory of a run, or a counters file; without it, the run that is live
    run: Option<PathBuf>,
    /// Draw again and again until Ctrl-C or the run's end
    #[arg(long, conflicts_with_all = ["list", "clean"])]
    watch: bool,
    /// Seconds between drawings
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, requires = "watch")]
    every: f64,
    /// List the runs that are live or have crashed
    #[arg(long, conflicts_with_all = ["run", "clean"])]
    list: bool,
    /// Remove what crashed runs have left in memory; live runs are not touched
    #[arg(long, conflicts_with = "run")]
    clean: bool,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// `pinion stat`.
pub fn stat(args: StatArgs) -> Result<(), Failure> {
    if args.list {
        return list(args.json);
    }
    if args.clean {
        return clean(args.json);
    }
    let file = open(&args)?;
    if args.watch { watch(&file, &args) } else { show_once(&file, args.json) }
}

fn refuse(error: &ReadError) -> Failure {
    Failure::Usage(format!("error: {error}"))
}

/// The file that is meant.
fn open(args: &StatArgs) -> Result<CountersFile, Failure> {
    let path = match &args.run {
        Some(path) if path.is_dir() => counters_files::of_run(path).ok_or_else(|| {
            Failure::Usage(format!(
                "error: {} holds no counters: it is no directory of a run, or the run had none (--counters=off)",
                path.display()
            ))
        })?,
        Some(path) => path.clone(),
        None => return the_live_one(),
    };
    CountersFile::open(&path).map_err(|e| refuse(&e))
}

/// The run that is live, or the last that crashed where none is.
fn the_live_one() -> Result<CountersFile, Failure> {
    let files: Vec<CountersFile> =
        counters_files::live_files().iter().filter_map(|path| CountersFile::open(path).ok()).collect();
    let (live, crashed): (Vec<_>, Vec<_>) = files.into_iter().partition(|f| f.state() == State::Live);
    if live.len() > 1 {
        let rows: String = live.iter().map(|file| row(file) + "\n").collect();
        return Err(Failure::Usage(format!(
            "error: {} runs are live; name one of them:\n{rows}",
            live.len()
        )));
    }
    live.into_iter().chain(crashed).next().ok_or_else(|| {
        let reason = "error: no run is live and none has crashed; name the directory of one that ended: \
                      pinion stat runs/DIR";
        Failure::Usage(reason.into())
    })
}

fn to_json(view: &View) -> Value {
    let mut value = serde_json::to_value(view).unwrap_or_default();
    value["findings"] = json!(findings::findings(view));
    value
}

fn show_once(file: &CountersFile, json: bool) -> Result<(), Failure> {
    let view = View::of(file);
    if json {
        println!("{:#}", to_json(&view));
    } else {
        print!("{}", text::draw(&view, None, &findings::findings(&view), style()));
    }
    Ok(())
}

fn style() -> Style {
    Style { colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
}

fn watch(file: &CountersFile, args: &StatArgs) -> Result<(), Failure> {
    let every = Duration::try_from_secs_f64(args.every).unwrap_or_default();
    if every < Duration::from_millis(50) || every > Duration::from_secs(3600) {
        return Err(Failure::Usage(format!("error: --every takes 0.05 to 3600 seconds, not {}", args.every)));
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM, signal_hook::consts::SIGHUP] {
        signal_hook::flag::register(signal, stop.clone())?;
    }
    let mut screen = (!args.json).then(terminal::Screen::open);
    let mut before: Option<View> = None;
    let last = loop {
        let view = View::of(file);
        let findings = findings::findings(&view);
        match &mut screen {
            Some(screen) => screen.draw(&text::draw(&view, before.as_ref(), &findings, style())),
            None => println!("{}", to_json(&view)),
        }
        if stop.load(Ordering::Relaxed) || view.state != "live" {
            break view;
        }
        sleep_until(Instant::now() + every, &stop);
        if stop.load(Ordering::Relaxed) {
            break view;
        }
        before = Some(view);
    };
    drop(screen);
    // What was on the screen goes with it: the last state stays, on the terminal as it was.
    if !args.json && std::io::stdout().is_terminal() {
        print!("{}", text::draw(&last, None, &findings::findings(&last), style()));
    }
    Ok(())
}

fn sleep_until(end: Instant, stop: &AtomicBool) {
    while Instant::now() < end && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(50).min(end.saturating_duration_since(Instant::now())));
    }
}

fn row(file: &CountersFile) -> String {
    let [_, run, directory] = file.identity();
    let state = if file.state() == State::Live { "live" } else { "crashed" };
    let place = if directory.is_empty() { file.path().display().to_string() } else { directory };
    format!("  {state:<8} process {:<8} {run:<28} {place}", file.owner().pid)
}

fn list(json: bool) -> Result<(), Failure> {
    let files: Vec<_> =
        counters_files::live_files().into_iter().map(|p| (CountersFile::open(&p), p)).collect();
    if json {
        let value = |(file, path): &(Result<CountersFile, ReadError>, PathBuf)| match file {
            Ok(file) => {
                let view = View::of(file);
                json!({ "file": view.file, "state": view.state, "pid": view.pid, "run": view.run, "directory": view.directory })
            }
            Err(error) => json!({ "file": path, "state": "unreadable", "error": error.to_string() }),
        };
        println!("{:#}", Value::Array(files.iter().map(value).collect()));
        return Ok(());
    }
    if files.is_empty() {
        println!("no run is live and none has crashed");
    }
    for (file, path) in &files {
        match file {
            Ok(file) => println!("{}", row(file)),
            Err(error) => println!("  unread   {}", told(error, path)),
        }
    }
    Ok(())
}

fn told(error: &ReadError, path: &Path) -> String {
    match error {
        ReadError::Io(..) => format!("{}: another user's", path.display()),
        other => other.to_string(),
    }
}

/// Removes files of crashed runs. What cannot be read is left alone: it may be another build's, and live.
fn clean(json: bool) -> Result<(), Failure> {
    let mut removed = Vec::new();
    for path in counters_files::live_files() {
        let crashed = CountersFile::open(&path).is_ok_and(|file| file.state() != State::Live);
        if crashed {
            let failed = |e: std::io::Error| Failure::Run(format!("error: {}: {e}", path.display()));
            std::fs::remove_file(&path).map_err(failed)?;
            removed.push(path);
        }
    }
    if json {
        println!("{:#}", json!({ "removed": removed }));
    } else {
        removed.iter().for_each(|path| println!("removed {}", path.display()));
        println!("{} removed; live runs are not touched", removed.len());
    }
    Ok(())
}
