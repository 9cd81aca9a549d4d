//! What the rules of a strategy say at the end of a bar.

use super::*;

/// Which of the rules that fire or not vote, as bits by their places, and the sum of their weights.
pub(super) fn voters(rules: impl Iterator<Item = (bool, Ratio)>) -> (u32, Ratio) {
    let mut found = (0, Ratio(0));
    for (at, (_, weight)) in rules.enumerate().filter(|(_, (fires, _))| *fires) {
        // A list has fewer rules than bits; one that has more keeps those that fit.
        found.0 |= 1u32.checked_shl(at as u32).unwrap_or(0);
        found.1.0 += weight.0;
    }
    found
}

impl Trader {
    /// What the entries say, of a trader that is flat with nothing working.
    #[inline(always)]
    pub fn look_for_entry<'a>(&self, view: impl Fn(usize) -> View<'a>) -> Option<Found> {
        let entry = |side| self.entry_signal(side, &view).map(|rule| Found::Entry { side, rule });
        match self.direction {
            Direction::Long => entry(Side::Buy),
            Direction::Short => entry(Side::Sell),
            Direction::Both => entry(Side::Buy).or_else(|| entry(Side::Sell)),
        }
    }

    /// The rule that gives the entry its name, when the list as a whole fires.
    #[inline(always)]
    pub(super) fn entry_signal<'a>(&self, side: Side, view: &impl Fn(usize) -> View<'a>) -> Option<usize> {
        match &self.entries[..] {
            [] => None,
            [only] => only.fires(side, &view(only.series)).then_some(0),
            entries => self.combined(entries, side, view),
        }
    }

    pub(super) fn combined<'a>(
        &self,
        entries: &[Entry],
        side: Side,
        view: &impl Fn(usize) -> View<'a>,
    ) -> Option<usize> {
        let mut fires = entries.iter().map(|entry| entry.fires(side, &view(entry.series)));
        match self.combine_entries {
            Combine::All => fires.all(|fires| fires).then_some(0),
            Combine::Any => fires.position(|fires| fires),
            Combine::Vote { at_least } => {
                let (mut first, mut votes) = (None, Ratio(0));
                for (at, (fires, entry)) in fires.zip(entries).enumerate() {
                    if fires {
                        first = first.or(Some(at));
                        votes.0 += entry.weight.0;
                    }
                }
                first.filter(|_| votes >= at_least)
            }
        }
    }

    /// The first exit that fires, when the list as a whole does.
    #[inline(always)]
    pub fn look_for_exit<'a>(&mut self, view: impl Fn(usize) -> View<'a>) -> Option<Found> {
        let holding = self.holding.as_mut()?;
        holding.bars_held += 1;
        let since_fill = self.since_fill.take();
        match &mut self.exits[..] {
            [] => None,
            [only] => {
                let signal = only.on_bar(holding, since_fill, &view(only.series))?;
                Some(Found::Exit { rule: 0, signal })
            }
            exits => {
                let (mut first, mut all, mut votes, mut voters) = (None, true, Ratio(0), 0u32);
                // Every rule sees every bar, whether another has fired or not.
                for (rule, exit) in exits.iter_mut().enumerate() {
                    match exit.on_bar(holding, since_fill, &view(exit.series)) {
                        Some(signal) => {
                            first = first.or(Some(Found::Exit { rule, signal }));
                            votes.0 += exit.weight.0;
                            voters |= 1u32.checked_shl(rule as u32).unwrap_or(0);
                        }
                        None => all = false,
                    }
                }
                let found = first.filter(|_| match self.combine_exits {
                    Combine::All => all,
                    Combine::Any => true,
                    Combine::Vote { at_least } => votes >= at_least,
                });
                if found.is_some() {
                    self.exit_votes = (voters, votes);
                }
                found
            }
        }
    }
}
