//! How an operator reaches a running session: Ctrl-C, SIGUSR1, a file named `kill` and a socket named
//! `control.sock` in the run's directory.
//!
//! The socket takes JSON lines such as `{"command": "flatten", "operator": "ana", "note": "news"}` and
//! answers each with a line. Only the user that owns the run may connect (mode 0600). A kill needs no
//! confirmation; arming must name who does it and is refused while the file `kill` stands. Every command becomes an input of the engine, in the
//! journal with its name.

use crate::failure::Failure;
use crate::session::past::script::COORDINATOR;
use crate::session::trading::Shared;
use pinion_model::body::{CommandBody, CommandKind};
use pinion_runtime::link::{Rx, Tx, link};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Commands that may wait for the trading thread; it takes them within a millisecond or has other troubles.
const WAITING: usize = 64;

/// Hears SIGUSR1 from now on; the flag that it sets. A signal belongs to the process, and so does the flag: what
/// came before a session was there stops it from its first look on. Without this the signal ends the program.
pub fn hear_kill() -> std::io::Result<Arc<AtomicBool>> {
    static KILLED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(killed) = KILLED.get() {
        return Ok(killed.clone());
    }
    let killed = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, killed.clone())?;
    Ok(KILLED.get_or_init(|| killed).clone())
}

/// The operator's side of a session.
pub struct Control {
    commands: Tx<CommandBody>,
    interrupted: Arc<AtomicBool>,
    killed: Arc<AtomicBool>,
    kill_file: Option<PathBuf>,
    /// The kill file was seen, was obeyed and could not be removed.
    kill_stands: bool,
    socket: Option<(PathBuf, UnixListener)>,
    shared: Arc<Shared>,
}

