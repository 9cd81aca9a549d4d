//! Every indicator, once: a line for each state with the declarations that build it. What is listed here
//! can be declared, drawn and saved, and is covered by the tests that go over the whole catalogue.

use super::define::{Indicator, IndicatorDef};
use super::fx::Fx;
use super::{
    average, chained, change, channel, directional, extremes, force, levels, momentum, moving, price,
    regression, sar, shared, statistics, stochastic, ticks, volatility, volume, vwap,
};
use pinion_model::event::{Bar, Quote, Trade};
use serde::{Deserialize, Serialize};

macro_rules! catalogue {
    ($($variant:ident($state:ty): $($def:path),+;)*) => {
        /// An indicator of any kind. The variants are boxed: an indicator's size is its own affair.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum State {
            $($variant(Box<$state>),)*
        }

        $(impl From<$state> for State {
            // cold: when an indicator is made
            fn from(state: $state) -> State {
                State::$variant(Box::new(state))
            }
        })*

        impl Indicator for State {
            #[inline]
            fn on_bar(&mut self, bar: &Bar) {
                match self {
                    $(State::$variant(state) => Indicator::on_bar(&mut **state, bar),)*
                }
            }
            fn on_quote(&mut self, quote: &Quote) {
                match self {
                    $(State::$variant(state) => Indicator::on_quote(&mut **state, quote),)*
                }
            }
            fn on_trade(&mut self, trade: &Trade) {
                match self {
                    $(State::$variant(state) => Indicator::on_trade(&mut **state, trade),)*
                }
            }
            fn value(&self, output: usize) -> Option<Fx> {
                match self {
                    $(State::$variant(state) => Indicator::value(&**state, output),)*
                }
            }
        }

        /// The declarations, in the order of the list above.
        pub static INDICATORS: &[&IndicatorDef] = &[$($(&$def,)+)*];
    };
}

catalogue! {
    Sma(average::Sma): shared::SMA;
    Ema(average::Ema): shared::EMA;
    Wma(moving::Wma): moving::WMA;
    Dema(chained::Dema): chained::DEMA, chained::TEMA;
    Trima(moving::Trima): moving::TRIMA;
    Kama(moving::Kama): moving::KAMA;
    Hma(moving::Hma): moving::HMA;
    T3(chained::T3): chained::T3_DEF;
    Vwma(moving::Vwma): moving::VWMA;
    Rma(moving::Rma): moving::RMA;
    Zlema(chained::Zlema): chained::ZLEMA;
    Macd(average::Macd): shared::MACD;
    Oscillator(chained::Oscillator): chained::APO, chained::PPO;
    Trix(chained::Trix): chained::TRIX;
    Rsi(shared::LoneRsi): shared::RSI;
    Stochastic(stochastic::Stochastic): stochastic::STOCH, stochastic::STOCHF;
    StochasticRsi(stochastic::StochasticRsi): stochastic::STOCHRSI;
    WilliamsR(stochastic::WilliamsR): stochastic::WILLR;
    Cci(stochastic::Cci): stochastic::CCI;
    Cmo(momentum::Cmo): momentum::CMO;
    Change(change::Change): change::MOM, change::ROC, change::ROCP, change::ROCR, change::ROCR100;
    UltimateOscillator(momentum::UltimateOscillator): momentum::ULTOSC;
    Aroon(momentum::Aroon): momentum::AROON, momentum::AROONOSC;
    Bop(momentum::Bop): momentum::BOP;
    Efficiency(momentum::Efficiency): momentum::ER;
    ElderRay(momentum::ElderRay): momentum::ERI;
    Directional(directional::Directional): directional::ADX, directional::ADXR, directional::DX,
        directional::PLUS_DI, directional::MINUS_DI, directional::PLUS_DM, directional::MINUS_DM;
    Vortex(directional::Vortex): directional::VORTEX;
    Sar(sar::Sar): sar::SAR;
    SuperTrend(channel::SuperTrend): channel::SUPERTREND;
    SuperTrendSma(channel::SuperTrendSma): channel::SUPERTREND_SMA;
    Ichimoku(extremes::Ichimoku): extremes::ICHIMOKU;
    Atr(shared::LoneAtr): shared::ATR;
    AtrMean(volatility::AtrMean): volatility::ATR_SMA;
    Natr(volatility::Natr): volatility::NATR;
    TrueRange(volatility::TrueRange): volatility::TRANGE;
    Realised(volatility::Realised): volatility::REALIZED_VOL;
    Choppiness(volatility::Choppiness): volatility::CHOP;
    Hurst(volatility::Hurst): volatility::HURST;
    Bands(shared::Bands): shared::BBANDS, shared::PERCENT_B, shared::BANDWIDTH;
    Keltner(channel::Keltner): channel::KELTNER;
    Donchian(extremes::Donchian): extremes::DONCHIAN;
    Moment(statistics::Moment): statistics::STDDEV, statistics::VAR, statistics::SUM, statistics::AVGDEV,
        statistics::ZSCORE;
    Regression(regression::Regression): regression::LINEARREG, regression::LINEARREG_SLOPE,
        regression::LINEARREG_INTERCEPT, regression::LINEARREG_ANGLE, regression::TSF;
    Correlation(regression::Correlation): regression::CORREL;
    Beta(regression::Beta): regression::BETA;
    ExtremeClose(extremes::ExtremeClose): extremes::MAX, extremes::MIN;
    ExtremeIndex(extremes::ExtremeIndex): extremes::MAXINDEX, extremes::MININDEX;
    Middle(extremes::Middle): extremes::MIDPOINT, extremes::MIDPRICE;
    BarPrice(price::BarPrice): price::AVGPRICE, price::MEDPRICE, price::TYPPRICE, price::WCLPRICE;
    VolumeMean(volume::VolumeMean): volume::VOLUME_SMA;
    Obv(volume::Obv): volume::OBV;
    Ad(volume::Ad): volume::AD;
    AdOscillator(volume::AdOscillator): volume::ADOSC;
    Mfi(volume::Mfi): volume::MFI;
    Cmf(volume::Cmf): volume::CMF;
    ForceIndex(force::ForceIndex): force::FORCE;
    Eom(force::Eom): force::EOM;
    Vwap(vwap::Vwap): vwap::VWAP, vwap::VWAP_SESSION, vwap::VWAP_ANCHORED;
    Swing(levels::Swing): levels::SWING;
    Pivot(levels::Pivot): levels::PIVOT;
    LastQuote(ticks::LastQuote): ticks::MICROPRICE, ticks::SPREAD, ticks::SPREAD_BPS, ticks::QUOTE_IMBALANCE;
    FlowImbalance(ticks::FlowImbalance): ticks::OFI;
    TradeImbalance(ticks::TradeImbalance): ticks::TRADE_IMBALANCE;
}

/// The indicator of this name or alias, in capital or small letters.
pub fn find(name: &str) -> Option<&'static IndicatorDef> {
    let is = |candidate: &&str| candidate.eq_ignore_ascii_case(name);
    let named = INDICATORS.iter().find(|def| is(&def.name));
    named.or_else(|| INDICATORS.iter().find(|def| def.aliases.iter().any(is))).copied()
}
