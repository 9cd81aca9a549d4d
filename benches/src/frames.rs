//! Messages in the shape that Binance documents, with numbers that move like a market's; the same ones on
//! every machine.

/// Messages that are made of each kind.
const COUNT: usize = 4096;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Best bid and offer.
    BookTicker,
    /// A trade.
    Trade,
    /// Trades of one order at one price.
    AggTrade,
    /// Twenty changed levels a side.
    DepthUpdate,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: [MessageKind; 4] =
        [MessageKind::BookTicker, MessageKind::Trade, MessageKind::AggTrade, MessageKind::DepthUpdate];

    /// The name in streams and in `e`.
    pub fn label(self) -> &'static str {
        match self {
            MessageKind::BookTicker => "bookTicker",
            MessageKind::Trade => "trade",
            MessageKind::AggTrade => "aggTrade",
            MessageKind::DepthUpdate => "depthUpdate",
        }
    }
}

/// A walk of prices and sizes.
struct Walk {
    state: u64,
    cents: u64,
}

impl Walk {
    fn next(&mut self, span: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % span
    }

    fn price(cents: u64) -> String {
        format!("{}.{:02}000000", cents / 100, cents % 100)
    }

    fn qty(&mut self) -> String {
        let units = 1 + self.next(2_000_000);
        format!("{}.{:05}000", units / 100_000, units % 100_000)
    }
}

/// Messages of one kind.
pub fn made(kind: MessageKind) -> Vec<Vec<u8>> {
    let mut walk = Walk { state: 20_240_809, cents: 6_183_763 };
    (0..COUNT as u64).map(|at| one(kind, at, &mut walk).into_bytes()).collect()
}

fn one(kind: MessageKind, at: u64, walk: &mut Walk) -> String {
    walk.cents = walk.cents + walk.next(21) - 10;
    let (bid, ask) = (Walk::price(walk.cents), Walk::price(walk.cents + 1));
    let (id, time_ms, maker) = (50_093_239_212 + at, 1_723_161_255_343 + at, walk.next(2) == 0);
    let (size, other) = (walk.qty(), walk.qty());
    match kind {
        MessageKind::BookTicker => {
            format!(r#"{{"u":{id},"s":"BTCUSDT","b":"{bid}","B":"{size}","a":"{ask}","A":"{other}"}}"#)
        }
        MessageKind::Trade => format!(
            r#"{{"e":"trade","E":{time_ms},"s":"BTCUSDT","t":{id},"p":"{bid}","q":"{size}","T":{time_ms},"m":{maker},"M":true}}"#
        ),
        MessageKind::AggTrade => format!(
            r#"{{"e":"aggTrade","E":{time_ms},"s":"BTCUSDT","a":{id},"p":"{bid}","q":"{size}","f":{id},"l":{id},"T":{time_ms},"m":{maker},"M":true}}"#
        ),
        MessageKind::DepthUpdate => {
            let cents = walk.cents;
            let mut side = |sign: i64| {
                let level = |at: i64| {
                    let price = Walk::price(cents.saturating_add_signed(sign * at * 3));
                    format!(r#"["{price}","{}"]"#, walk.qty())
                };
                (0..20).map(level).collect::<Vec<_>>().join(",")
            };
            let (bids, asks) = (side(-1), side(1));
            format!(
                r#"{{"e":"depthUpdate","E":{time_ms},"s":"BTCUSDT","U":{id},"u":{id},"b":[{bids}],"a":[{asks}]}}"#
            )
        }
    }
}
