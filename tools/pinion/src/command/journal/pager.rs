//! Where lines go: a pager when they are more than a terminal shows at once, else standard output.
//!
//! Owns the pager's process. Lines are held back until they fill the screen, so that short answers stay where
//! they were asked. Ctrl-C belongs to the pager while there is one; a reader that closes its end ends the lines.

use super::look::Look;
use crate::failure::Failure;
use signal_hook::consts::{SIGINT, SIGPIPE};
use std::io::{BufWriter, ErrorKind, IsTerminal, Write, stdout};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Where lines go.
pub struct Pages {
    held: Vec<String>,
    rows: usize,
    to: To,
}

enum To {
    /// A terminal of which the screen is not full.
    Screen,
    Out(BufWriter<std::io::Stdout>),
    Pager(Child),
    /// Nobody looks any more.
    Gone,
}

impl Pages {
    /// Opens what the look asks for.
    pub fn open(look: &Look) -> Pages {
        let pages = look.pager && stdout().is_terminal();
        let to = if pages { To::Screen } else { To::Out(BufWriter::with_capacity(1 << 16, stdout())) };
        Pages { held: Vec::new(), rows: size().0, to }
    }

    /// Adds a line; false when nobody looks any more.
    pub fn line(&mut self, line: &str) -> Result<bool, Failure> {
        let put = |out: &mut dyn Write| out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n"));
        let result = match &mut self.to {
            To::Screen => {
                self.held.push(line.to_string());
                if self.held.len() >= self.rows {
                    self.start_pager()?;
                }
                Ok(())
            }
            To::Out(out) => put(out),
            To::Pager(child) => child.stdin.as_mut().map_or(Ok(()), |pipe| put(pipe)),
            To::Gone => return Ok(false),
        };
        match result {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == ErrorKind::BrokenPipe => {
                self.finish()?;
                self.to = To::Gone;
                Ok(false)
            }
            Err(e) => Err(e.into()),
        }
    }

    /// Adds a text of lines.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        for line in text.lines() {
            if !self.line(line)? {
                break;
            }
        }
        Ok(())
    }

    fn start_pager(&mut self) -> Result<(), Failure> {
        let pager = std::env::var("PAGER").ok().filter(|p| !p.trim().is_empty());
        let pager = pager.unwrap_or_else(|| "less".into());
        let mut command = Command::new("sh");
        command.args(["-c", &pager]).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            // Colours are shown, long lines are not folded, and the text stays when it is left.
            command.env("LESS", "RSX");
        }
        self.to = match command.spawn() {
            Ok(child) => {
                // A pager that is left closes its pipe, and Ctrl-C is for it: neither ends this program.
                for signal in [SIGPIPE, SIGINT] {
                    signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
                }
                To::Pager(child)
            }
            Err(_) => To::Out(BufWriter::new(stdout())),
        };
        for line in std::mem::take(&mut self.held) {
            self.line(&line)?;
        }
        Ok(())
    }

    /// Puts out what is held and waits for the pager to be left.
    pub fn finish(&mut self) -> Result<(), Failure> {
        match std::mem::replace(&mut self.to, To::Gone) {
            To::Screen => {
                let text: String = self.held.drain(..).map(|line| line + "\n").collect();
                stdout().write_all(text.as_bytes())?;
            }
            To::Out(mut out) => out.flush()?,
            To::Pager(mut child) => {
                drop(child.stdin.take());
                while let Err(e) = child.wait() {
                    if e.kind() != ErrorKind::Interrupted {
                        return Err(e.into());
                    }
                }
            }
            To::Gone => {}
        }
        Ok(())
    }
}

/// Rows and columns of the terminal; 24 and 100 where it does not tell.
#[allow(unsafe_code)]
pub fn size() -> (usize, usize) {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointer is to a live winsize of this frame, which the call fills and does not keep.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    if result == 0 && size.ws_row > 0 && size.ws_col > 0 {
        (usize::from(size.ws_row), usize::from(size.ws_col))
    } else {
        (24, 100)
    }
}
