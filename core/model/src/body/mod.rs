//! Bodies of records: one `repr(C)` struct of exactly 96 bytes for each kind, little-endian, without
//! padding the compiler chose. Fields of inputs begin with `seq`, those of outputs with `cause`, the
//! `seq` of the input that led to them. Codes are the numbers of [`crate::order`]; units are those of
//! the instrument (prices, quantities) and of the currency (money).
//!
//! ```text
//!  quote       seq recv venue update bid ask bidqty askqty | instrument cursor            (8-byte words)
//!  trade       seq recv venue id price qty | instrument aggressor cursor
//!  bar         seq recv open_ns o h l c volume | interval instrument cursor
//!  depth       seq recv venue U u pu | instrument bids asks snapshot cursor, then depth-levels x6
//!  execution   seq time venue order price qty fee:16 | codes cumulative id
//!  intent      cause time | ids codes | reference limit trigger stop qty number
//!  verdict     cause time intent order | masks | qty price equity:16 exposure:16
//!  order       cause time order intent | codes | qty limit trigger replaces
//!  order-state cause time order | from to event reason | filled leaves
//!  position    cause time | instrument | qty order | cost:16 realised:16 fee:16
//!  account     cause time | event level | equity:16 peak:16 day_start:16 cash:16
//!  budget      seq time delta:16 transfer | currency shard parts of
//!  grant       cause time asked:16 given:16 balance:16 equity:16 | parts of currency shard
//! ```

mod decision;
mod evidence;
mod input;

pub use decision::*;
pub use evidence::*;
pub use input::*;

use crate::record::{BODY_BYTES, Kind};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A body and the kind of record that it belongs to.
pub trait Body: FromBytes + IntoBytes + Immutable + KnownLayout + Copy {
    /// The kind of record that carries it.
    const KIND: Kind;

    /// As bytes.
    fn to_bytes(&self) -> [u8; BODY_BYTES] {
        let mut bytes = [0; BODY_BYTES];
        bytes.copy_from_slice(self.as_bytes());
        bytes
    }

    /// From bytes.
    fn from_bytes(bytes: &[u8; BODY_BYTES]) -> Self {
        Self::read_from_bytes(bytes).expect("bodies are 96 bytes; the compile-time checks say so")
    }
}

/// Declares bodies: their layout, its size check and the kind that carries each.
macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident: $kind:ident { $($(#[$fdoc:meta])* $field:ident: $ty:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, zerocopy::FromBytes, zerocopy::IntoBytes, zerocopy::Immutable, zerocopy::KnownLayout)]
        #[repr(C)]
        pub struct $name { $($(#[$fdoc])* pub $field: $ty,)* }

        const _: () = assert!(size_of::<$name>() == $crate::record::BODY_BYTES);

        impl $crate::body::Body for $name { const KIND: $crate::record::Kind = $crate::record::Kind::$kind; }
    )*};
}

pub(crate) use bodies;

/// Copies as much of `text` as fits, on a character boundary, padded with zeros.
pub fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut end = text.len().min(N);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut bytes = [0; N];
    bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
    bytes
}

/// Reads back what [`padded`] wrote.
// cold: readers of a journal show names
pub fn unpadded(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Bar, Depth, Level, NO_TIME, Quote, Trade};
    use crate::instrument::InstrumentId;
    use crate::number::{Price, Qty};
    use crate::order::Side;

    #[test]
    fn market_bodies_hold_what_was_put_in() {
        let q = Quote {
            recv_ns: 1,
            venue_ns: NO_TIME,
            update_id: 3,
            bid: Price(4),
            ask: Price(5),
            bid_qty: Qty(6),
            ask_qty: Qty(7),
        };
        let bytes = QuoteBody::new(9, InstrumentId(2), 11, &q).to_bytes();
        assert_eq!(QuoteBody::from_bytes(&bytes).quote(), q);
        let t = Trade {
            recv_ns: 1,
            venue_ns: 2,
            trade_id: 3,
            price: Price(4),
            qty: Qty(5),
            aggressor: Some(Side::Sell),
        };
        assert_eq!(TradeBody::from_bytes(&TradeBody::new(1, InstrumentId(0), 1, &t).to_bytes()).trade(), t);
        let bar = Bar {
            open_ns: 60,
            open: Price(1),
            high: Price(4),
            low: Price(1),
            close: Price(2),
            volume: Qty(9),
        };
        let body = BarBody::new(1, InstrumentId(0), 1, &bar, 60);
        assert_eq!((body.bar(), body.recv_ns), (bar, 120));
    }

    #[test]
    fn depth_with_fewer_levels_than_it_says_is_refused() {
        let levels = [Level { price: Price(1), qty: Qty(1) }; 3];
        let d = Depth {
            recv_ns: 0,
            venue_ns: 0,
            first_id: 1,
            last_id: 2,
            prev_id: 0,
            snapshot: false,
            bids: &levels[..2],
            asks: &levels[2..],
        };
        let body = DepthBody::new(1, InstrumentId(0), 1, &d);
        assert_eq!(body.depth(&levels), Some(d));
        assert_eq!(body.depth(&levels[..2]), None);
    }

    #[test]
    fn check_operands_keep_all_their_bits() {
        for value in [0, -1, i128::MAX, i128::MIN, 1 << 64, -(1 << 64)] {
            assert_eq!(CheckOperands::new(3, 1, InstrumentId(0), value, !value).values().0, value);
        }
    }

    #[test]
    fn padded_text_is_cut_between_characters() {
        assert_eq!(unpadded(&padded::<4>("a\u{20ac}\u{20ac}")), "a\u{20ac}");
        assert_eq!(unpadded(&padded::<8>("short")), "short");
    }
}
