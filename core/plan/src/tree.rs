//! YAML and JSON by one reader, into a tree in which every key and value knows its place. Scalars keep
//! their text, so decimals stay exact.

use crate::diagnostic::{Diagnostics, Place};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Deepest nesting and largest text that are read; a configuration is far below both.
const MAX_DEPTH: usize = 64;
const MAX_BYTES: usize = 1 << 20;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub place: Place,
    pub value: Value,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text, and whether it was quoted.
    Scalar(String, bool),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub place: Place,
    pub name: String,
}

impl Node {
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.name == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// What it is, for a message.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(text, true) => format!("the text \"{text}\""),
            Value::Scalar(text, false) if text.is_empty() => "nothing".into(),
            Value::Scalar(text, false) => format!("`{text}`"),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a group of keys".into(),
        }
    }
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line().max(1), column: span.start.col() + 1 }
}

/// Parses one document; `None` when the text is not YAML or JSON, with the reason in `found`.
pub(crate) fn parse(text: &str, found: &mut Diagnostics) -> Option<Node> {
    let start = Place { line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        found.error(
            start,
            "the file is larger than 1 MiB",
            "a configuration is a few kilobytes; is this the right file?",
        );
        return None;
    }
    let mut reader =
        Reader { parser: Parser::new_from_str(text.trim_start_matches('\u{feff}')), found, keys: 0 };
    match reader.document() {
        Some(Some(node)) => Some(node),
        Some(None) => {
            found.error(
                start,
                "the file is empty",
                "see examples/paper.yaml for a configuration to begin with",
            );
            None
        }
        None => None,
    }
}

struct Reader<'a, 'i> {
    parser: Parser<'i, saphyr_parser::StrInput<'i>>,
    found: &'a mut Diagnostics,
    keys: usize,
}

impl<'i> Reader<'_, 'i> {
    fn next(&mut self) -> Option<(Event<'i>, Span)> {
        match self.parser.next_event()? {
            Ok(event) => Some(event),
            Err(error) => {
                let mark = error.marker();
                let at = Place { line: mark.line().max(1), column: mark.col() + 1 };
                self.found.error(
                    at,
                    format!("not YAML or JSON: {}", error.info()),
                    "check indentation, quotes and brackets here and just above",
                );
                None
            }
        }
    }

    /// `Some(None)` for an empty document, `None` after an error.
    fn document(&mut self) -> Option<Option<Node>> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => return Some(None),
                other => {
                    let node = self.node(other, &span, 0)?;
                    self.finish()?;
                    let empty = node.value == Value::Scalar(String::new(), false);
                    return Some((!empty).then_some(node));
                }
            }
        }
    }

    /// Reads to the end, so that what follows the document is an error too.
    fn finish(&mut self) -> Option<()> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Some(()),
                Event::DocumentEnd => {}
                _ => {
                    self.found.error(
                        place(&span),
                        "a second document begins here",
                        "one file holds one configuration",
                    );
                    return None;
                }
            }
        }
    }

    fn node(&mut self, event: Event<'i>, span: &Span, depth: usize) -> Option<Node> {
        let at = place(span);
        if depth > MAX_DEPTH {
            self.found.error(at, "nested too deeply", "a configuration needs at most six levels");
            return None;
        }
        let value = match event {
            Event::Scalar(text, style, _, _) => {
                let quoted = !matches!(style, ScalarStyle::Plain);
                let text =
                    if !quoted && matches!(&*text, "~" | "null") { String::new() } else { text.into_owned() };
                Value::Scalar(text, quoted)
            }
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            Event::Alias(_) => {
                self.found.error(at, "aliases (`*name`) are not supported", "write the value out");
                return None;
            }
            _ => {
                self.found.error(at, "unexpected end of the text", "close the bracket or quote that is open");
                return None;
            }
        };
        Some(Node { place: at, value })
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Some(Value::List(items));
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let at = place(&span);
            let name = match event {
                Event::MappingEnd => return Some(Value::Map(entries)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    self.found.error(at, "a key must be a word", "write `key: value`");
                    return None;
                }
            };
            self.keys += 1;
            if self.keys > 100_000 {
                self.found.error(at, "more than 100,000 keys", "is this the right file?");
                return None;
            }
            if entries.iter().any(|(k, _)| k.name == name) {
                self.found.error(at, format!("the key `{name}` is given twice"), "keep one of them");
            }
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            entries.push((Key { place: at, name }, node));
        }
    }
}
