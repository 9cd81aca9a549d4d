//! Nothing allocates or frees on the way from bytes to orders: decode, book, bars, indicators, rules,
//! risk, orders, fills. The program's own allocator watches this test's thread; a control shows that it sees.

mod driver;

use pinion_binance::encode::OrderEncoder;
use pinion_binance::{Decoded, Decoder, SymbolTable};
use pinion_engine::Engine;
use pinion_engine::sink::Sink;
use pinion_model::body::Body;
use pinion_model::event::{Level, MarketEvent};
use pinion_recorded::lines;
use pinion_runtime::memory::{PhasedAllocator, count_breaches};

#[global_allocator]
static ALLOCATOR: PhasedAllocator = PhasedAllocator;

/// Runs `work` on a sealed thread and returns how often it allocated or freed.
fn allocations(work: impl FnOnce()) -> u64 {
    count_breaches(work)
}

/// Counts records and drops them.
#[derive(Default)]
struct Counter {
    records: u64,
}

impl Sink for Counter {
    const INPUTS: bool = true;
    const EVIDENCE: bool = true;
    fn emit<B: Body>(&mut self, body: &B) {
        self.records += u64::from(body.to_bytes()[0] < u8::MAX) + 1;
    }
    fn levels(&mut self, bids: &[Level], asks: &[Level]) {
        self.records += (bids.len() + asks.len()) as u64;
    }
}

/// The lines of the shipped recording, every tenth of them followed by a damaged copy.
fn recording() -> Vec<Vec<u8>> {
    let path = pinion_tests::project_root().join("examples/data/binance_spot_20250325.capture.gz");
    let (mut file, _) = lines::open(&path).unwrap();
    let mut recording = Vec::new();
    while let Some((number, line)) = file.next_line().unwrap() {
        recording.push(line.to_vec());
        if number % 10 == 0 {
            recording.push(line[..line.len() - (number as usize / 10) % 90].to_vec());
        }
    }
    recording
}

#[test]
fn the_way_from_bytes_to_orders_does_not_allocate() {
    walk("paper.yaml");
}

#[test]
fn expressions_do_not_allocate() {
    walk("expression.yaml");
}

/// Runs an example on the shipped recording.
fn walk(example: &str) {
    let base = pinion_tests::project_root().join("examples");
    let text = std::fs::read_to_string(base.join(example)).unwrap();
    let (config, mut found) = pinion_plan::read(example, &text, &base).unwrap();
    let plan = pinion_plan::compile(&config, &[], &mut found).unwrap();
    let mut engine = Engine::new(&plan.engine).unwrap();
    let mut venue = pinion_sim::paper::PaperVenue::new(&plan.engine, plan.paper);
    let mut decoder = Decoder::new(SymbolTable::of(&plan.engine.instruments), 5_000);
    let (lines, mut sink, mut orders) = (recording(), Orders::default(), 0);
    let count = allocations(|| {
        for line in &lines {
            let split = line.iter().position(|b| *b == b' ').unwrap_or(0);
            let recv_ns = line[..split].iter().fold(0i64, |n, b| n * 10 + i64::from(b - b'0'));
            let Ok(Decoded::Market(instrument, market)) = decoder.decode(recv_ns, &line[split + 1..]) else {
                continue;
            };
            while engine.next_deadline_ns() <= recv_ns {
                engine.on_timer(engine.next_deadline_ns(), &mut sink);
            }
            while let Some(report) = venue.poll(recv_ns) {
                engine.on_execution(&report, &mut sink);
            }
            let event = MarketEvent { instrument, cursor: 1, market };
            venue.on_market(&event);
            engine.on_market(&event, &mut sink);
            for order in &sink.waiting[..std::mem::take(&mut sink.count)] {
                venue.submit(order, engine.now_ns());
                orders += 1;
            }
        }
    });
    assert_eq!(count, 0, "allocations and frees on the hot path");
    assert!(orders >= 10 && engine.counters().fills >= 10, "{orders} orders: the path was not walked");
    assert!(sink.inner.records > 50_000);
}

/// Keeps what leaves for the venue, in an array.
struct Orders {
    inner: Counter,
    waiting: [pinion_model::body::OrderBody; 16],
    count: usize,
}

impl Default for Orders {
    fn default() -> Self {
        let none = pinion_model::body::OrderBody::from_bytes(&[0; 96]);
        Orders { inner: Counter::default(), waiting: [none; 16], count: 0 }
    }
}

impl Sink for Orders {
    const INPUTS: bool = true;
    const EVIDENCE: bool = true;
    fn emit<B: Body>(&mut self, body: &B) {
        self.inner.emit(body);
        if B::KIND == pinion_model::record::Kind::Order {
            self.waiting[self.count] = pinion_model::body::OrderBody::from_bytes(&body.to_bytes());
            self.count += 1;
        }
    }
    fn levels(&mut self, bids: &[Level], asks: &[Level]) {
        self.inner.levels(bids, asks);
    }
}

