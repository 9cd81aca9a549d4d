//! From tokens to the tree of what is written, by recursive descent. The first mistake of the grammar ends
//! it: what stands behind it cannot be told apart any more.
//!
//! ```text
//! condition  = all { "or" all }
//! all        = negation { "and" negation }
//! negation   = "not" negation | comparison
//! comparison = sum [ relation sum | "crosses" ("above" | "below") sum | "in" sum ".." sum ]
//! sum        = product { ("+" | "-") product }
//! product    = prefix { ("*" | "/") prefix }
//! prefix     = "-" prefix | postfix
//! postfix    = primary { "." name | "[" whole number "]" }
//! primary    = number | number "%" | name [ "(" [ argument { "," argument } ] ")" ] | "(" condition ")"
//! argument   = [ name ("=" | ":") ] sum
//! ```

use super::ast::{Argument, MAX_DEPTH, Node, Operator, Relation, What, too_deep};
use super::fault::Fault;
use super::lexer::{Kind, Token};
use super::nearest::suggest;

/// Words with a meaning of their own.
pub(super) const KEYWORDS: [&str; 9] =
    ["and", "or", "not", "in", "crosses", "above", "below", "true", "false"];

const RELATIONS: [(&str, Relation); 6] = [
    ("<", Relation::Below),
    ("<=", Relation::AtMost),
    (">", Relation::Above),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
];

/// Most bars that `[...]` may go back in one step.
const MAX_BACK: i128 = 1000;

/// Billionths in one.
const ONE: i128 = 1_000_000_000;