impl Control {
    /// Listens in `dir` (nowhere without one) and to signals.
    pub fn start(dir: Option<&Path>, shared: &Arc<Shared>) -> Result<(Control, Rx<CommandBody>), Failure> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // A second Ctrl-C ends the program at once.
            signal_hook::flag::register_conditional_shutdown(signal, 130, interrupted.clone())?;
            signal_hook::flag::register(signal, interrupted.clone())?;
        }
        let killed = hear_kill()?;
        let socket = match dir {
            // A path that is too long for a socket, or a file system without them: the other ways remain.
            Some(dir) => listen(&dir.join("control.sock")).ok(),
            None => None,
        };
        let (commands, received) = link(WAITING);
        let kill_file = dir.map(|d| d.join("kill"));
        let shared = shared.clone();
        let kill_stands = false;
        Ok((Control { commands, interrupted, killed, kill_file, kill_stands, socket, shared }, received))
    }

    /// Looks at every way once; does not wait.
    pub fn look(&mut self) {
        if self.interrupted.load(Ordering::Relaxed) {
            self.shared.stop.store(true, Ordering::Relaxed);
        }
        // What finds no room now is still asked for at the next look.
        if self.commands.has_credits(1) && self.killed.swap(false, Ordering::Relaxed) {
            self.send(CommandBody::new(CommandKind::CancelEntries, "signal", "SIGUSR1"));
        }
        self.obey_kill_file();
        while let Some(Ok((stream, _))) = self.socket.as_ref().map(|(_, listener)| listener.accept()) {
            self.serve(stream);
        }
    }

    /// A file named `kill` stops entries, whatever it is. It is removed, so that it stops once and not again
    /// after arming; what cannot be removed (a directory, a file where deleting is forbidden) stops as well.
    fn obey_kill_file(&mut self) {
        let Some(file) = &self.kill_file else { return };
        if !self.commands.has_credits(1) {
            return;
        }
        let there = file.symlink_metadata().is_ok();
        let stands = there && std::fs::remove_file(file).is_err();
        if there && !self.kill_stands {
            self.send(CommandBody::new(CommandKind::CancelEntries, "file", "kill file"));
        }
        self.kill_stands = stands;
    }

    /// Nothing may be armed while the kill file stands.
    fn admit(&mut self, command: CommandBody) -> Result<CommandBody, String> {
        self.obey_kill_file();
        match &self.kill_file {
            Some(file) if self.kill_stands && command.command == CommandKind::Arm.code() => {
                Err(format!("{0} still stands and forbids trading; remove {0} first", file.display()))
            }
            _ => Ok(command),
        }
    }

    /// False when the trading thread has not taken the commands before it. Where the session has ended,
    /// nothing is left to command.
    fn send(&mut self, command: CommandBody) -> bool {
        let room = self.commands.has_credits(1);
        if room {
            self.commands.push(command);
        }
        room
    }

    /// One connection: a line, an answer.
    fn serve(&mut self, stream: UnixStream) {
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_read_timeout(Some(std::time::Duration::from_millis(200)));
        let mut line = String::new();
        let mut reader = BufReader::new(&stream);
        let answer = match reader.read_line(&mut line) {
            Ok(_) => match parse(&line).and_then(|command| self.admit(command)) {
                Ok(command) if self.send(command) => serde_json::json!({ "ok": true }),
                Ok(_) => {
                    serde_json::json!({ "ok": false, "error": format!("{WAITING} commands wait already") })
                }
                Err(reason) => serde_json::json!({ "ok": false, "error": reason }),
            },
            Err(_) => serde_json::json!({ "ok": false, "error": "no line came within 200 ms" }),
        };
        let _ = writeln!(&stream, "{answer}");
    }

    /// Removes the socket.
    pub fn finish(&self) {
        if let Some((path, _)) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn listen(path: &Path) -> std::io::Result<(PathBuf, UnixListener)> {
    // A session that was killed leaves its socket, at which nobody answers.
    let is_left = UnixStream::connect(path).is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused);
    if is_left {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok((path.to_path_buf(), listener))
}

/// A command from its JSON line.
fn parse(line: &str) -> Result<CommandBody, String> {
    let value: serde_json::Value = serde_json::from_str(line).map_err(|e| format!("not JSON: {e}"))?;
    let text = |key: &str| value.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let word = text("command");
    let known = || CommandKind::ALL.iter().copied().filter(|k| k.is_for_operators());
    let words = || known().map(CommandKind::label).collect::<Vec<_>>().join(", ");
    let kind = known().find(|k| k.label() == word);
    let kind = kind.ok_or_else(|| format!("unknown command `{word}`; the commands are {}", words()))?;
    if ["pinion", COORDINATOR].contains(&text("operator")) {
        return Err(format!("`{}` is a name that the program gives itself; use another", text("operator")));
    }
    if kind == CommandKind::Arm && text("operator").is_empty() {
        return Err("arming must name its `operator`".into());
    }
    Ok(CommandBody::new(kind, text("operator"), text("note")))
}

/// Sends a command to the session that runs in `dir`; returns its answer.
pub fn tell(dir: &Path, kind: CommandKind, operator: &str, note: &str) -> Result<String, Failure> {
    let path = dir.join("control.sock");
    if !dir.is_dir() {
        let reason = format!("error: {} is no directory; give the directory of a run", dir.display());
        return Err(Failure::Usage(reason));
    }
    let stream = UnixStream::connect(&path).map_err(|e| {
        Failure::Run(format!(
            "error: no session answers at {}: {e}; it has ended, or {} is not its directory",
            path.display(),
            dir.display()
        ))
    })?;
    let line = serde_json::json!({ "command": kind.label(), "operator": operator, "note": note });
    writeln!(&stream, "{line}")?;
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer)?;
    Ok(answer.trim().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arming_names_who_does_it_and_killing_needs_nothing() {
        assert!(parse(r#"{"command":"arm"}"#).unwrap_err().contains("operator"));
        assert!(parse(r#"{"command":"cancel-entries"}"#).is_ok());
        assert!(parse(r#"{"command":"explode"}"#).unwrap_err().contains("flatten"));
        assert!(parse("nonsense").is_err());
        assert!(parse(r#"{"command":"recovered","operator":"ana"}"#).is_err(), "the program's own word");
    }

    #[test]
    fn a_kill_file_that_stays_stops_once_and_forbids_arming_until_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (mut control, mut commands) = Control::start(Some(dir.path()), &Arc::default()).unwrap();
        let kill = dir.path().join("kill");
        let arm =
            |control: &mut Control| control.admit(parse(r#"{"command":"arm","operator":"ana"}"#).unwrap());
        let mut stops = || {
            let mut count = 0;
            commands.read_batch(64, |c, _| {
                count += usize::from(c.command == CommandKind::CancelEntries.code());
            });
            count
        };
        // A directory cannot be removed as a file.
        std::fs::create_dir(&kill).unwrap();
        control.look();
        control.look();
        assert_eq!(stops(), 1);
        let refused = arm(&mut control).unwrap_err();
        assert!(refused.contains("remove") && refused.contains(kill.to_str().unwrap()), "{refused}");
        std::fs::remove_dir(&kill).unwrap();
        assert!(arm(&mut control).is_ok(), "nothing stands any more");
        std::fs::write(&kill, "").unwrap();
        assert!(
            arm(&mut control).is_ok(),
            "a file is removed and stops before the arming that comes behind it"
        );
        assert_eq!((stops(), kill.exists()), (1, false));
        control.finish();
    }

    #[test]
    fn a_socket_that_a_killed_session_left_gives_way_and_one_that_answers_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        // Dropped without a farewell, as a kill does.
        drop(UnixListener::bind(&path).unwrap());
        let (_, alive) = listen(&path).unwrap();
        assert_eq!(listen(&path).unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
        assert!(UnixStream::connect(&path).is_ok());
        drop(alive);
    }

    #[test]
    fn a_signal_before_the_session_is_there_stops_it_at_its_first_look() {
        hear_kill().unwrap();
        signal_hook::low_level::raise(signal_hook::consts::SIGUSR1).unwrap();
        let (mut control, mut commands) = Control::start(None, &Arc::default()).unwrap();
        control.look();
        assert_eq!(commands.read().map(|c| c.command), Some(CommandKind::CancelEntries.code()));
        control.look();
        assert!(commands.read().is_none(), "once");
    }
}
