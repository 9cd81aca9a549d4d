//! The shipped recording through an engine and a paper venue, event by event.

use pinion_engine::Engine;
use pinion_engine::sink::Sink;
use pinion_model::body::{Body, CancelBody, OrderBody};
use pinion_model::record::Kind;
use pinion_plan::Plan;
use pinion_recorded::source::{Chunk, Input, Source};
use pinion_sim::paper::PaperVenue;

/// Orders and cancels that have left an engine and not reached the venue.
#[derive(Default)]
pub struct Outbox {
    orders: Vec<OrderBody>,
    cancels: Vec<CancelBody>,
}

impl Outbox {
    /// Keeps what the record sends to the venue, if anything.
    pub fn note<B: Body>(&mut self, body: &B) {
        let bytes = body.to_bytes();
        match B::KIND {
            Kind::Order if OrderBody::from_bytes(&bytes).held == 0 => {
                self.orders.push(OrderBody::from_bytes(&bytes))
            }
            Kind::Cancel if CancelBody::from_bytes(&bytes).held == 0 => {
                self.cancels.push(CancelBody::from_bytes(&bytes))
            }
            _ => {}
        }
    }

    /// Gives it to the venue.
    pub fn hand_over(&mut self, venue: &mut PaperVenue, now_ns: i64) {
        self.orders.drain(..).for_each(|o| venue.submit(&o, now_ns));
        self.cancels.drain(..).for_each(|c| venue.cancel(&c, now_ns));
    }
}

/// Runs the recording; `outbox` tells where the sink keeps what goes to the venue, and `look` sees, and may
/// change, everything after each event. It must trade.
pub fn drive<S: Sink>(
    plan: &Plan,
    sink: &mut S,
    outbox: impl Fn(&mut S) -> &mut Outbox,
    mut look: impl FnMut(&mut Engine, &mut PaperVenue, &S),
) {
    let path = crate::project_root().join("examples/data/binance_spot_20250325.capture.gz");
    let mut source = Source::open(&[Input::of_capture(path)], &plan.engine.instruments).unwrap();
    let mut engine = Engine::new(&plan.engine).unwrap();
    let mut venue = PaperVenue::new(&plan.engine, plan.paper);
    while let Some(chunk) = source.next_chunk().unwrap() {
        let Chunk::Mixed { events, levels } = chunk else { panic!("a capture is mixed") };
        for event in events {
            let event = event.with_levels(levels);
            let now_ns = event.market.time_ns();
            while engine.next_deadline_ns() <= now_ns {
                engine.on_timer(engine.next_deadline_ns(), sink);
            }
            while let Some(report) = venue.poll(now_ns - 1) {
                engine.on_execution(&report, sink);
            }
            venue.on_market(&event);
            engine.on_market(&event, sink);
            outbox(sink).hand_over(&mut venue, engine.now_ns());
            look(&mut engine, &mut venue, sink);
        }
    }
    assert!(engine.counters().fills > 5);
    assert_eq!(engine.counters().anomalies, 0);
}
