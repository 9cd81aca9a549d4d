//! Base and quote of a symbol. Venues write them together, so where one ends and the other begins has to
//! be known: `DOTUSD` is DOT in USD, though TUSD is a currency as well.

/// What a symbol says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Split {
    /// Base and quote.
    Pair(String, String),
    /// Each of these is possible.
    Ambiguous(Vec<(String, String)>),
    /// It does not name a quote.
    Single,
}

const DOLLAR: &str = "USD";

/// What stands between base and quote where something does.
const SEPARATORS: [char; 6] = ['/', '-', '_', '.', ':', ' '];

/// Currencies that prices are stated in, whatever is traded.
const QUOTES: [&str; 28] = [
    "USDT", "USDC", "FDUSD", "TUSD", "BUSD", "PYUSD", "RLUSD", "USDP", "USDS", "USDE", "USD1", "DAI", "PAX",
    "UST", "VAI", "EURI", "AEUR", "EURC", "BTC", "ETH", "BNB", "USD", "EUR", "GBP", "JPY", "TRY", "BRL",
    "AUD",
];

/// Currencies that prices of other money and of well-known coins are stated in; other symbols that end like
/// this are words.
const RARE_QUOTES: [&str; 25] = [
    "TRX", "XRP", "DOGE", "CHF", "CAD", "NZD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "ZAR", "MXN",
    "ARS", "COP", "RUB", "UAH", "NGN", "INR", "KRW", "HKD", "SGD", "CNH",
];

/// Coins that decide between two readings: those whose last letter makes TUSD, BUSD, EURI or the like of
/// the quote behind them, those that are quoted in these, and stable coins.
const COINS: &str = "\
AAVE ACT ADA AERGO AGT ALGO ALT AMB ANKR ANT APE APT ARB ASTR ATOM AVAX AXS BAND BAT BCH BNB BNT BTC \
BTT CAKE CFX CHZ CKB COMP CRV CVX DAI DASH DCR DENT DEXE DGB DOGE DOT DYDX EGLD ELF ENJ ENS EOS ETC ETH ETHFI \
FARTCOIN FDUSD FET FIL FLOKI FLOW FLUX FRONT FTM FTT FXS GALA GLM GMT GMX GNT GRT HBAR HIVE HNT HOT ICP ICX ILV \
IMX INJ IOST IOTA IRIS JASMY JST JUP KAITO KAS KAVA KLAY KMNO KNC KSM LDO LINK LIT LPT LRC LTC LUNA LUNC MANA \
MASK MATIC MINA MKR MNT NEAR NEO NEST NOT NMR OMG ONT OP ORB ORDI PAX PAXG PENDLE PEOPLE PEPE PIVX POL POLS PYTH \
PYUSD QNT QTUM RAY RENDER RLC RNDR ROSE RSR RUNE RVN SAND SEI SHIB SKL SNT SNX SOL SPELL STORJ STRAX STRK STX SUI \
SUSHI SXP TAO THETA TIA TNT TON TRB TRUMP TRX TUSD TWT UNI USDC USDE USDP USDS USDT UST VET WAXP WBTC WIF WLD WNT \
XAI XAUT XEM XLM XMR XRP XTZ XVG YFI ZEC ZEN ZIL ZRX ZKSYNC";

/// Base and quote of a symbol, of which the configuration may give one or both; what is possible when that is
/// not clear. A symbol that names no quote is traded in dollars.
pub(crate) fn currencies(
    symbol: &str,
    base: Option<&str>,
    quote: Option<&str>,
) -> Result<(String, String), Vec<(String, String)>> {
    let upper = symbol.to_uppercase();
    let is_separator = |c: char| SEPARATORS.contains(&c);
    match (base, quote) {
        (Some(base), Some(quote)) => Ok((base.into(), quote.into())),
        (None, Some(quote)) => {
            let rest = upper.strip_suffix(quote).map(|rest| rest.trim_end_matches(is_separator));
            Ok((rest.filter(|r| !r.is_empty()).unwrap_or(&upper).into(), quote.into()))
        }
        (Some(base), None) => {
            let rest = upper.strip_prefix(base).map(|rest| rest.trim_start_matches(is_separator));
            let quote = match (rest, split(symbol)) {
                (Some(rest), _) if is_quote(rest) => rest.into(),
                (_, Split::Pair(_, quote)) => quote,
                _ => DOLLAR.into(),
            };
            Ok((base.into(), quote))
        }
        (None, None) => match split(symbol) {
            Split::Pair(base, quote) => Ok((base, quote)),
            Split::Single => Ok((upper, DOLLAR.into())),
            Split::Ambiguous(readings) => Err(readings),
        },
    }
}

/// Splits a symbol: at its separator if it has one, else by the quote at its end.
fn split(symbol: &str) -> Split {
    let upper = symbol.to_uppercase();
    let parts: Vec<&str> = upper.split(SEPARATORS).filter(|p| !p.is_empty()).collect();
    let is_contract = |part: &str| {
        matches!(part, "PERP" | "SWAP") || part.len() >= 4 && part.bytes().all(|b| b.is_ascii_digit())
    };
    match parts[..] {
        [base, quote] | [base, quote, "SWAP" | "PERP"] if is_quote(quote) && base != quote => {
            Split::Pair(base.into(), quote.into())
        }
        [both, contract] if is_contract(contract) => together(both),
        [both] => together(both),
        _ => Split::Single,
    }
}