/// Parses a whole expression; the tokens end with `End`.
pub(super) fn parse(tokens: &[Token]) -> Result<Node, Fault> {
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let node = parser.condition()?;
    match &parser.peek().kind {
        Kind::End => Ok(node),
        _ => Err(parser.unexpected("`and`, `or` or the end")),
    }
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

type Parsed = Result<Node, Fault>;

impl<'a> Parser<'a> {
    fn peek(&self) -> &'a Token {
        // The last token is `End`, and nothing moves behind it.
        &self.tokens[self.at]
    }

    fn skip(&mut self) {
        self.at = (self.at + 1).min(self.tokens.len() - 1);
    }

    fn word(&self) -> Option<&'a str> {
        match &self.peek().kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = self.word() == Some(word);
        if is {
            self.skip();
        }
        is
    }

    fn symbol(&self) -> Option<&'static str> {
        match self.peek().kind {
            Kind::Symbol(symbol) => Some(symbol),
            _ => None,
        }
    }

    fn take(&mut self, symbol: &str) -> bool {
        let is = self.symbol() == Some(symbol);
        if is {
            self.skip();
        }
        is
    }

    fn expect(&mut self, symbol: &str) -> Result<(), Fault> {
        if self.take(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let token = self.peek();
        let (reason, remedy) = match &token.kind {
            Kind::End => ("the expression ends too early".to_string(), format!("{wanted} is missing")),
            Kind::Symbol("=") => ("`=` compares nothing".into(), "write `==`".into()),
            Kind::Symbol(symbol) => {
                (format!("`{symbol}` is not expected here"), format!("put {wanted} here"))
            }
            Kind::Name(name) => {
                let near = suggest(name, KEYWORDS).filter(|word| *word != name.as_str());
                let remedy = near.map_or(format!("put {wanted} here"), |w| format!("did you mean `{w}`?"));
                (format!("`{name}` is not expected here"), remedy)
            }
            Kind::Number(_) | Kind::Percent(_) => {
                ("a number is not expected here".into(), format!("put {wanted} here"))
            }
        };
        Fault::new(token.at, reason, remedy)
    }

    /// Goes one level deeper for `inner`.
    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(self.peek().at));
        }
        let node = inner(self);
        self.depth -= 1;
        node
    }

    fn condition(&mut self) -> Parsed {
        let mut left = self.all()?;
        while self.word() == Some("or") {
            let at = self.peek().at;
            self.skip();
            left = Node { at, what: What::Any(left.into(), self.all()?.into()) };
        }
        Ok(left)
    }

    fn all(&mut self) -> Parsed {
        let mut left = self.negation()?;
        while self.word() == Some("and") {
            let at = self.peek().at;
            self.skip();
            left = Node { at, what: What::All(left.into(), self.negation()?.into()) };
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed {
        let at = self.peek().at;
        if !self.take_word("not") {
            return self.comparison();
        }
        let inner = self.nested(Self::negation)?;
        Ok(Node { at, what: What::Not(inner.into()) })
    }

    fn relation(&self) -> Option<Relation> {
        let symbol = self.symbol()?;
        RELATIONS.iter().find(|(text, _)| *text == symbol).map(|(_, relation)| *relation)
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let at = self.peek().at;
        if let Some(relation) = self.relation() {
            self.skip();
            let right = self.sum()?;
            if self.relation().is_some() {
                let remedy = "write `a < b and b < c`";
                return Err(Fault::new(self.peek().at, "comparisons do not chain", remedy));
            }
            return Ok(Node { at, what: What::Compare(relation, left.into(), right.into()) });
        }
        if self.take_word("crosses") {
            let above = self.take_word("above");
            if !above && !self.take_word("below") {
                return Err(self.unexpected("`above` or `below`"));
            }
            let right = self.sum()?;
            return Ok(Node { at, what: What::Crosses { above, left: left.into(), right: right.into() } });
        }
        if self.take_word("in") {
            let low = self.sum()?;
            self.expect("..")?;
            let high = self.sum()?;
            let what = What::Within { value: left.into(), low: low.into(), high: high.into() };
            return Ok(Node { at, what });
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let operator = match self.symbol() {
                Some("+") => Operator::Add,
                Some("-") => Operator::Subtract,
                _ => return Ok(left),
            };
            left = self.calculation(operator, left, Self::product)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.prefix()?;
        loop {
            let operator = match self.symbol() {
                Some("*") => Operator::Multiply,
                Some("/") => Operator::Divide,
                _ => return Ok(left),
            };
            left = self.calculation(operator, left, Self::prefix)?;
        }
    }

    fn calculation(
        &mut self,
        operator: Operator,
        left: Node,
        right: impl FnOnce(&mut Self) -> Parsed,
    ) -> Parsed {
        let at = self.peek().at;
        self.skip();
        let right = right(self)?;
        Ok(Node { at, what: What::Calculate(operator, left.into(), right.into()) })
    }

    fn prefix(&mut self) -> Parsed {
        let at = self.peek().at;
        if !self.take("-") {
            return self.postfix();
        }
        let inner = self.nested(Self::prefix)?;
        Ok(Node { at, what: What::Negative(inner.into()) })
    }

    fn postfix(&mut self) -> Parsed {
        let mut node = self.primary()?;
        loop {
            let at = node.at;
            if self.take(".") {
                let name_at = self.peek().at;
                let Some(name) = self.word() else { return Err(self.unexpected("the name of an output")) };
                self.skip();
                node = Node { at, what: What::Output { of: node.into(), name: name.into(), name_at } };
            } else if self.take("[") {
                let Kind::Number(value) = self.peek().kind else {
                    return Err(self.unexpected("a whole number of bars"));
                };
                if value % ONE != 0 || value / ONE > MAX_BACK {
                    let remedy = format!("give a whole number of bars, 0 to {MAX_BACK}");
                    return Err(Fault::new(self.peek().at, "history goes back in whole bars", remedy));
                }
                self.skip();
                self.expect("]")?;
                node = Node { at, what: What::Back { of: node.into(), bars: (value / ONE) as usize } };
            } else {
                return Ok(node);
            }
        }
    }

    fn primary(&mut self) -> Parsed {
        let token = self.peek();
        let number = |billionths, percent| What::Number { billionths, percent };
        let what = match &token.kind {
            Kind::Number(value) => number(*value, false),
            Kind::Percent(value) => number(*value, true),
            Kind::Symbol("(") => {
                self.skip();
                let inner = self.nested(Self::condition)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Name(name) if !KEYWORDS[..7].contains(&name.as_str()) => {
                self.skip();
                let what = match self.take("(") {
                    true => What::Call { name: name.clone(), arguments: self.arguments()? },
                    false => What::Name(name.clone()),
                };
                return Ok(Node { at: token.at, what });
            }
            _ => return Err(self.unexpected("a value, such as `close` or `rsi(14)`,")),
        };
        self.skip();
        Ok(Node { at: token.at, what })
    }

    /// What stands between the brackets of a call, and the closing one.
    fn arguments(&mut self) -> Result<Vec<Argument>, Fault> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Ok(arguments);
        }
        loop {
            let at = self.peek().at;
            let next = self.tokens.get(self.at + 1).map(|t| &t.kind);
            let named = matches!(next, Some(Kind::Symbol("=" | ":")));
            let name = self.word().filter(|_| named).map(|name| (at, name.to_string()));
            if name.is_some() {
                self.skip();
                self.skip();
            }
            let value = self.nested(Self::sum)?;
            arguments.push(Argument { name, value });
            if self.take(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }
}
