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

/// Characters to insert, remove, replace or exchange with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = row[j] + usize::from(a[i] != b[j]);
            next[j + 1] = replaced.min(next[j] + 1).min(row[j + 1] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}
