//! Bytes of a file to text.

use crate::diagnostic::{Diagnostics, Place, lines_of};

/// Largest text that is read, bytes.
pub const MOST_BYTES: usize = 1 << 20;

/// The text of a file's bytes, of which one more than [`MOST_BYTES`] is enough; an error with its place when
/// it is too long or not UTF-8.
pub fn decode(file: &str, bytes: Vec<u8>) -> Result<String, Diagnostics> {
    if bytes.len() > MOST_BYTES {
        let mut found = Diagnostics::new(file, "");
        refuse_length(&mut found);
        return Err(found);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let shown = String::from_utf8_lossy(error.as_bytes());
            let good = &shown[..error.utf8_error().valid_up_to()];
            let lines = lines_of(good);
            let ended = good.ends_with(['\n', '\r']);
            let place = match lines.last() {
                Some(last) if !ended => Place { line: lines.len(), column: last.chars().count() + 1 },
                _ => Place { line: lines.len() + 1, column: 1 },
            };
            let mut found = Diagnostics::new(file, &shown);
            found.error(place, "not UTF-8 text", "save the file as UTF-8");
            Err(found)
        }
    }
}

/// Notes that a text is too long.
pub(crate) fn refuse_length(found: &mut Diagnostics) {
    let remedy = "a configuration is a few kilobytes; is this the right file?";
    found.error(Place::START, "the file is larger than 1 MiB", remedy);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_another_encoding_is_refused_where_it_begins() {
        let cases: [(&[u8], (usize, usize)); 5] = [
            (b"a: 1\nb: \xfcber\n", (2, 4)),
            (b"a: 1\r\n\xff", (2, 1)),
            (b"\xff\xfea\0", (1, 1)),
            (b"\xef\xbb\xbfa: \xff", (1, 4)),
            ("ü: ".as_bytes(), (0, 0)),
        ];
        for (bytes, place) in cases {
            match decode("f", bytes.to_vec()) {
                Ok(_) => assert_eq!(place, (0, 0)),
                Err(found) => {
                    let at = found.found[0].place;
                    assert_eq!((at.line, at.column), place, "{found}");
                }
            }
        }
        let long = decode("f", vec![0xff; MOST_BYTES + 1]).unwrap_err();
        assert!(long.to_string().contains("larger than 1 MiB"), "{long}");
    }
}
