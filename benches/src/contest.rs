//! Several ways to do the same work, measured in turn: each round lets every one run once, and the next round
//! begins with another, so that a noisy minute hits all alike.

/// A way to do the work. Each call makes one measurement.
pub struct Contender<'a> {
    /// Its name in tables.
    pub name: String,
    /// Makes a measurement.
    pub measure: Box<dyn FnMut() -> f64 + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender.
    pub fn new(name: impl Into<String>, measure: impl FnMut() -> f64 + 'a) -> Self {
        Contender { name: name.into(), measure: Box::new(measure) }
    }
}

/// What a contender showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// Its name.
    pub name: String,
    /// Median of the rounds.
    pub median: f64,
    /// Least of the rounds.
    pub least: f64,
    /// Greatest of the rounds.
    pub greatest: f64,
}

/// Measures all of them in turn, `rounds` times; the scores are in their order.
pub fn compete(mut contenders: Vec<Contender<'_>>, rounds: usize) -> Vec<Score> {
    let mut seen = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..rounds.max(1) {
        for turn in 0..contenders.len() {
            let at = (turn + round) % contenders.len();
            seen[at].push((contenders[at].measure)());
        }
    }
    let scores = contenders.into_iter().zip(seen).map(|(contender, mut seen)| {
        seen.sort_by(f64::total_cmp);
        let (least, greatest) = (seen[0], seen[seen.len() - 1]);
        Score { name: contender.name, median: seen[seen.len() / 2], least, greatest }
    });
    scores.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn contenders_take_turns_and_each_begins_once() {
        let order = RefCell::new(String::new());
        let contender = |name: &'static str, value: f64| {
            let order = &order;
            Contender::new(name, move || {
                order.borrow_mut().push_str(name);
                value + order.borrow().len() as f64
            })
        };
        let scores = compete(vec![contender("a", 0.0), contender("b", 100.0)], 3);
        assert_eq!(*order.borrow(), "abbaab");
        let a = Score { name: "a".into(), median: 4.0, least: 1.0, greatest: 5.0 };
        assert_eq!((scores[0].clone(), scores[1].least), (a, 102.0));
    }
}
