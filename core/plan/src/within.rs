//! Where a character of a scalar stands in the text of the file, whichever way the scalar is written.

use crate::diagnostic::Place;

/// The place of character `at` of `scalar`, which begins at `place` of the file's `lines`: plain, in quotes,
/// over several lines or as a block. The beginning where the two cannot be matched, as with rare escapes.
pub(crate) fn place_within(lines: &[String], place: Place, scalar: &str, at: usize) -> Place {
    follow(lines, place, scalar, at).unwrap_or(place)
}

fn follow(lines: &[String], place: Place, scalar: &str, at: usize) -> Option<Place> {
    let mut source = characters(lines, place).peekable();
    match source.peek()?.0 {
        '"' | '\'' => drop(source.next()),
        // The header of a block; the text begins in the next line.
        '|' | '>' => drop(source.by_ref().find(|(c, _)| *c == '\n')),
        _ => {}
    }
    let mut behind = place;
    for (number, wanted) in scalar.chars().enumerate() {
        // Any number of blanks and line ends of the file stands for blanks of the scalar.
        if wanted.is_whitespace() {
            if number == at {
                return Some(behind);
            }
            continue;
        }
        let mut next = source.by_ref().find(|(c, _)| !c.is_whitespace())?;
        if next.0 != wanted {
            // An escaped quote or backslash is the character behind it.
            next = source.next().filter(|(c, _)| *c == wanted)?;
        }
        if number == at {
            return Some(next.1);
        }
        behind = Place { column: next.1.column + 1, ..next.1 };
    }
    Some(behind)
}

/// The characters from a place on, each with its own; a line ends with `\n`.
fn characters(lines: &[String], place: Place) -> impl Iterator<Item = (char, Place)> + '_ {
    let from = place.line.saturating_sub(1);
    lines.iter().enumerate().skip(from).flat_map(move |(number, text)| {
        let skipped = if number == from { place.column - 1 } else { 0 };
        let line = text.chars().chain(['\n']).enumerate().skip(skipped);
        line.map(move |(column, c)| (c, Place { line: number + 1, column: column + 1 }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, column: usize, scalar: &str, what: &str) -> (usize, usize) {
        let lines: Vec<String> = text.lines().map(str::to_string).collect();
        let at = scalar.find(what).map_or(scalar.chars().count(), |at| scalar[..at].chars().count());
        let place = place_within(&lines, Place { line: 1, column }, scalar, at);
        (place.line, place.column)
    }

    #[test]
    fn characters_are_found_in_every_style() {
        assert_eq!(found("w: a < b", 4, "a < b", "b"), (1, 8));
        assert_eq!(found("w: \"a < b\"", 4, "a < b", "b"), (1, 9));
        assert_eq!(found("w: 'a <  b'", 4, "a <  b", "b"), (1, 10));
        assert_eq!(found("w: a\n   < b", 4, "a < b", "b"), (2, 6));
        assert_eq!(found("w: >-\n  a <\n  b", 4, "a < b", "b"), (3, 3));
        assert_eq!(found("w: \"a \\\" b\"", 4, "a \" b", "b"), (1, 10));
        assert_eq!(found("w: a <", 4, "a <", "none"), (1, 7), "the end is behind the last character");
        assert_eq!(found("w: \"\\x61\"", 4, "a", "a"), (1, 4), "what cannot be matched is at the beginning");
    }
}
