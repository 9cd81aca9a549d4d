//! Seals: a signed statement of what a journal was, that a third party can hold against it.
//!
//! Owns the text `journal.seal` and its Ed25519 signature. Cold, any thread. The chain alone has no secret:
//! who edits a record can compute every checksum and chain value anew. A seal fixes the chain at its end
//! and before each segment, so a journal that was cut, edited or written anew does not fit it. Times and
//! keys come from the caller; nothing secret is ever put into a message.
//!
//! ```text
//!   pinion-seal 1
//!   epoch <16 hex digits>
//!   records <number>
//!   head <64 hex digits>                           chain over all of them
//!   segment <first position> <64 hex digits>       chain before it, one line for each segment
//!   pruned <from> <to> <64 hex> <64 hex>           chain before from, and before to
//!   sealed <UTC, nanoseconds since 1970>
//!   public <64 hex digits>
//!   signature <128 hex digits>                     of every byte before this line
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::error::{Bad, BadKind, JournalError};
use crate::reader::Reader;
use crate::seal_key::{self, hex};
use crate::small_file;
use crate::verify::{VerifyReport, verify_against};

/// Name of a journal's seal in its directory.
pub const SEAL_NAME: &str = "journal.seal";
const FIRST_LINE: &str = "pinion-seal 1\n";

/// What a seal states. See the module's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The journal's epoch.
    pub epoch: u64,
    /// Records that it covers: all below this position.
    pub records: u64,
    /// Chain value over them.
    pub head: [u8; 32],
    /// Chain values before positions: of each segment, and on both sides of what was pruned.
    pub boundaries: BTreeMap<u64, [u8; 32]>,
    /// What was pruned when it was made.
    pub pruned: Option<(u64, u64)>,
    /// UTC when it was made, in nanoseconds since 1970.
    pub wall_ns: u64,
    /// Key that it is signed with.
    pub public: [u8; 32],
}

/// A journal held against a seal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealCheck {
    /// The seal, whose signature is good.
    pub seal: Seal,
    /// What the journal is; `first_bad` also names where it parts from the seal.
    pub report: VerifyReport,
}

/// Verifies the journal and signs what it is, up to its last record. The seal is written to `out`, or to
/// `journal.seal` in the directory. A seal there that the journal does not fit is not replaced.
pub fn seal(
    dir: impl AsRef<Path>,
    secret: &[u8; 32],
    out: Option<&Path>,
    wall_ns: u64,
) -> Result<Seal, JournalError> {
    let dir = dir.as_ref();
    let path = out.map_or_else(|| dir.join(SEAL_NAME), Path::to_path_buf);
    let earlier = match small_file::read(&path)? {
        Some(bytes) => Some(parse(&path, &bytes)?),
        None => None,
    };
    let mut boundaries = BTreeMap::new();
    let probes = earlier.as_ref().map_or_else(BTreeMap::new, Seal::probes);
    let report = verify_against(dir, &probes, |position, chain| {
        boundaries.insert(position, chain);
    })?;
    if let Some(bad) = report.first_bad {
        return Err(bad.into());
    }
    let key = SigningKey::from_bytes(secret);
    let made = Seal {
        epoch: Reader::open(dir)?.header().epoch,
        records: report.records,
        head: report.chain_head,
        boundaries,
        pruned: report.pruned.as_ref().map(|gone| (gone.from, gone.to)),
        wall_ns,
        public: key.verifying_key().to_bytes(),
    };
    let mut text = made.statement();
    let signature = key.sign(text.as_bytes()).to_bytes();
    let _ = writeln!(text, "signature {}", hex(&signature));
    small_file::replace(&path, text.as_bytes())?;
    Ok(made)
}

/// Verifies the journal against a seal (`None`: the one in its directory) made with the key of `public`.
pub fn verify_seal(
    dir: impl AsRef<Path>,
    seal: Option<&Path>,
    public: &[u8; 32],
) -> Result<SealCheck, JournalError> {
    let dir = dir.as_ref();
    let path = seal.map_or_else(|| dir.join(SEAL_NAME), Path::to_path_buf);
    let refused = |reason: &str| Err(JournalError::Refused { path: path.clone(), reason: reason.into() });
    let Some(bytes) = small_file::read(&path)? else {
        return refused("there is no seal here; name it with --seal, or ask who sealed the journal for it");
    };
    let seal = parse(&path, &bytes)?;
    if seal.public != *public {
        return refused("the seal was made with another key than the one given");
    }
    if seal.epoch != Reader::open(dir)?.header().epoch {
        return refused("the seal is one of another journal: the epochs differ");
    }
    let report = verify_against(dir, &seal.probes(), |_, _| ())?;
    Ok(SealCheck { seal, report })
}

