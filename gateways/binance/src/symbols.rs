//! Symbols to instruments and their units. A handful of symbols: the one that came last is tried first.

use pinion_model::instrument::{Instrument, InstrumentId};

/// Units of an instrument's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Prices are integers of `10^-price`.
    pub price: u8,
    /// Quantities are integers of `10^-qty`.
    pub qty: u8,
}

#[derive(Clone, Debug)]
struct Entry {
    symbol: Vec<u8>,
    /// The symbol with a closing quote as a number, and the bits of it that count; no bits where it is too
    /// long for that.
    quoted: u128,
    mask: u128,
    instrument: InstrumentId,
    units: Units,
}

impl Entry {
    fn new(symbol: Vec<u8>, instrument: InstrumentId, units: Units) -> Entry {
        let mut bytes = [0u8; 16];
        let fits = symbol.len() < bytes.len();
        if fits {
            bytes[..symbol.len()].copy_from_slice(&symbol);
            bytes[symbol.len()] = b'"';
        }
        let mask = if fits { u128::MAX >> (8 * (15 - symbol.len())) } else { 0 };
        Entry { symbol, quoted: u128::from_le_bytes(bytes), mask, instrument, units }
    }
}

/// The symbols that a decoder knows.
#[derive(Clone, Debug)]
pub struct SymbolTable {
    entries: Vec<Entry>,
    last: usize,
    open: Option<Units>,
}

impl SymbolTable {
    /// The instruments of a plan, in its order.
    pub fn of(instruments: &[Instrument]) -> SymbolTable {
        let entries = instruments.iter().enumerate().map(|(at, i)| {
            let units = Units { price: i.price_exponent, qty: i.qty_exponent };
            Entry::new(i.symbol.to_uppercase().into_bytes(), InstrumentId(at as u32), units)
        });
        SymbolTable { entries: entries.collect(), last: 0, open: None }
    }

    /// No symbols yet; each new one becomes an instrument with these units. For surveys.
    pub fn open(units: Units) -> SymbolTable {
        SymbolTable { entries: Vec::new(), last: 0, open: Some(units) }
    }

    /// Symbols by instrument.
    // cold: reports ask for it after a survey
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.entries.iter().map(|e| String::from_utf8_lossy(&e.symbol).into_owned())
    }

    /// When `text` begins with the symbol that came last and a quote: its instrument, and what follows.
    #[inline(always)]
    pub(crate) fn same_again<'a>(&self, text: &'a [u8]) -> Option<((InstrumentId, Units), &'a [u8])> {
        let entry = self.entries.get(self.last)?;
        let begins = u128::from_le_bytes(*text.first_chunk::<16>()?);
        if entry.mask == 0 || (begins ^ entry.quoted) & entry.mask != 0 {
            return None;
        }
        Some(((entry.instrument, entry.units), &text[entry.symbol.len() + 1..]))
    }

    /// Instrument and units of a symbol.
    #[inline]
    pub fn find(&mut self, symbol: &[u8]) -> Option<(InstrumentId, Units)> {
        let same = |e: &Entry| e.symbol == symbol;
        if !self.entries.get(self.last).is_some_and(same) {
            self.last = match self.entries.iter().position(same) {
                Some(at) => at,
                None => self.add(symbol)?,
            };
        }
        let entry = &self.entries[self.last];
        Some((entry.instrument, entry.units))
    }

    // cold: a survey's open table grows; a plan's symbols are all there from the start
    fn add(&mut self, symbol: &[u8]) -> Option<usize> {
        let units = self.open?;
        let instrument = InstrumentId(self.entries.len() as u32);
        self.entries.push(Entry::new(symbol.to_vec(), instrument, units));
        Some(self.entries.len() - 1)
    }

    /// The only symbol there is, for a snapshot that names none.
    pub fn only(&self) -> Option<(InstrumentId, Units)> {
        match &self.entries[..] {
            [entry] => Some((entry.instrument, entry.units)),
            _ => None,
        }
    }
}
