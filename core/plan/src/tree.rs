//! YAML and JSON by one reader, into a tree in which every key and value knows its place. Scalars keep
//! their text, so decimals stay exact. What YAML has beyond JSON and comments (aliases, merge keys, tags,
//! several documents) is refused: a configuration is read by people first.

use crate::diagnostic::{Diagnostics, Place, shown};
use crate::text::{MOST_BYTES, refuse_length};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// Deepest nesting and most keys that are read; a configuration is far below them.
const MAX_DEPTH: usize = 64;
const MAX_KEYS: usize = 100_000;

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
    /// Refused while it was parsed; its error is noted, so nobody says more about it.
    Refused,
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub place: Place,
    pub name: String,
}

impl Node {
    /// A group without keys, for a section that is not given.
    pub fn empty_group(place: Place) -> Node {
        Node { place, value: Value::Map(Vec::new()) }
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.name == name).map(|(_, v)| v),
            _ => None,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// True for `key:` with nothing behind it, and for `null`.
    pub fn is_nothing(&self) -> bool {
        self.value == Value::Scalar(String::new(), false)
    }

    /// What it is, for a message.
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(text, true) => format!("the text \"{}\"", shown(text)),
            Value::Scalar(_, false) if self.is_nothing() => "nothing".into(),
            Value::Scalar(text, false) => format!("`{}`", shown(text)),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a group of keys".into(),
            Value::Refused => "what was refused".into(),
        }
    }
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line().max(1), column: span.start.col() + 1 }
}

/// Parses one document; `None` when the text is not YAML or JSON, with the reason in `found`.
pub(crate) fn parse(text: &str, found: &mut Diagnostics) -> Option<Node> {
    if text.len() > MOST_BYTES {
        refuse_length(found);
        return None;
    }
    let mut reader = Reader { parser: Parser::new_from_str(without_mark(text)), found, keys: 0 };
    let node = reader.document()?;
    let empty = |node: &Node| node.is_nothing() || node.value == Value::Map(Vec::new());
    if node.as_ref().is_none_or(empty) && !found.has_errors() {
        found.error(Place::START, "the file is empty", "begin with a configuration of the folder `examples`");
        return None;
    }
    node
}

/// The text without a byte order mark, which some editors put first.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
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
                let reason = format!("not YAML or JSON: {}", shown(error.info()));
                let remedy = match error.info().contains("tab") {
                    true => "indent with spaces, here and in the next line",
                    false => "check indentation, quotes and brackets here and just above",
                };
                match error.info().contains("anchor") {
                    true => self.refuse_alias(at),
                    false => self.found.error(at, reason, remedy),
                }
                None
            }
        }
    }

    /// `Some(None)` for an empty document, `None` after an error that ends reading.
    fn document(&mut self) -> Option<Option<Node>> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                Event::StreamEnd | Event::DocumentEnd => return Some(None),
                other => {
                    let node = self.node(other, &span, 0)?;
                    self.finish()?;
                    return Some(Some(node));
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
                    let remedy = "one file holds one configuration; remove the `---` and what follows it";
                    self.found.error(place(&span), "a second document begins here", remedy);
                    return Some(());
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
        let (value, tag) = match event {
            Event::Scalar(text, style, _, tag) => {
                let quoted = !matches!(style, ScalarStyle::Plain);
                let null = !quoted && matches!(&*text, "~" | "null" | "Null" | "NULL");
                let text = if null { String::new() } else { text.into_owned() };
                (Value::Scalar(text, quoted), tag)
            }
            Event::SequenceStart(_, tag) => (self.list(depth)?, tag),
            Event::MappingStart(_, tag) => (self.map(depth)?, tag),
            Event::Alias(_) => {
                self.refuse_alias(at);
                (Value::Refused, None)
            }
            _ => {
                self.found.error(at, "unexpected end of the text", "close the bracket or quote that is open");
                return None;
            }
        };
        if tag.is_some() {
            self.found.error(at, "tags (`!name`) are not supported", "remove it; the key decides the type");
            return Some(Node { place: at, value: Value::Refused });
        }
        Some(Node { place: at, value })
    }

    fn refuse_alias(&mut self, at: Place) {
        self.found.error(at, "aliases (`*name`) are not supported", "write the value out");
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
        let mut seen: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Some(Value::Map(entries));
            }
            let place = place(&span);
            let name = self.key(event, &span, depth)?;
            let (event, span) = self.next()?;
            // A merge key is one mistake, whatever stands behind it.
            let merge = name.as_deref() == Some("<<");
            let mut node = match (merge, event) {
                (true, Event::Alias(_)) => Node { place, value: Value::Refused },
                (_, event) => self.node(event, &span, depth + 1)?,
            };
            let Some(name) = name.filter(|_| !merge) else { continue };
            if let Some(first) = seen.get(&name) {
                self.found.error_twice(place, *first, &format!("the key `{}`", shown(&name)));
                continue;
            }
            if node.is_nothing() {
                // The parser puts an absent value where the next thing begins.
                node.place = place;
            }
            seen.insert(name.clone(), place);
            entries.push((Key { place, name }, node));
        }
    }

    /// A key's text; `Some(None)` for one that is refused.
    fn key(&mut self, event: Event<'i>, span: &Span, depth: usize) -> Option<Option<String>> {
        let at = place(span);
        self.keys += 1;
        if self.keys > MAX_KEYS {
            self.found.error(at, "more than 100,000 keys", "is this the right file?");
            return None;
        }
        if let Event::Scalar(text, _, _, None) = &event {
            match &**text {
                "" => self.found.error(at, "a key without a name", "write `key: value`"),
                "<<" => {
                    self.found.error(at, "merge keys (`<<`) are not supported", "write the keys out");
                    return Some(Some("<<".into()));
                }
                text => return Some(Some(text.into())),
            }
            return Some(None);
        }
        self.found.error(at, "a key must be a plain word", "write `key: value`");
        self.node(event, span, depth + 1)?;
        Some(None)
    }
}
