//! Steps of the hot path by name. A step does its work once, the same amount each time, and may be called
//! without end; what it needs is made and warmed before.

mod bars;
mod gateway;
mod journal;

use crate::desk::{Desk, passing, refused};
use pinion_engine::risk::{Request, Verdict};
use pinion_engine::sink::Sink;
use pinion_model::body::Body;
use pinion_model::event::Level;
use std::hint::black_box;

/// A piece of work, once for each call.
pub type Step = Box<dyn FnMut()>;

/// A piece of the hot path.
pub struct Piece {
    /// Its name.
    pub name: &'static str,
    /// Makes it and warms it.
    pub make: fn() -> Step,
}

macro_rules! pieces {
    ($($name:ident: $make:expr;)*) => {
        /// All of them.
        pub const PIECES: &[Piece] = &[$(Piece { name: stringify!($name), make: $make },)*];
    };
}

pieces! {
    decode_book_ticker: gateway::decode_book_ticker;
    decode_agg_trade: gateway::decode_agg_trade;
    decode_depth: gateway::decode_depth;
    book_quote: bars::book_quote;
    book_depth: bars::book_depth;
    trade_into_bar: bars::trade_into_bar;
    trade_ends_bar: bars::trade_ends_bar;
    rules_on_bar: bars::rules_on_bar;
    expression_on_bar: bars::expression_on_bar;
    risk_pass: risk_pass;
    risk_refuse: risk_refuse;
    encode_order: gateway::encode_order;
    ring_push_read: journal::ring_push_read;
    frame_append: journal::frame_append;
}

/// The piece of this name.
pub fn find(name: &str) -> &'static Piece {
    let found = PIECES.iter().find(|piece| piece.name == name);
    found.unwrap_or_else(|| panic!("there is no piece {name}"))
}

/// Steps that are made before anybody looks.
const WARM_UP: usize = 64;

/// A step that has been made a few times.
fn warmed(mut step: impl FnMut() + 'static) -> Step {
    (0..WARM_UP).for_each(|_| step());
    Box::new(step)
}

fn risk(request: Request) -> Step {
    let desk = Desk::default();
    warmed(move || {
        let mut verdict = Verdict::default();
        desk.check(black_box(&request), &mut verdict);
        black_box(&verdict);
    })
}

fn risk_pass() -> Step {
    risk(passing())
}

fn risk_refuse() -> Step {
    risk(refused())
}

/// Takes records and keeps nothing.
struct Nowhere;

impl Sink for Nowhere {
    const INPUTS: bool = false;
    const EVIDENCE: bool = false;
    fn emit<B: Body>(&mut self, body: &B) {
        black_box(body);
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_can_be_made_and_steps_without_end() {
        for piece in PIECES {
            let mut step = (piece.make)();
            (0..1_000).for_each(|_| step());
        }
    }
}
