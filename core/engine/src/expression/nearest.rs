//! The name that was meant by one that is not known.

/// The word of `words` that is most likely meant by `typed`, if one is near enough.
pub fn suggest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    let length = typed.chars().count();
    if length > LONGEST {
        return None;
    }
    let typed_lower = typed.to_lowercase();
    let near =
        words.into_iter().map(|w| (distance(&typed_lower, &w.to_lowercase()), w)).min_by_key(|(d, _)| *d)?;
    (near.0 <= 1 + length / 4).then_some(near.1)
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