#[test]
fn decoding_depth_does_not_allocate_either() {
    let Some(dir) = pinion_tests::recorded_data() else { return };
    let path = pinion_tests::recorded_file(&dir, "binance/raw/usdm_btcusdt_20240808.gz");
    let (mut file, _) = lines::open(&path).unwrap();
    let mut frames = Vec::new();
    while let Some((_, line)) = file.next_line().unwrap() {
        frames.push(line[line.iter().position(|b| *b == b' ').unwrap() + 1..].to_vec());
    }
    let mut decoder =
        Decoder::new(SymbolTable::open(pinion_binance::symbols::Units { price: 2, qty: 3 }), 5_000);
    // The first message adds its symbol; a plan's symbols are known from the start.
    decoder.decode(1, &frames[0]).unwrap();
    let count = allocations(|| {
        for frame in &frames {
            let _ = std::hint::black_box(decoder.decode(1, frame));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn writing_orders_and_cancels_does_not_allocate() {
    use pinion_model::body::{CancelBody, OrderBody};
    use pinion_model::order::{OrderType, Side, TimeInForce};
    let units = pinion_binance::symbols::Units { price: 8, qty: 8 };
    let mut encoder = OrderEncoder::new([("1000SHIBUSDT", units)], "the-longest-bot", u64::MAX);
    let mut order = OrderBody::from_bytes(&[0; 96]);
    (order.side, order.tif) = (Side::Sell.code(), TimeInForce::Gtc.code());
    (order.limit.0, order.trigger.0, order.qty.0) = (i64::MAX, i64::MAX, i64::MAX);
    let mut cancel = CancelBody::from_bytes(&[0; 96]);
    let mut bytes = 0;
    let count = allocations(|| {
        for number in 0..1_000u64 {
            (order.order, cancel.order) = (u64::MAX - number, u64::MAX - number);
            for kind in [OrderType::Market, OrderType::Limit, OrderType::Stop] {
                order.order_type = kind.code();
                bytes += encoder.place(&order, i64::MAX).map_or(0, <[u8]>::len);
            }
            bytes += encoder.cancel(&cancel, i64::MAX).map_or(0, <[u8]>::len);
        }
    });
    assert_eq!(count, 0);
    assert!(bytes > 4_000 * 150, "every message was written: {bytes}");
}

#[test]
fn no_indicator_of_the_catalogue_allocates() {
    use pinion_engine::indicators::call::Call;
    use pinion_engine::indicators::catalog::INDICATORS;
    use pinion_engine::indicators::define::Indicator;
    use pinion_model::event::{Bar, NO_TIME, Quote, Trade};
    use pinion_model::number::{Price, Qty};
    for def in INDICATORS {
        let mut state = Call::of(def, &[]).unwrap().build();
        let mut values = 0;
        let count = allocations(|| {
            for at in 0..1_000i64 {
                let (low, qty) = (Price(10_000 + at * 7_919 % 487), Qty(1 + at * 31 % 97));
                let (high, close) = (Price(low.0 + 40), Price(low.0 + at % 41));
                let open_ns = at * 3_600_000_000_000;
                state.on_bar(&Bar { open_ns, open: low, high, low, close, volume: qty });
                let (recv_ns, venue_ns) = (open_ns, NO_TIME);
                let (bid, ask) = (low, high);
                state.on_quote(&Quote {
                    recv_ns,
                    venue_ns,
                    update_id: 0,
                    bid,
                    ask,
                    bid_qty: qty,
                    ask_qty: qty,
                });
                state.on_trade(&Trade { recv_ns, venue_ns, trade_id: 0, price: close, qty, aggressor: None });
                values += (0..def.outputs.len()).filter(|output| state.value(*output).is_some()).count();
            }
        });
        assert_eq!(count, 0, "{} allocates", def.name);
        assert!(values > 100, "{} has only {values} values", def.name);
    }
}

#[test]
fn no_rule_of_the_catalogue_allocates() {
    use driver::{EntryRun, ExitRun, MINUTE_NS, spec, walk};
    use pinion_engine::rules::catalog::RULES;
    use pinion_engine::rules::params::{ParamValue, RuleKind};
    use pinion_model::order::Side;
    let bars = walk(2_000, 1);
    for def in RULES {
        let spec = spec(def, &[("htf_timeframe", ParamValue::Choice(1))]);
        let mut entry = (def.kind == RuleKind::Entry).then(|| EntryRun::new(&spec));
        let mut exit =
            (def.kind == RuleKind::Exit).then(|| ExitRun::new(def, &spec, MINUTE_NS, Side::Buy, 50));
        let mut steps = 0;
        let count = allocations(|| {
            for bar in &bars {
                steps += usize::from(entry.as_mut().is_some_and(|run| run.step(bar) == [false; 2]));
                steps += usize::from(exit.as_mut().is_some_and(|run| run.step(bar).is_none()));
            }
        });
        assert_eq!(count, 0, "{:?} {} allocates", def.kind, def.name);
        assert!(steps > 100, "{} was not asked", def.name);
    }
}

/// The control: were the allocator blind, this would fail.
#[test]
fn an_allocation_is_seen() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1u8; 100]))), 2, "one allocation, one free");
}
