//! The pieces of the hot path one by one: decode, indicators, a whole bar through the engine.
//!
//! Run `cargo bench -p pinion-benches`; compare medians from one run on a quiet machine.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pinion_binance::symbols::Units;
use pinion_binance::{Decoder, SymbolTable};
use pinion_engine::Engine;
use pinion_engine::indicators::{Set, Spec};
use pinion_engine::sink::Sink;
use pinion_model::body::Body;
use pinion_model::event::{Bar, Level};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty};
use std::hint::black_box;
use std::path::Path;

struct Nowhere;

impl Sink for Nowhere {
    const INPUTS: bool = false;
    const EVIDENCE: bool = false;
    fn emit<B: Body>(&mut self, body: &B) {
        black_box(body);
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

/// A random walk of bars, the same in every run.
fn bars(count: usize) -> Vec<Bar> {
    let (mut state, mut price) = (7u64, 3_000_000i64);
    let mut next = |span: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % span
    };
    let one = |at: usize| {
        let open = price;
        price = (price + next(4_001) - 2_000).max(100_000);
        let (high, low) = (open.max(price) + next(900), open.min(price) - next(900));
        let [open, high, low, close] = [open, high, low, price].map(Price);
        Bar { open_ns: at as i64 * 60_000_000_000, open, high, low, close, volume: Qty(1_000) }
    };
    (0..count).map(one).collect()
}

fn decode(c: &mut Criterion) {
    let frames = [
        (
            "bookTicker",
            r#"{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}"#,
        ),
        (
            "trade",
            r#"{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}"#,
        ),
    ];
    let mut group = c.benchmark_group("decode");
    for (name, frame) in frames {
        let mut decoder = Decoder::new(SymbolTable::open(Units { price: 2, qty: 5 }), 100);
        group.bench_function(name, |b| b.iter(|| decoder.decode(1, black_box(frame.as_bytes())).is_ok()));
    }
    group.finish();
}

fn indicators(c: &mut Criterion) {
    let bars = bars(10_000);
    let mut set = Set::default();
    for spec in [Spec::Rsi(14), Spec::Bollinger(20), Spec::Atr(14)] {
        set.declare(spec);
    }
    let mut group = c.benchmark_group("indicators");
    group.throughput(Throughput::Elements(bars.len() as u64));
    group.bench_function("RSI + Bollinger + ATR", |b| {
        b.iter(|| bars.iter().for_each(|bar| set.update(black_box(bar))))
    });
    group.finish();
}

fn engine(c: &mut Criterion) {
    let text = "
instruments: [{symbol: BTCUSD, tick: 0.01, lot: 0.001}]
strategy: {entry_mixins: [RSIOrBB], exit_mixins: [AdvancedATR], timeframe: 1m, bars: trades}
broker: {cash: 1000000000}
";
    let (config, mut found) = pinion_plan::read("bench", text, Path::new(".")).expect("the text is good");
    let plan = pinion_plan::compile(&config, &[], &mut found).expect("the plan is good");
    let bars = bars(10_000);
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(bars.len() as u64));
    group.bench_function("bars, orders never answered", |b| {
        b.iter(|| {
            let mut engine = Engine::new(&plan.engine).expect("the rules are known");
            let mut at = 0;
            while at < bars.len() {
                at += engine.on_bars(InstrumentId(0), 1, &bars[at..], 60_000_000_000, &mut Nowhere);
            }
            engine.seq()
        });
    });
    group.finish();
}

criterion_group!(hot, decode, indicators, engine);
criterion_main!(hot);
