//! What a session needs of a venue, wherever the venue's agent runs.

use super::past::snapshot::venue_bytes;
use pinion_engine::book::Book;
use pinion_model::body::{CancelBody, ExecutionBody, OrderBody};
use pinion_model::event::{Bar, MarketEvent, Quote};
use pinion_model::instrument::InstrumentId;
use pinion_sim::paper::PaperVenue;

/// A venue in virtual time. Calls come in the order of engine time.
pub trait Venue {
    /// When it will next have something to do or to say; `i64::MAX` for never.
    fn next_ns(&mut self) -> i64;
    /// Nothing rests and nothing is on its way: until an order comes, events only move its prices.
    fn is_idle(&mut self) -> bool;
    /// Lets what is due by `until_ns` happen and returns the next report due by then.
    fn poll(&mut self, until_ns: i64) -> Option<ExecutionBody>;
    /// An order left the engine at `now_ns`.
    fn submit(&mut self, order: &OrderBody, now_ns: i64);
    /// A cancel left the engine at `now_ns`.
    fn cancel(&mut self, cancel: &CancelBody, now_ns: i64);
    /// An order that was let pass does not leave.
    fn withhold(&mut self, _: &OrderBody) {}
    /// A bar will begin at `open_ns`.
    fn before_bar(&mut self, open_ns: i64);
    /// A bar, once its open may be traded at.
    fn on_bar(&mut self, id: InstrumentId, bar: &Bar);
    /// A quote.
    fn on_quote(&mut self, id: InstrumentId, quote: &Quote);
    /// Any market event but a bar.
    fn on_market(&mut self, event: &MarketEvent<'_>);
    /// The book after a depth update.
    fn follow_book(&mut self, id: InstrumentId, book: &Book, now_ns: i64);
    /// Its orders, and those of which a report is on its way, where they are at hand; see [`PaperVenue::orders`].
    fn orders(&self) -> Option<Vec<(u64, bool)>>;
    /// Its state as bytes, where it is at hand.
    fn save(&self) -> Option<Vec<u8>>;
}

impl Venue for PaperVenue {
    #[inline(always)]
    fn next_ns(&mut self) -> i64 {
        PaperVenue::next_ns(self)
    }

    #[inline(always)]
    fn is_idle(&mut self) -> bool {
        PaperVenue::is_idle(self)
    }

    fn poll(&mut self, until_ns: i64) -> Option<ExecutionBody> {
        PaperVenue::poll(self, until_ns)
    }

    fn submit(&mut self, order: &OrderBody, now_ns: i64) {
        PaperVenue::submit(self, order, now_ns);
    }

    fn cancel(&mut self, cancel: &CancelBody, now_ns: i64) {
        PaperVenue::cancel(self, cancel, now_ns);
    }

    #[inline(always)]
    fn before_bar(&mut self, open_ns: i64) {
        PaperVenue::before_bar(self, open_ns);
    }

    #[inline(always)]
    fn on_bar(&mut self, id: InstrumentId, bar: &Bar) {
        PaperVenue::on_bar(self, id, bar);
    }

    #[inline(always)]
    fn on_quote(&mut self, id: InstrumentId, quote: &Quote) {
        PaperVenue::on_quote(self, id, quote);
    }

    #[inline(always)]
    fn on_market(&mut self, event: &MarketEvent<'_>) {
        PaperVenue::on_market(self, event);
    }

    fn follow_book(&mut self, id: InstrumentId, book: &Book, now_ns: i64) {
        PaperVenue::follow_book(self, id, book, now_ns);
    }

    // cold: once, where a run that goes on comes to what is new
    fn orders(&self) -> Option<Vec<(u64, bool)>> {
        Some(PaperVenue::orders(self).collect())
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(venue_bytes(self))
    }
}
