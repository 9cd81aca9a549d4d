//! The feed's thread: reads and decodes the recording and sends it on, event by event. It waits where the
//! strategy does not keep up, and ends with the recording or with the strategy.

use super::messages::{MarketMessage, send_event};
use super::wait;
use crate::session::meters::FeedMeter;
use pinion_model::event::{Market, MarketEvent};
use pinion_recorded::DataError;
use pinion_recorded::source::{Chunk, Source};
use pinion_runtime::agent::{Agent, Spent};
use pinion_runtime::counters::link::LinkMeter;
use pinion_runtime::idle::Idle;
use pinion_runtime::link::Tx;
use pinion_runtime::ticks::thread_cpu;
use std::time::{Duration, Instant};

/// The agent.
pub struct FeedAgent {
    /// The recording.
    pub source: Source,
    /// Time spent reading and decoding, and processor time of that.
    pub load: (Duration, Duration),
    /// What ended it before its end.
    pub error: Option<DataError>,
    /// The recording was sent whole.
    pub complete: bool,
    /// Shows what is refused.
    pub meter: Option<FeedMeter>,
    /// Shows the link to the strategy.
    pub link: LinkMeter,
    tx: Tx<MarketMessage>,
    idle: Idle,
    done: bool,
}

impl FeedAgent {
    /// An agent at the start of its recording.
    pub fn new(source: Source, tx: Tx<MarketMessage>, idle: Idle) -> FeedAgent {
        let load = (Duration::ZERO, Duration::ZERO);
        FeedAgent {
            source,
            load,
            error: None,
            complete: false,
            meter: None,
            link: LinkMeter::default(),
            tx,
            idle,
            done: false,
        }
    }

    /// Sends the chunk that was loaded; false when the strategy is gone.
    fn send_chunk(&mut self) -> bool {
        let FeedAgent { source, tx, idle, .. } = self;
        let mut there = true;
        let mut put = |message| there = there && wait::send(tx, idle, message);
        match source.current() {
            Chunk::Bars { instrument, interval_ns, first_cursor, bars } => {
                for (cursor, &bar) in (first_cursor..).zip(bars) {
                    let market = Market::Bar { bar, interval_ns };
                    send_event(&MarketEvent { instrument, cursor, market }, &mut put);
                }
            }
            Chunk::Quotes { instrument, first_cursor, quotes } => {
                for (cursor, &quote) in (first_cursor..).zip(quotes) {
                    let market = Market::Quote(quote);
                    send_event(&MarketEvent { instrument, cursor, market }, &mut put);
                }
            }
            Chunk::Mixed { events, levels } => {
                events.iter().for_each(|event| send_event(&event.with_levels(levels), &mut put));
            }
        }
        there
    }
}

impl Agent for FeedAgent {
    fn do_work(&mut self) -> usize {
        let (began, cpu) = (Instant::now(), thread_cpu());
        let loaded = self.source.next_chunk().map(|chunk| chunk.map_or(0, |c| c.len()));
        self.load.0 += began.elapsed();
        self.load.1 += thread_cpu() - cpu;
        if let Some(meter) = &mut self.meter {
            meter.show(&self.source);
        }
        let items = loaded.as_ref().map_or(0, |items| *items);
        match loaded {
            Ok(0) => (self.complete, self.done) = (true, true),
            Ok(_) => self.done = !self.send_chunk(),
            Err(error) => (self.error, self.done) = (Some(error), true),
        }
        if self.done {
            self.tx.close();
        }
        items.max(1)
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn take_spent(&mut self) -> Spent {
        Spent { blocked: self.idle.take_waited(), ..Spent::default() }
    }

    fn publish(&mut self) {
        self.link.show(&self.tx);
    }
}