/// True for the money of one country in that of another, such as `EURUSD`.
pub(crate) fn is_money_pair(symbol: &str) -> bool {
    const MONEY: [&str; 4] = ["USD", "EUR", "GBP", "JPY"];
    const MORE: [&str; 3] = ["TRY", "BRL", "AUD"];
    // Of the rare quotes the first three are coins.
    let is_money =
        |code: &str| MONEY.contains(&code) || MORE.contains(&code) || RARE_QUOTES[3..].contains(&code);
    matches!(split(symbol), Split::Pair(base, quote) if is_money(&base) && is_money(&quote))
}

fn is_quote(code: &str) -> bool {
    QUOTES.contains(&code) || RARE_QUOTES.contains(&code)
}

fn together(symbol: &str) -> Split {
    let ending = |quote: &&str| {
        let base = symbol.strip_suffix(*quote).filter(|base| !base.is_empty())?;
        Some((base.to_string(), quote.to_string()))
    };
    let is_coin = |base: &str| COINS.split(' ').any(|coin| coin == base);
    let rare = RARE_QUOTES.iter().filter_map(ending).filter(|(base, _)| is_coin(base) || is_quote(base));
    let readings: Vec<(String, String)> = QUOTES.iter().filter_map(ending).chain(rare).collect();
    let known: Vec<&(String, String)> = readings.iter().filter(|(base, _)| is_coin(base)).collect();
    match (known.as_slice(), readings.as_slice()) {
        ([(base, quote)], _) | (_, [(base, quote)]) => Split::Pair(base.clone(), quote.clone()),
        (_, []) => Split::Single,
        _ => Split::Ambiguous(readings),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_real_venues_are_split_where_they_meet() {
        let pairs = "\
DOT/USD BNB/USD USDT/USD BTC/USDT ETH/BTC USDC/USDT FDUSD/USDT 1000PEPE/USDT BTC/TRY USDT/TRY BTC/FDUSD \
BTC/TUSD BTC/BUSD ETH/TUSD USDC/TUSD TUSD/USDT TUSD/BUSD BUSD/USDT BUSD/USD TUSD/USD SHIB/USD APT/USD GRT/USD \
FET/USD BAT/USD ARB/USD LPT/BUSD SNT/TUSD PAX/USD UST/USD DAI/USD EUR/USD USD/JPY USD/TRY USD/CHF EUR/GBP GBP/USD \
XAU/USD BTC/EUR BTC/EURI BTC/AEUR SOL/EURI DOGE/BNB LTC/DOGE TRX/XRP BNB/BTC BTC/USD1 BTC/USDS ETH/USDE 1INCH/USDT \
WBTC/BTC BTC/DAI T/USDT XRP/BTC XMR/BTC KMNO/USDC AAVE/USD BTC/RLUSD USDC/USD ETH/USD SOL/USD ETC/ETH TRX/USD";
        for pair in pairs.split(' ') {
            let (base, quote) = pair.split_once('/').unwrap();
            let want = Split::Pair(base.into(), quote.into());
            for symbol in [format!("{base}{quote}"), format!("{base}-{quote}"), pair.to_lowercase()] {
                assert_eq!(split(&symbol), want, "{symbol}");
            }
        }
        for (symbol, base, quote) in [
            ("BTCUSDT_251226", "BTC", "USDT"),
            ("BTCUSD_PERP", "BTC", "USD"),
            ("BTC-USDT-SWAP", "BTC", "USDT"),
            ("EUR.USD", "EUR", "USD"),
        ] {
            assert_eq!(split(symbol), Split::Pair(base.into(), quote.into()), "{symbol}");
        }
    }

    #[test]
    fn what_the_configuration_says_comes_first() {
        let read = |symbol, base, quote| currencies(symbol, base, quote).unwrap();
        let pair = |base: &str, quote: &str| (base.to_string(), quote.to_string());
        assert_eq!(read("FOOTUSD", None, Some("USD")), pair("FOOT", "USD"));
        assert_eq!(read("FOOTUSD", Some("FOO"), None), pair("FOO", "TUSD"));
        assert_eq!(read("ETHPERP", Some("ETH"), None), pair("ETH", "USD"));
        assert_eq!(read("EUR/USD", None, Some("USD")), pair("EUR", "USD"));
        assert_eq!(read("BTC USDT", None, Some("USDT")), pair("BTC", "USDT"));
        assert_eq!(read("X", Some("A"), Some("B")), pair("A", "B"));
        assert_eq!(read("bars", None, None), pair("BARS", "USD"));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        assert!(matches!(split("FOOTUSD"), Split::Ambiguous(readings) if readings.len() == 2));
        assert!(matches!(split("FOOBUSD"), Split::Ambiguous(_)));
        for symbol in ["AAPL", "BRK.B", "BARS", "USDT", "IBM_TICK_20131007", "", "BTC-251226-100000-C", "ÜÖ"]
        {
            assert_eq!(split(symbol), Split::Single, "{symbol}");
        }
    }
}
