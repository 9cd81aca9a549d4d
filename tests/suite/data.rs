//! Files as people have them: finer than the tick, in several pieces, split, cut, or something else than
//! their name says.

use pinion_tests::{ok, pinion, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const STRATEGY: &str = "\
strategy:
  entry_mixins: [{name: RSIOrBB, parameters: {cooldown_bars: 1}}]
  exit_mixins: [ATR]
  position_size: {quantity: \"1\"}
broker: {cash: 1000000, paper_trading_config: {mode: basic}}
";

/// Bars that go up and down around `price(i)`, from `day` on, one each `step_s`.
fn bars(count: i64, from_s: i64, step_s: i64, price: impl Fn(i64) -> f64) -> String {
    let mut csv = String::from("ts_ms,open,high,low,close,volume\n");
    for i in 0..count {
        let p = price(i) * (1.0 + 0.1 * (i as f64 * 0.2).sin());
        let (high, low) = (p * 1.01, p * 0.99);
        let _ = writeln!(csv, "{},{p:.2},{high:.2},{low:.2},{p:.2},100", (from_s + i * step_s) * 1000);
    }
    csv
}

fn write(dir: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn run(args: &[&str]) -> Value {
    serde_json::from_str(&ok(&[&["backtest", "--json"], args].concat())).unwrap()
}

/// A backtest of a configuration over files.
fn backtest(config: &Path, files: &[&Path]) -> Value {
    let files: Vec<&str> = files.iter().map(|f| f.to_str().unwrap()).collect();
    run(&[&[config.to_str().unwrap(), "--data"][..], &files].concat())
}

fn refused(args: &[&str]) -> String {
    let output = pinion(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output));
    let shown = text(&output);
    assert!(shown.contains("error:") && !shown.contains("panicked"), "{shown}");
    shown
}

/// Quotes of a recording whose sizes have `size`'s decimals.
fn capture(size: &str) -> String {
    let mut lines = String::new();
    for i in 0..100 {
        let (ns, price) = (1_742_943_500_000_000_000u64 + i * 100_000_000, 100 + i % 7);
        let size = if i == 90 { size } else { "1.00000000" };
        let _ = writeln!(
            lines,
            r#"{ns} {{"stream":"btcusdt@bookTicker","data":{{"u":{},"s":"BTCUSDT","b":"{price}.01000000","B":"{size}","a":"{price}.02000000","A":"2.50000000"}}}}"#,
            i + 1
        );
        let _ = writeln!(
            lines,
            r#"{ns} {{"stream":"btcusdt@trade","data":{{"e":"trade","E":{ms},"s":"BTCUSDT","t":{i},"p":"{price}.01000000","q":"0.10000000","T":{ms},"m":true,"M":true}}}}"#,
            ms = ns / 1_000_000
        );
    }
    lines
}

#[test]
fn data_finer_than_tick_and_lot_is_taken_at_the_venues_precision() {
    let tmp = tempfile::tempdir().unwrap();
    let timed = STRATEGY.replace("strategy:\n", "strategy:\n  timeframe: 1s\n  bars: trades\n");
    for stated in ["", ", price_decimals: 2, qty_decimals: 5", ", price_decimals: 8, qty_decimals: 8"] {
        let config = format!(
            "{timed}instruments: [{{symbol: BTCUSDT, tick: 0.01, lot: 0.00001, min_notional: 5{stated}}}]\n"
        );
        let config = write(tmp.path(), "c.yaml", config);
        let data = write(tmp.path(), "data.capture", capture("25.42618900"));
        let run = backtest(&config, &[&data]);
        assert_eq!((&run["broken_lines"], &run["events"]), (&0.into(), &200.into()), "{stated}: {run}");
    }
    // A share with prints below the cent.
    let config = write(
        tmp.path(),
        "share.yaml",
        format!("{STRATEGY}instruments: [{{symbol: ABC, kind: equity, tick: 0.01, lot: 1}}]\n"),
    );
    let fine = bars(100, 1_600_000_000, 60, |_| 50.0) + "1700000000000,50.0001,50.0001,50.0001,50.0001,0.5\n";
    let run = backtest(&config, &[&write(tmp.path(), "anything.csv", fine)]);
    assert_eq!((&run["broken_lines"], &run["events"]), (&0.into(), &101.into()), "{run}");
}

#[test]
fn a_share_that_is_only_named_takes_its_decimals_from_the_data() {
    let tmp = tempfile::tempdir().unwrap();
    let config =
        write(tmp.path(), "c.yaml", format!("{STRATEGY}instruments: [{{symbol: AAPL, kind: equity}}]\n"));
    for name in ["aapl_daily.csv", "prices.csv"] {
        let data = write(tmp.path(), name, bars(100, 1_600_000_000, 60, |_| 50.0));
        assert_eq!(backtest(&config, &[&data])["events"], 100, "{name}");
        let plan = ok(&["config", "explain", config.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        assert!(plan.contains("equity, prices in 10^-2, tick 0.01 (1 units), lot 1 (1 units)"), "{plan}");
    }
}

#[test]
fn files_of_one_instrument_are_one_series() {
    let tmp = tempfile::tempdir().unwrap();
    let config = write(tmp.path(), "c.yaml", STRATEGY);
    let whole = bars(400, 1_600_000_000, 60, |_| 50.0);
    let rows: Vec<&str> = whole.lines().collect();
    let part = |name: &str, rows: &[&str]| {
        write(tmp.path(), name, format!("ts_ms,open,high,low,close,volume\n{}\n", rows.join("\n")))
    };
    let whole = write(tmp.path(), "BTCUSDT.csv", &whole);
    let (one, two) =
        (part("BTCUSDT-1m-2024-08.csv", &rows[1..200]), part("BTCUSDT-1m-2024-09.csv", &rows[200..]));
    let (as_one, as_two) = (backtest(&config, &[&whole]), backtest(&config, &[&two, &one]));
    assert!(as_one["fills"].as_u64() > Some(5), "{as_one}");
    for key in ["events", "bars", "intents", "fills", "final_equity", "currency"] {
        assert_eq!(as_one[key], as_two[key], "{key}");
    }
    assert_eq!(as_one["currency"], "USDT");
    let info: Value =
        serde_json::from_str(&ok(&["data", "info", one.to_str().unwrap(), two.to_str().unwrap(), "--json"]))
            .unwrap();
    assert_eq!(info["instruments"].as_array().map(Vec::len), Some(1), "{info}");
    assert_eq!(
        (&info["instruments"][0]["symbol"], &info["instruments"][0]["bars"]),
        (&"BTCUSDT".into(), &400.into())
    );
    // Bars of another length are another series.
    let hours = write(tmp.path(), "BTCUSDT-1h-2024-08.csv", bars(50, 1_600_000_000, 3600, |_| 50.0));
    let shown = refused(&[
        "backtest",
        config.to_str().unwrap(),
        "--data",
        whole.to_str().unwrap(),
        hours.to_str().unwrap(),
    ]);
    assert!(shown.contains("different lengths, 60 s and 3600 s"), "{shown}");
}

/// Daily bars of a share that is split four for one on 2021-01-04.
fn split_bars() -> String {
    bars(400, 1_577_836_800, 86_400, |i| if i < 369 { 400.0 } else { 100.0 })
}

#[test]
fn shares_that_jump_like_a_split_need_actions_or_an_explicit_raw() {
    let tmp = tempfile::tempdir().unwrap();
    let data = write(tmp.path(), "ABC_daily.csv", split_bars());
    let share = format!("{STRATEGY}instruments: [{{symbol: ABC, kind: equity, tick: 0.01, lot: 1}}]\n");
    let config = write(tmp.path(), "c.yaml", &share);
    let args = |config: &Path| {
        ["backtest".to_string(), config.display().to_string(), "--data".into(), data.display().to_string()]
    };
    let refusal = |config: &Path| {
        let args = args(config);
        refused(&args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let shown = refusal(&config);
    for part in ["2021-01-03 at", "to 2021-01-04 at", "ABC_daily.csv:371", "actions: FILE", "adjust: raw"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let raw = write(tmp.path(), "raw.yaml", format!("{share}data: {{adjust: raw}}\n"));
    assert_eq!(backtest(&raw, &[&data])["events"], 400);
    write(tmp.path(), "actions.csv", "date,split_ratio,dividend\n2021-01-04,4:1,0.2\n");
    let adjusted = write(tmp.path(), "adjusted.yaml", format!("{share}data: {{actions: actions.csv}}\n"));
    let run = backtest(&adjusted, &[&data]);
    let even = write(tmp.path(), "ABC_even.csv", bars(400, 1_577_836_800, 86_400, |_| 100.0));
    let want = backtest(&config, &[&even]);
    assert_eq!(
        (&run["fills"], &run["trades"], &run["broken_lines"]),
        (&want["fills"], &want["trades"], &0.into())
    );
    assert_ne!(run["final_equity"], backtest(&raw, &[&data])["final_equity"]);
    // Adjusting what is adjusted already would make the jump.
    let args = ["backtest", adjusted.to_str().unwrap(), "--data", even.to_str().unwrap()];
    assert!(refused(&args).contains("adjusted already"));
    for (wrong, want) in [
        ("date,split_ratio\n2021-01-04,four\n", "actions.csv:2: `four` is not a split ratio"),
        ("day,ratio\n", "date,split_ratio,dividend"),
        ("date,split_ratio\n04.01.2021,4\n", "is not a date"),
    ] {
        write(tmp.path(), "actions.csv", wrong);
        assert!(refusal(&adjusted).contains(want), "{want}: {}", refusal(&adjusted));
    }
    let both =
        write(tmp.path(), "both.yaml", format!("{share}data: {{actions: actions.csv, adjust: raw}}\n"));
    assert!(refusal(&both).contains("keep one of them"));
    // Anything else is only warned about.
    let coin = write(tmp.path(), "coin.yaml", STRATEGY);
    let output = pinion(&["backtest", coin.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert!(
        output.status.success() && text(&output).contains("warning: the prices of ABC (spot) jump"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_file_of_actions_that_does_not_explain_the_jumps_is_refused() {
    let tmp = tempfile::tempdir().unwrap();
    let data = write(tmp.path(), "ABC_daily.csv", split_bars());
    let share = format!("{STRATEGY}instruments: [{{symbol: ABC, kind: equity, tick: 0.01, lot: 1}}]\n");
    let config = write(tmp.path(), "c.yaml", format!("{share}data: {{actions: actions.csv}}\n"));
    let args = ["backtest", config.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let with = |rows: &str| {
        write(tmp.path(), "actions.csv", format!("date,split_ratio,dividend,symbol\n{rows}"));
        let output = pinion(&args);
        (output.status.code(), text(&output))
    };
    for (rows, want) in [
        ("", "`actions` holds no split of ABC"),
        ("2021-01-04,,0.2,\n", "`actions` holds no split of ABC"),
        ("2021-01-04,4,,XYZ\n", "`actions` holds no split of ABC"),
        ("2020-06-01,4,,\n", "or the split was on another day"),
        ("2021-01-05,4,,\n", "still jump like a split 1 times"),
        ("2021-01-03,4,,\n", "still jump like a split 1 times"),
        ("2021-01-04,40,,\n", "say so there by the line `2021-01-04,1,`"),
        (
            "2021-01-04,4,,\n2021-01-04,4:1,,ABC\n",
            "actions.csv:3: the split of 2021-01-04 stands in line 2 already",
        ),
    ] {
        let (code, shown) = with(rows);
        assert_eq!(code, Some(2), "{rows}: {shown}");
        assert!(shown.contains(want), "{rows}: {shown}");
    }
    let (code, shown) = with("2021-01-04,4,,\n2021-06-01,2,,\n2019-06-01,3,,\n2020-06-06,10:9,,\n");
    assert_eq!(code, Some(0), "{shown}");
    for note in [
        "line 3 of `actions`, the split 2:1 of ABC on 2021-06-01, is behind the last bar (2021-02-03)",
        "line 4 of `actions`, the split 3:1 of ABC on 2019-06-01, is not behind the first bar",
        "line 5 of `actions`, the split 10:9 of ABC on 2020-06-06, is on a weekend",
    ] {
        assert!(shown.contains(note), "{note}: {shown}");
    }
    let (code, shown) = with("2021-01-04,1,,ABC\n2021-01-04,5,,XYZ\n");
    assert_eq!(code, Some(0), "the market did it: {shown}");
    assert!(shown.contains("lines of `actions` for XYZ are of no instrument of this plan"), "{shown}");
}

#[test]
fn a_split_between_two_files_is_seen_as_well() {
    let tmp = tempfile::tempdir().unwrap();
    let all = split_bars();
    let rows: Vec<&str> = all.lines().collect();
    let part = |name: &str, rows: &[&str]| {
        write(tmp.path(), name, format!("ts_ms,open,high,low,close,volume\n{}\n", rows.join("\n")))
    };
    let (one, two) = (part("ABC_daily_2020.csv", &rows[1..370]), part("ABC_daily_2021.csv", &rows[370..]));
    let config =
        write(tmp.path(), "c.yaml", format!("{STRATEGY}instruments: [{{symbol: ABC, kind: equity}}]\n"));
    let args = ["backtest", config.to_str().unwrap(), "--data", one.to_str().unwrap(), two.to_str().unwrap()];
    assert!(refused(&args).contains("ABC jump like a split 1 times"));
}

fn gz(content: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(content.as_bytes()).unwrap();
    packed.finish().unwrap()
}

#[test]
fn data_that_is_cut_is_named_with_its_place_and_leaves_nothing() {
    let tmp = tempfile::tempdir().unwrap();
    let instruments =
        "instruments: [{symbol: BTCUSDT, tick: 0.01, lot: 0.00001, price_decimals: 8, qty_decimals: 8}]\n";
    let timed = STRATEGY.replace("strategy:\n", "strategy:\n  timeframe: 1s\n  bars: trades\n");
    let packed = gz(&capture("1.0").repeat(20));
    write(tmp.path(), "data.gz", &packed[..packed.len() * 2 / 3]);
    for stated in [instruments, ""] {
        // With the decimals stated the data is first read when the journal is open already.
        let config = write(
            tmp.path(),
            "c.yaml",
            format!("{timed}{stated}data: {{files: [data.gz]}}\njournal: {{segment_mb: 1}}\n"),
        );
        let (fresh, mine) = (tmp.path().join("runs/fresh"), tmp.path().join("mine"));
        std::fs::create_dir_all(&mine).unwrap();
        write(&mine, "note.txt", "keep me");
        for dir in [&fresh, &mine] {
            let shown = refused(&["run", config.to_str().unwrap(), "--journal", dir.to_str().unwrap()]);
            for part in
                ["data.gz", "the gzip data is cut short after line", "byte", "fetch or record it again"]
            {
                assert!(shown.contains(part), "{part}: {shown}");
            }
        }
        assert!(!tmp.path().join("runs").exists(), "{stated}");
        assert_eq!(std::fs::read_dir(&mine).unwrap().count(), 1, "{stated}");
    }
    write(tmp.path(), "cut.zip", b"PK\x03\x04 and no directory at the end");
    let shown = refused(&["data", "info", tmp.path().join("cut.zip").to_str().unwrap()]);
    assert!(shown.contains("cut.zip: the zip archive is cut short or damaged"), "{shown}");
}

#[test]
fn what_is_no_data_is_named_without_touching_the_terminal() {
    let tmp = tempfile::tempdir().unwrap();
    let noise: Vec<u8> = (0u32..3000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let long = format!("Some,\u{1b}[2JHeader,{}\n1,2,3\n", "x".repeat(200_000));
    for (name, content, want) in [
        ("noise.gz", &noise[..], "the name says gzip, but the file is none"),
        ("noise.zip", &noise, "the name says zip"),
        ("noise.zst", &noise, "the name says zstd"),
        ("noise.csv", &noise, "not text"),
        ("long.csv", long.as_bytes(), "Some,\\u{1b}[2JHeader,xxx"),
    ] {
        let file = write(tmp.path(), name, content);
        let shown = refused(&["data", "info", file.to_str().unwrap()]);
        assert!(shown.contains(want) && shown.len() < 600, "{want}: {shown}");
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    }
    let shown = refused(&["data", "info", tmp.path().to_str().unwrap()]);
    assert!(shown.contains("is a directory"), "{shown}");
}

#[test]
fn bars_are_joined_to_longer_ones_or_refused_with_a_reason() {
    let tmp = tempfile::tempdir().unwrap();
    let data = write(tmp.path(), "ABC-1m-2024.csv", bars(100, 1_599_999_900, 60, |i| 50.0 + (i % 10) as f64));
    let out = tmp.path().join("out.csv");
    let args = |length: &'static str| {
        ["data", "info", data.to_str().unwrap(), "--bars", length, "--out", out.to_str().unwrap()]
    };
    let shown = refused(&args("90s"));
    assert!(shown.contains("ABC: bars of 90s cannot be made from bars of 60 s") && !out.exists(), "{shown}");
    assert!(ok(&args("5m")).contains("20 bars written"));
    let rows = |path: &Path| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().skip(1).map(|l| l.split(',').map(str::to_string).collect()).collect()
    };
    let (parts, joined) = (rows(&data), rows(&out));
    for (at, bar) in joined.iter().enumerate() {
        let five = &parts[5 * at..5 * at + 5];
        let number = |row: &Vec<String>, column: usize| row[column].parse::<f64>().unwrap();
        assert_eq!((&bar[0], &bar[1]), (&five[0][0], &"ABC".to_string()));
        assert_eq!((&bar[2], &bar[5], &bar[6]), (&five[0][1], &five[4][4], &"500".to_string()));
        assert_eq!(number(bar, 3), five.iter().map(|r| number(r, 2)).fold(0.0, f64::max));
        assert_eq!(number(bar, 4), five.iter().map(|r| number(r, 3)).fold(f64::MAX, f64::min));
    }
    // A strategy on five-minute bars sees the same.
    let config = write(tmp.path(), "c.yaml", STRATEGY);
    let timed = write(tmp.path(), "t.yaml", STRATEGY.replace("strategy:\n", "strategy:\n  timeframe: 5m\n"));
    assert_eq!(backtest(&config, &[&out])["bars"], backtest(&timed, &[&data])["bars"]);
}

#[test]
fn messages_that_are_known_and_not_used_are_counted_by_kind() {
    let tmp = tempfile::tempdir().unwrap();
    let kline = r#"1742943500000000000 {"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1,"s":"BTCUSDT","k":{}}}"#;
    let file = write(tmp.path(), "data.capture", capture("1.0") + &format!("{kline}\n{kline}\n"));
    let info: Value = serde_json::from_str(&ok(&["data", "info", file.to_str().unwrap(), "--json"])).unwrap();
    assert_eq!(
        (&info["ignored"], &info["ignored_kinds"]["kline"], &info["broken"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert!(ok(&["data", "info", file.to_str().unwrap()]).contains("known and not used: kline 2"));
}

#[test]
fn data_that_comes_twice_is_refused_and_pieces_of_one_series_are_not() {
    let tmp = tempfile::tempdir().unwrap();
    let config =
        write(tmp.path(), "c.yaml", format!("{STRATEGY}instruments: [{{symbol: ABCUSDT, tick: 0.01}}]\n"));
    let piece = |name: &str, from: i64, count: i64| {
        write(tmp.path(), name, bars(count, 1_700_000_040 + from * 60, 60, |_| 100.0))
    };
    let (one, two) = (piece("ABCUSDT-1m-a.csv", 0, 100), piece("ABCUSDT-1m-b.csv", 100, 100));
    let copy = piece("ABCUSDT-1m-copy.csv", 0, 100);
    let over = piece("ABCUSDT-1m-over.csv", 99, 50);
    assert_eq!(backtest(&config, &[&one, &two])["bars"], 200);
    assert_eq!(backtest(&config, &[&two, &one])["bars"], 200);
    let refuse = |files: &[&Path]| {
        let files = files.iter().map(|f| f.to_str().unwrap());
        let args: Vec<&str> =
            ["backtest", config.to_str().unwrap(), "--data"].into_iter().chain(files).collect();
        refused(&args)
    };
    let twice = tmp.path().join("./ABCUSDT-1m-a.csv");
    assert!(refuse(&[&one, &two, &twice]).contains("are the same data"));
    assert!(refuse(&[&one, &copy]).contains("are the same data"));
    let shown = refuse(&[&one, &over]);
    assert!(shown.contains("both hold bars of ABCUSDT, and their times overlap"), "{shown}");
    assert!(shown.contains("ABCUSDT-1m-over.csv (2023-11-14T23:53:00Z to"), "{shown}");

    // Binance's dump of trades beside the bars that were made of them.
    let mut trades = String::from("id,price,qty,quote_qty,time,is_buyer_maker\n");
    for i in 0..50 {
        let _ = writeln!(trades, "{i},100.0{},1.0,100.0,{},true", i % 10, 1_700_000_040_000i64 + i * 1_000);
    }
    let trades = write(tmp.path(), "ABCUSDT-trades-2023-11.csv", trades);
    let shown = refuse(&[&one, &trades]);
    assert!(shown.contains("holds bars of ABCUSDT and") && shown.contains("its trades"), "{shown}");
    // A recording of the same coin is one more.
    let capture = write(tmp.path(), "capture.txt", capture("1.0").replace("BTCUSDT", "ABCUSDT"));
    let shown = refuse(&[&one, &capture]);
    assert!(shown.contains("capture.txt its trades"), "{shown}");
    let copy = write(tmp.path(), "again.txt", std::fs::read(&capture).unwrap());
    assert!(refuse(&[&capture, &copy]).contains("are the same data"));
}

#[test]
fn bars_that_the_data_cannot_make_are_refused() {
    let tmp = tempfile::tempdir().unwrap();
    let mut depth = String::new();
    for i in 1..200u64 {
        let ns = 1_742_943_500_000_000_000u64 + i * 100_000_000;
        let _ = writeln!(
            depth,
            r#"{ns} {{"stream":"btcusdt@depth","data":{{"e":"depthUpdate","E":{},"s":"BTCUSDT","U":{i},"u":{i},"b":[["100.0","1.0"]],"a":[["100.1","1.0"]]}}}}"#,
            ns / 1_000_000
        );
    }
    let all = capture("1.0");
    let only = |stream: &str| all.lines().filter(|l| l.contains(stream)).collect::<Vec<_>>().join("\n");
    let depth = write(tmp.path(), "depth.txt", depth);
    let trades = write(tmp.path(), "trades.txt", only("@trade"));
    for (bars, data, want) in [
        ("mid", &depth, "order books only"),
        ("trades", &depth, "order books only"),
        ("mid", &trades, "write `bars: trades`"),
    ] {
        let timed = STRATEGY.replace("strategy:\n", &format!("strategy:\n  timeframe: 1s\n  bars: {bars}\n"));
        let config = write(tmp.path(), "c.yaml", &timed);
        let shown = refused(&["backtest", config.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        assert!(shown.contains(want), "{bars}: {shown}");
        // With the decimals stated the data is not looked at before it is run: the report tells.
        let stated =
            "instruments: [{symbol: BTCUSDT, tick: 0.01, lot: 0.01, price_decimals: 9, qty_decimals: 8}]\n";
        let config = write(tmp.path(), "stated.yaml", format!("{timed}{stated}"));
        let shown = ok(&["backtest", config.to_str().unwrap(), "--data", data.to_str().unwrap()]);
        assert!(shown.contains("no bar was made"), "{bars}: {shown}");
    }
}

#[test]
fn jumps_are_told_of_prices_and_not_of_broken_lines() {
    let tmp = tempfile::tempdir().unwrap();
    let share = format!("{STRATEGY}instruments: [{{symbol: ABC, kind: equity, tick: 0.01, lot: 1}}]\n");
    let config = write(tmp.path(), "c.yaml", &share);
    let good = bars(200, 1_577_836_800, 86_400, |_| 100.0);
    let mut rows: Vec<&str> = good.lines().collect();
    let zeros = |day: i64| format!("{},0,0,0,0,0", (1_577_836_800 + day * 86_400) * 1000);
    let (first, middle, last) = (zeros(-1), zeros(100), zeros(200));
    rows[101] = &middle;
    rows.insert(1, &first);
    rows.push(&last);
    let data = write(tmp.path(), "ABC_daily.csv", rows.join("\n"));
    let run = backtest(&config, &[&data]);
    assert_eq!((&run["bars"], &run["broken_lines"]), (&199.into(), &3.into()));
    // Between two files the jump is at the first row of data of the second.
    let cheap = write(tmp.path(), "ABC_daily_2.csv", bars(50, 1_640_995_200, 86_400, |_| 10.0));
    let args =
        ["backtest", config.to_str().unwrap(), "--data", data.to_str().unwrap(), cheap.to_str().unwrap()];
    let shown = refused(&args);
    assert!(shown.contains("jump like a split 1 times") && shown.contains("ABC_daily_2.csv:2"), "{shown}");
}
