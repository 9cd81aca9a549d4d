//! Rules of one list together: all, any, and votes with weights, through the whole engine; and what a
//! configuration may say about them.

use pinion_engine::Engine;
use pinion_engine::plan::Combine;
use pinion_engine::sink::Sink;
use pinion_model::body::{Body, OrderBody};
use pinion_model::event::{Bar, Level};
use pinion_model::instrument::InstrumentId;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::Reason;
use pinion_model::record::Kind;
use pinion_sim::paper::PaperVenue;

const MINUTE_NS: i64 = 60_000_000_000;

/// Orders as they leave.
#[derive(Default)]
struct Orders {
    waiting: Vec<OrderBody>,
    all: Vec<(u64, OrderBody)>,
    at: u64,
}

impl Sink for Orders {
    const INPUTS: bool = false;
    const EVIDENCE: bool = true;
    fn emit<B: Body>(&mut self, body: &B) {
        if B::KIND == Kind::Order {
            let order = OrderBody::from_bytes(&body.to_bytes());
            self.waiting.push(order);
            self.all.push((self.at, order));
        }
    }
    fn levels(&mut self, _: &[Level], _: &[Level]) {}
}

fn config(strategy: &str) -> String {
    format!(
        "instruments: [{{symbol: X, kind: perpetual, base: X, quote: USD, tick: 0.01, lot: 1}}]\n\
         broker: {{type: paper, cash: 100000000, paper_trading_config: {{mode: basic}}}}\n\
         strategy:\n  name: v\n  timeframe: 1m\n  bars: trades\n  position_size: {{quantity: \"1\"}}\n{strategy}"
    )
}

fn plan(strategy: &str) -> pinion_plan::Plan {
    let (config, mut found) = pinion_plan::read("votes.yaml", &config(strategy), std::path::Path::new("."))
        .unwrap_or_else(|e| panic!("{e}"));
    pinion_plan::compile(&config, &[], &mut found).unwrap_or_else(|e| panic!("{e}"))
}

/// Everything that is said about a configuration.
fn said(strategy: &str) -> String {
    let base = std::path::Path::new(".");
    match pinion_plan::read("votes.yaml", &config(strategy), base) {
        Err(found) => found.to_string(),
        Ok((config, mut found)) => match pinion_plan::compile(&config, &[], &mut found) {
            Err(found) => found.to_string(),
            Ok(_) => found.to_string(),
        },
    }
}

/// Bars on which orders are sent, in a walk: those that open a position, or those that close one.
fn orders(strategy: &str, opening: bool) -> Vec<u64> {
    let plan = plan(strategy);
    let mut engine = Engine::new(&plan.engine).unwrap();
    let mut venue = PaperVenue::new(&plan.engine, plan.paper);
    let (mut sink, mut state, mut price) = (Orders::default(), 3u64, 1_000_000i64);
    let mut next = |span: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % span
    };
    for at in 0..3_000 {
        let open = price;
        price += next(2_001) - 1_000;
        let (high, low) = (open.max(price) + next(300), open.min(price) - next(300));
        let [open, high, low, close] = [open, high, low, price].map(Price);
        let bar = Bar { open_ns: at * MINUTE_NS, open, high, low, close, volume: Qty(1 + next(50)) };
        venue.before_bar(bar.open_ns);
        venue.on_bar(InstrumentId(0), &bar);
        while let Some(report) = venue.poll(bar.open_ns + MINUTE_NS - 1) {
            engine.on_execution(&report, &mut sink);
        }
        sink.at = at as u64;
        engine.on_bars(InstrumentId(0), 1 + at as u64, &[bar], MINUTE_NS, &mut sink);
        sink.waiting.drain(..).for_each(|o| venue.submit(&o, engine.now_ns()));
    }
    assert_eq!(engine.counters().anomalies, 0);
    let of_kind = |(at, order): &(u64, OrderBody)| {
        let entry = Reason::from_code(order.reason) == Some(Reason::Entry);
        (entry == opening).then_some(*at)
    };
    sink.all.iter().filter_map(of_kind).collect()
}

/// Entries of rules that combine in this way; each position is closed a bar later.
fn entries(combine: &str, weights: [&str; 3]) -> Vec<u64> {
    let [a, b, c] = weights;
    let rules = format!(
        "  combine_entries: {combine}\n  entry_mixins:\n  \
         - {{name: RSIOrBB, {a} parameters: {{cooldown_bars: 0}}}}\n  \
         - {{name: RSIBB, {b} parameters: {{rsi_oversold: 40, cooldown_bars: 0}}}}\n  \
         - {{name: RSIBBVolume, {c} parameters: {{rsi_oversold: 45, cooldown_bars: 0}}}}\n  \
         exit_mixins: [{{name: TimeBased, parameters: {{max_bars: 1}}}}]\n"
    );
    orders(&rules, true)
}

#[test]
fn votes_lie_between_all_and_any() {
    const EVEN: [&str; 3] = ["", "", ""];
    let (all, any) = (entries("all", EVEN), entries("any", EVEN));
    let vote = |k: &str, weights| entries(&format!("{{vote: {{at_least: {k}}}}}"), weights);
    assert!(all.len() > 3 && all.len() < any.len(), "{} of {}", all.len(), any.len());
    assert_eq!(vote("3", EVEN), all);
    assert_eq!(vote("1", EVEN), any);
    let two = vote("2", EVEN);
    assert!(two.len() > all.len() && two.len() < any.len(), "{} votes of two", two.len());
    // The volume decides: the others together do not reach it, and it alone does.
    let led = vote("1.5", ["weight: 0.5,", "weight: 0.5,", "weight: 2,"]);
    assert!(led.len() < any.len() && !led.is_empty());
    assert_eq!(vote("4.5", ["weight: 1.5,", "weight: 1.5,", "weight: 1.5,"]), all);
}

