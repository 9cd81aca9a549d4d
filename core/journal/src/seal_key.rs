//! Key files for seals.
//!
//! Owns their text: one line each, `pinion-secret-key <64 hex digits>` for the file that signs, and
//! `pinion-public-key <64 hex digits>` for the one that everybody may have. A secret file that others can
//! read is refused, and no message ever holds a secret.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;

use crate::archive::suffixed;
use crate::error::{JournalError, io_error};

const SECRET: &str = "pinion-secret-key ";
const PUBLIC: &str = "pinion-public-key ";

pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Bytes of exactly as many lower-case hex digits.
pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    (hex(&bytes) == text).then_some(bytes)
}

/// Makes a key pair: the secret at `path` with mode 0600, the public half at `<path>.pub`, neither of which
/// may exist. Gives the public key.
pub fn keygen(path: &Path) -> Result<([u8; 32], PathBuf), JournalError> {
    let mut secret = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut secret))
        .map_err(|source| io_error("read random bytes", Path::new("/dev/urandom"), source))?;
    let public = SigningKey::from_bytes(&secret).verifying_key().to_bytes();
    let write = |path: &Path, mode: u32, text: String| {
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        file.and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .map_err(|source| io_error("write a key", path, source))
    };
    write(path, 0o600, format!("{SECRET}{}\n", hex(&secret)))?;
    let public_path = suffixed(path, ".pub");
    write(&public_path, 0o644, format!("{PUBLIC}{}\n", hex(&public)))?;
    Ok((public, public_path))
}

/// Reads a secret key from a file that nobody but its owner may read.
pub fn read_secret(path: &Path) -> Result<[u8; 32], JournalError> {
    let text = read(path)?;
    let mode = std::fs::metadata(path).map_err(|source| io_error("look at a key", path, source))?;
    let mode = mode.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let reason = format!(
            "others may read this secret key (mode {mode:03o}); set its mode with `chmod 600`, and make a new \
             key if somebody may have seen it"
        );
        return Err(JournalError::Refused { path: path.to_path_buf(), reason });
    }
    let secret = text.strip_prefix(SECRET).and_then(|rest| unhex(rest.trim_end()));
    secret.ok_or_else(|| no_key(path, "a secret key; `pinion journal keygen` makes one"))
}

/// Reads a public key: from its own file, or from that of the secret key.
pub fn read_public(path: &Path) -> Result<[u8; 32], JournalError> {
    let text = read(path)?;
    if text.starts_with(SECRET) {
        return read_secret(path).map(|secret| SigningKey::from_bytes(&secret).verifying_key().to_bytes());
    }
    let public = text.strip_prefix(PUBLIC).and_then(|rest| unhex(rest.trim_end()));
    public
        .ok_or_else(|| no_key(path, "a key of a seal; give the .pub file that `pinion journal keygen` made"))
}

fn read(path: &Path) -> Result<String, JournalError> {
    std::fs::read_to_string(path).map_err(|source| io_error("read a key", path, source))
}

fn no_key(path: &Path, what: &str) -> JournalError {
    JournalError::Refused { path: path.to_path_buf(), reason: format!("this file is not {what}") }
}
