//! Rings of other libraries, each used as its documentation shows for a loop that looks without blocking.

use super::{BATCH, Course, DEPTH, Item, Receiving, Ring, Sending};
use crate::contest::Contender;
use crossbeam::channel;
use crossbeam::queue::ArrayQueue;
use disruptor::{
    BusySpin, EventPoller, Producer, SingleConsumerBarrier, SingleProducer, SingleProducerBarrier,
};
use std::sync::Arc;

/// crossbeam's bounded channel.
pub struct CrossbeamChannel;

impl Ring for CrossbeamChannel {
    type Tx = channel::Sender<Item>;
    type Rx = channel::Receiver<Item>;
    fn make() -> (Self::Tx, Self::Rx) {
        channel::bounded(DEPTH)
    }
}

impl Sending for channel::Sender<Item> {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        self.try_send(item).is_ok()
    }
}

impl Receiving for channel::Receiver<Item> {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        self.try_recv().map_or(0, |item| {
            take(&item);
            1
        })
    }
}

/// crossbeam's queue for many producers and consumers.
pub struct CrossbeamQueue;

impl Ring for CrossbeamQueue {
    type Tx = Arc<ArrayQueue<Item>>;
    type Rx = Arc<ArrayQueue<Item>>;
    fn make() -> (Self::Tx, Self::Rx) {
        let queue = Arc::new(ArrayQueue::new(DEPTH));
        (queue.clone(), queue)
    }
}

impl Sending for Arc<ArrayQueue<Item>> {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        self.push(item).is_ok()
    }
}

impl Receiving for Arc<ArrayQueue<Item>> {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        self.pop().map_or(0, |item| {
            take(&item);
            1
        })
    }
}

/// The disruptor with one producer and a poller.
pub struct Disruptor;

impl Ring for Disruptor {
    type Tx = SingleProducer<Item, SingleConsumerBarrier>;
    type Rx = EventPoller<Item, SingleProducerBarrier>;
    fn make() -> (Self::Tx, Self::Rx) {
        let builder = disruptor::build_single_producer(DEPTH, || [0; 8], BusySpin);
        let (poller, builder) = builder.new_event_poller();
        (builder.build(), poller)
    }
}

impl Sending for SingleProducer<Item, SingleConsumerBarrier> {
    #[inline]
    fn send(&mut self, item: Item) -> bool {
        self.try_publish(|slot| *slot = item).is_ok()
    }

    #[inline]
    fn send_some(&mut self, first: u64, most: usize) -> usize {
        let count = most.min(BATCH);
        let sent = self.try_batch_publish(count, |slots| {
            slots.zip(first..).for_each(|(slot, n)| *slot = [n; 8]);
        });
        sent.map_or(0, |_| count)
    }
}

impl Receiving for EventPoller<Item, SingleProducerBarrier> {
    #[inline]
    fn receive(&mut self, mut take: impl FnMut(&Item)) -> usize {
        let Ok(mut events) = self.take(BATCH as u64) else { return 0 };
        let mut count = 0;
        for item in &mut events {
            take(item);
            count += 1;
        }
        count
    }
}

/// The others, for round trips.
pub(super) fn add_round_trips<'a>(course: &'a Course, all: &mut Vec<Contender<'a>>) {
    all.push(Contender::new("disruptor", || course.round_trip::<Disruptor>()));
    all.push(Contender::new("crossbeam channel", || course.round_trip::<CrossbeamChannel>()));
    all.push(Contender::new("crossbeam ArrayQueue", || course.round_trip::<CrossbeamQueue>()));
}

/// The others, one way.
pub(super) fn add_one_way<'a>(course: &'a Course, all: &mut Vec<Contender<'a>>) {
    all.push(Contender::new("disruptor", || course.one_way::<Disruptor>()));
    all.push(Contender::new("crossbeam channel", || course.one_way::<CrossbeamChannel>()));
    all.push(Contender::new("crossbeam ArrayQueue", || course.one_way::<CrossbeamQueue>()));
}