#[test]
fn exits_vote_too() {
    let exits = |combine: &str| {
        let rules = format!(
            "  combine_exits: {combine}\n  entry_mixins: [{{name: RSIOrBB}}]\n  exit_mixins:\n  \
             - {{name: MACrossover, parameters: {{fast_period: 3, slow_period: 8}}}}\n  \
             - {{name: TimeBased, parameters: {{max_bars: 6}}}}\n  \
             - {{name: TrailingStop, parameters: {{trail_pct: 0.001}}}}\n"
        );
        orders(&rules, false)
    };
    let vote = |k: u32| exits(&format!("{{vote: {{at_least: {k}}}}}"));
    let (any, all) = (exits("any"), exits("all"));
    assert_eq!((vote(1), vote(3)), (any.clone(), all.clone()));
    let two = vote(2);
    assert!(two.len() < any.len() && two.len() > all.len(), "{} {} {}", any.len(), two.len(), all.len());
}

/// The longer bars are a series that the strategy does not trade on; the rule stops positions by them.
#[test]
fn multi_level_atr_trades_with_bars_made_beside_its_own() {
    let rules = "  entry_mixins: [{name: RSIOrBB}]\n  exit_mixins:\n  \
                 - {name: MultiLevelATR, parameters: {htf_timeframe: 15m, htf_multiplier: 0.5}}\n";
    let (entries, exits) = (orders(rules, true), orders(rules, false));
    assert!(exits.len() > 20, "{exits:?}");
    // No entry before the fifteenth longer bar: the exit could not work.
    assert!(entries[0] >= 15 * 15, "{entries:?}");
}

#[test]
fn the_plan_keeps_votes_and_weights() {
    let text = "  combine_entries: {vote: {at_least: 1.5}}\n  entry_mixins: [{name: RSIBB, weight: 2}, RSIOrBB]\n  \
                exit_mixins: [{name: RSIBB}, ATR]\n";
    let plan = plan(text);
    let strategy = &plan.engine.strategies[0];
    assert_eq!(strategy.combine_entries, Combine::Vote { at_least: Ratio(1_500_000_000) });
    assert_eq!(strategy.entries[0].weight, Ratio(2_000_000_000));
    let again =
        pinion_plan::from_canonical(&plan.canonical).unwrap_or_else(|e| panic!("{e}\n{}", plan.canonical));
    assert_eq!((again.hash, &again.engine), (plan.hash, &plan.engine));
    let explained = pinion_plan::explain(&plan, &pinion_plan::Machine::of(2)).to_string();
    for part in ["a vote of at least 1.5", "weight 2", "RSIBB(rsi_period=14, rsi_overbought=70"] {
        assert!(explained.contains(part), "{part}:\n{explained}");
    }
}

#[test]
fn other_spellings_of_the_original_are_the_same_rule() {
    let text = "  entry_mixins: [EOMMAcdBreakoutEntryMixin]\n  exit_mixins: [EOMMAcdBreakdownExitMixin, RSIBBExitMixin]\n";
    let strategy = &plan(text).engine.strategies[0];
    assert_eq!(strategy.entries[0].rule, "EOMMACDBreakout");
    assert_eq!(strategy.exits[0].rule, "EOMMACDBreakdown");
}

#[test]
fn what_can_never_fire_is_an_error_and_what_does_nothing_a_warning() {
    let rules = |entry: &str, exit: &str| format!("  entry_mixins: [{entry}]\n  exit_mixins: [{exit}]\n");
    let vote = "  combine_entries: {vote: {at_least: 3}}\n";
    let cases = [
        (format!("{vote}{}", rules("RSIBB, RSIOrBB", "ATR")), "the rules have 2 votes, and 3 are needed"),
        (rules("{name: RSIBB, weight: 2}", "ATR"), "`weight` has no effect without a vote"),
        (rules("{name: RSIBB, weight: 0}", "ATR"), "outside 0.000001 to 1000"),
        (format!("  combine_exits: {{vote: {{}}}}\n{}", rules("RSIBB", "ATR")), "at_least"),
        (format!("  combine_exits: most\n{}", rules("RSIBB", "ATR")), "one of all, any"),
        (format!("  combine_exits: [all]\n{}", rules("RSIBB", "ATR")), "{vote: {at_least: 2}}"),
        (rules("{name: EOMPullback, parameters: {rsi_oversold: 0}}", "ATR"), "EOMPullback never fires"),
        (
            rules("RSIBB", "{name: MACrossover, parameters: {fast_period: 20, slow_period: 10}}"),
            "not below `slow_period`",
        ),
        (
            rules("RSIBB", "{name: MultiLevelATR, timeframe: 4h, parameters: {htf_timeframe: 1h}}"),
            "not longer bars of 4h",
        ),
        (rules("EOMBreakdown", "ATR"), "it belongs to `exit_mixins`"),
    ];
    for (text, want) in cases {
        let said = said(&text);
        assert!(said.contains(want), "{want}:\n{said}");
    }
    let required =
        format!("{}\nrisk_management: {{stop_loss_required: true}}\n", rules("RSIBB", "MACrossover"));
    assert!(said(&required).contains("no exit rule has a stop"), "{}", said(&required));
}
