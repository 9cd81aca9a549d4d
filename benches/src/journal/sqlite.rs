//! SQLite with a write-ahead log and `synchronous = NORMAL`: like our journal between marks, it does not wait
//! for the disk at a commit.

use super::{body, per_second};
use rusqlite::{Connection, params};
use std::path::Path;

/// Records a second in transactions of `batch`.
pub(super) fn append(dir: &Path, records: u64, batch: u64) -> f64 {
    let sound = "SQLite takes it";
    let db = Connection::open(dir.join("records.db")).expect(sound);
    db.pragma_update(None, "journal_mode", "WAL").expect(sound);
    db.pragma_update(None, "synchronous", "NORMAL").expect(sound);
    db.execute("CREATE TABLE records (position INTEGER PRIMARY KEY, kind INTEGER, body BLOB)", [])
        .expect(sound);
    let mut insert = db.prepare("INSERT INTO records VALUES (?, ?, ?)").expect(sound);
    let rate = per_second(records, |n| {
        if batch > 1 && n % batch == 0 {
            db.execute_batch("BEGIN").expect(sound);
        }
        insert.execute(params![n as i64, 1, &body(n)[..]]).expect(sound);
        if batch > 1 && (n % batch == batch - 1 || n == records - 1) {
            db.execute_batch("COMMIT").expect(sound);
        }
    });
    let count: i64 = db.query_row("SELECT count(*) FROM records", [], |row| row.get(0)).expect(sound);
    assert_eq!(count as u64, records, "every record is there");
    rate
}
