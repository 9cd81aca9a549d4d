//! A screen that is drawn again and again in place, and the terminal as it was when that ends.

use std::io::{IsTerminal, Write};

/// Standard output while something is watched.
pub struct Screen {
    is_terminal: bool,
    drawn: bool,
}

impl Screen {
    /// Takes the terminal, if there is one: a screen of its own, without a cursor.
    pub fn open() -> Screen {
        let is_terminal = std::io::stdout().is_terminal();
        if is_terminal {
            put("\x1b[?1049h\x1b[?25l");
        }
        Screen { is_terminal, drawn: false }
    }

    /// Draws in place; in a pipe, one after the other.
    pub fn draw(&mut self, text: &str) {
        if !self.is_terminal {
            let gap = if std::mem::replace(&mut self.drawn, true) { "\n" } else { "" };
            put(&format!("{gap}{text}"));
            return;
        }
        let rows = rows().saturating_sub(1).max(1);
        let lines: Vec<&str> = text.lines().take(rows).collect();
        // Each line is cleared behind its end, so that nothing of the last drawing shines through.
        put(&format!("\x1b[H{}\x1b[K\n\x1b[J", lines.join("\x1b[K\n")));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            put("\x1b[?25h\x1b[?1049l");
        }
    }
}

fn put(text: &str) {
    let mut out = std::io::stdout();
    // Whoever closed the terminal does not look any more.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Rows of the terminal, 24 where it does not tell.
#[allow(unsafe_code)]
fn rows() -> usize {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the pointer is to a live winsize of this frame, which the call fills and does not keep.
    let result = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    if result == 0 && size.ws_row > 0 { usize::from(size.ws_row) } else { 24 }
}
