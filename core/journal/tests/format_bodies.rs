//! The part of `FORMAT.md` about bodies is made from their declarations: it cannot drift.
//!
//! With `PINION_WRITE_FORMAT=1` the test writes the part anew instead of comparing.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pinion_model::record::{BODY_BYTES, Kind};

const BEGIN: &str = "<!-- made by tests/format_bodies.rs: begin -->\n";
const END: &str = "<!-- made by tests/format_bodies.rs: end -->\n";

/// One line of a declaration: its documentation, and what stands before and behind the sign.
struct Line {
    doc: String,
    left: String,
    right: String,
}

struct Block {
    doc: String,
    name: String,
    of: String,
    lines: Vec<Line>,
}

fn source(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/src").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The blocks of a macro's uses, whose lines divide at `sign`.
fn blocks(text: &str, opening: &str, sign: &str) -> Vec<Block> {
    let (mut found, mut doc, mut inside) = (Vec::<Block>::new(), String::new(), false);
    let mut open = false;
    for line in text.lines() {
        let line_text = line.trim();
        if line == opening {
            (inside, doc) = (true, String::new());
        } else if line == "}" {
            inside = false;
        } else if !inside {
            continue;
        } else if let Some(words) = line_text.strip_prefix("///") {
            doc += words;
        } else if line_text == "}" {
            open = false;
        } else if let Some((name, of)) = line_text.strip_suffix(" {").and_then(|head| head.split_once(": ")) {
            let doc = plain(&std::mem::take(&mut doc));
            found.push(Block { doc, name: name.into(), of: of.into(), lines: Vec::new() });
            open = true;
        } else if let Some((left, right)) =
            line_text.trim_end_matches([',', ';']).split_once(sign).filter(|_| open)
        {
            let doc = plain(&std::mem::take(&mut doc));
            let (left, right) = (left.into(), right.into());
            found.last_mut().unwrap().lines.push(Line { doc, left, right });
        }
    }
    found
}

/// Documentation without the links of rustdoc.
fn plain(doc: &str) -> String {
    let mut text = String::new();
    let mut rest = doc.trim();
    while let Some((before, link)) = rest.split_once("[`") {
        let (name, behind) = link.split_once("`]").unwrap();
        write!(text, "{before}{}", name.rsplit("::").next().unwrap()).unwrap();
        rest = if behind.starts_with('(') { behind.split_once(')').unwrap().1 } else { behind };
    }
    text + rest
}

/// Bytes of a type and its name in the document.
fn shape(name: &str) -> (usize, String) {
    if let Some((of, count)) =
        name.strip_prefix('[').and_then(|name| name.strip_suffix(']')?.split_once("; "))
    {
        let (bytes, of) = shape(of);
        let count: usize = count.parse().unwrap();
        return (bytes * count, format!("{count} x {of}"));
    }
    let (bytes, shown) = match name {
        "u8" => (1, "u8"),
        "u16" => (2, "u16"),
        "u32" => (4, "u32"),
        "u64" => (8, "u64"),
        "i64" => (8, "i64"),
        "u128" => (16, "u128"),
        "InstrumentId" => (4, "u32"),
        "Price" => (8, "i64 price"),
        "Qty" => (8, "i64 quantity"),
        "Money" => (16, "i128 money"),
        "Level" => (16, "level"),
        "SignalValue" => (16, "value"),
        "CheckOperands" => (40, "check"),
        other => panic!("{other}: say its size and its name here"),
    };
    (bytes, shown.into())
}

fn made() -> String {
    let mut text = String::new();
    for file in ["body/input.rs", "body/decision.rs", "body/evidence.rs"] {
        for body in blocks(&source(file), "bodies! {", ": ") {
            let kind = Kind::ALL.iter().find(|kind| format!("{kind:?}") == body.of).unwrap();
            let number = *kind as u16;
            writeln!(text, "### {} {number:#05x}, {:?}\n\n{}\n", kind.label(), kind.class(), body.doc)
                .unwrap();
            writeln!(text, "| offset | type | field | meaning |\n|-------:|------|-------|---------|")
                .unwrap();
            let mut offset = 0;
            for field in &body.lines {
                let (bytes, shown) = shape(&field.right);
                writeln!(text, "| {offset} | {shown} | {} | {} |", field.left, field.doc).unwrap();
                offset += bytes;
            }
            assert_eq!(offset, BODY_BYTES, "{}", body.name);
            text.push('\n');
        }
    }
    text += "### Codes\n\n| code | type | values |\n|------|------|--------|\n";
    for file in ["order.rs", "instrument.rs", "body/decision.rs", "body/input.rs"] {
        for codes in blocks(&source(file), "codes! {", " = ") {
            let value = |line: &Line| {
                let (number, label) = line.right.split_once(", ").unwrap();
                format!("{number} {}", label.trim_matches('"'))
            };
            let values: Vec<String> = codes.lines.iter().map(value).collect();
            writeln!(text, "| {} | {} | {} |", codes.name, codes.of, values.join(", ")).unwrap();
        }
    }
    text
}

#[test]
fn format_md_lists_every_body_as_it_is_declared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md");
    let format = fs::read_to_string(&path).unwrap();
    let (before, rest) = format.split_once(BEGIN).expect("the mark where the bodies begin");
    let (there, behind) = rest.split_once(END).expect("the mark where the bodies end");
    let made = made();
    if std::env::var_os("PINION_WRITE_FORMAT").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{made}{END}{behind}")).unwrap();
        return;
    }
    assert_eq!(there, made, "run this test with PINION_WRITE_FORMAT=1");
}

#[test]
fn every_kind_is_in_format_md() {
    let format = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("FORMAT.md")).unwrap();
    for kind in Kind::ALL {
        let number = format!("{:#05x}", *kind as u16);
        assert!(format.contains(&number), "{} {number} is not in FORMAT.md", kind.label());
    }
}