impl Seal {
    /// Where the chain is fixed.
    fn probes(&self) -> BTreeMap<u64, [u8; 32]> {
        let mut probes = self.boundaries.clone();
        // At position 0 nothing is before it, in every journal.
        probes.remove(&0);
        probes.insert(self.records, self.head);
        probes
    }

    /// Everything that is signed.
    fn statement(&self) -> String {
        let mut text = FIRST_LINE.to_string();
        let mut line = |words: std::fmt::Arguments<'_>| {
            let _ = writeln!(text, "{words}");
        };
        line(format_args!("epoch {:016x}", self.epoch));
        line(format_args!("records {}", self.records));
        line(format_args!("head {}", hex(&self.head)));
        for (position, chain) in &self.boundaries {
            if self.pruned.is_none_or(|(from, _)| from != *position) {
                line(format_args!("segment {position} {}", hex(chain)));
            }
        }
        if let Some((from, to)) = self.pruned {
            let chain =
                |position| self.boundaries.get(&position).map_or_else(String::new, |chain| hex(chain));
            line(format_args!("pruned {from} {to} {} {}", chain(from), chain(to)));
        }
        line(format_args!("sealed {}", self.wall_ns));
        line(format_args!("public {}", hex(&self.public)));
        text
    }
}

/// Reads a seal and checks its signature with the key that it names.
fn parse(path: &Path, bytes: &[u8]) -> Result<Seal, JournalError> {
    let bad = |reason: &str| {
        let file = path.to_path_buf();
        JournalError::from(Bad {
            file,
            position: 0,
            byte_offset: 0,
            kind: BadKind::Seal,
            reason: reason.into(),
        })
    };
    let text = str::from_utf8(bytes).map_err(|_| bad("it is not text"))?;
    let (statement, signature) =
        text.split_once("signature ").ok_or_else(|| bad("it has no signature, so it is no seal"))?;
    let seal = read_statement(statement).ok_or_else(|| bad("its lines are not those of a seal"))?;
    // Only one text has these values: what is not exactly it was not written by a sealing.
    if seal.statement() != statement {
        return Err(bad("its lines are not those of a seal"));
    }
    let signature = signature.strip_suffix('\n').and_then(seal_key::unhex::<64>);
    let signature =
        Signature::from_bytes(&signature.ok_or_else(|| bad("its signature is not 128 hex digits"))?);
    let key = VerifyingKey::from_bytes(&seal.public).map_err(|_| bad("its public key is none"))?;
    key.verify_strict(statement.as_bytes(), &signature)
        .map_err(|_| bad("its signature does not fit: the seal was changed after it was made"))?;
    Ok(seal)
}

fn read_statement(text: &str) -> Option<Seal> {
    let mut lines = text.strip_prefix(FIRST_LINE)?.lines();
    let mut value = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::to_string);
    let epoch = u64::from_str_radix(&value("epoch")?, 16).ok()?;
    let records = value("records")?.parse().ok()?;
    let head = seal_key::unhex(&value("head")?)?;
    let (mut boundaries, mut pruned, mut wall_ns) = (BTreeMap::new(), None, None);
    for line in lines.by_ref() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["segment", position, chain] => {
                boundaries.insert(position.parse().ok()?, seal_key::unhex(chain)?);
            }
            ["pruned", from, to, before, behind] => {
                let (from, to) = (from.parse().ok()?, to.parse().ok()?);
                boundaries.insert(from, seal_key::unhex(before)?);
                boundaries.insert(to, seal_key::unhex(behind)?);
                pruned = Some((from, to));
            }
            ["sealed", at] => {
                wall_ns = Some(at.parse().ok()?);
                break;
            }
            _ => return None,
        }
    }
    let public = seal_key::unhex(lines.next()?.strip_prefix("public ")?)?;
    lines.next().is_none().then_some(Seal {
        epoch,
        records,
        head,
        boundaries,
        pruned,
        wall_ns: wall_ns?,
        public,
    })
}
