//! Sets of processors, in the two notations of the kernel: lists (`0-3,8`) and masks (`ff,00000000`).

use std::collections::BTreeSet;
use std::fmt;

/// More processors than any host has; a list beyond it is a mistake.
const LIMIT: usize = 8192;

/// A set of processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpus(BTreeSet<usize>);

impl Cpus {
    /// Reads a list; `None` for what is none.
    pub fn parse_list(text: &str) -> Option<Cpus> {
        let mut cpus = BTreeSet::new();
        if text.is_empty() || text == "(null)" {
            return Some(Cpus(cpus));
        }
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse::<usize>().ok()?, last.trim().parse::<usize>().ok()?);
            if first > last || last >= LIMIT {
                return None;
            }
            cpus.extend(first..=last);
        }
        Some(Cpus(cpus))
    }

    /// Reads a mask: hexadecimal, the highest processors first, commas between groups of 32.
    pub fn parse_mask(text: &str) -> Option<Cpus> {
        let mut cpus = BTreeSet::new();
        for (group, digits) in text.trim().rsplit(',').enumerate() {
            let bits = u32::from_str_radix(digits, 16).ok()?;
            cpus.extend((0..32).filter(|bit| bits >> bit & 1 == 1).map(|bit| group * 32 + bit));
        }
        Some(Cpus(cpus))
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().copied()
    }

    /// Those that are in both.
    pub fn common(&self, other: &Cpus) -> Cpus {
        Cpus(self.0.intersection(&other.0).copied().collect())
    }

    /// Those that are not in `other`.
    pub fn without(&self, other: &Cpus) -> Cpus {
        Cpus(self.0.difference(&other.0).copied().collect())
    }
}

impl FromIterator<usize> for Cpus {
    fn from_iter<I: IntoIterator<Item = usize>>(cpus: I) -> Cpus {
        Cpus(cpus.into_iter().collect())
    }
}

/// As a list: `0-3,8`; `none` when empty.
impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.pad("none");
        }
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for cpu in self.iter() {
            match parts.last_mut() {
                Some((_, last)) if *last + 1 == cpu => *last = cpu,
                _ => parts.push((cpu, cpu)),
            }
        }
        let part = |(first, last): &(usize, usize)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        f.pad(&parts.iter().map(part).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::Cpus;

    #[test]
    fn lists_are_read_and_written() {
        for (text, shown, count) in
            [("0-3,8", "0-3,8", 5), ("", "none", 0), ("(null)", "none", 0), ("2,3,4", "2-4", 3)]
        {
            let cpus = Cpus::parse_list(text).unwrap();
            assert_eq!((cpus.to_string().as_str(), cpus.count()), (shown, count));
        }
        for wrong in ["a", "3-1", "1,,2", "-1", "0-99999999"] {
            assert_eq!(Cpus::parse_list(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn masks_count_from_the_right() {
        assert_eq!(Cpus::parse_mask("f3").unwrap().to_string(), "0-1,4-7");
        assert_eq!(Cpus::parse_mask("1,00000001").unwrap().to_string(), "0,32");
        assert_eq!(Cpus::parse_mask("xyz"), None);
    }
}
