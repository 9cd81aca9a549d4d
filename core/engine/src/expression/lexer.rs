//! From text to tokens. Every character that belongs to none is noted, and reading goes on behind it.

use super::fault::Fault;

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its first character, from 0.
    pub at: usize,
    pub kind: Kind,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number, in billionths.
    Number(i128),
    /// A number with `%` behind it: a hundredth of it, in billionths.
    Percent(i128),
    /// A word.
    Name(String),
    /// Punctuation.
    Symbol(&'static str),
    /// Behind the last character.
    End,
}

/// Punctuation, the longer ones first.
const SYMBOLS: [&str; 19] =
    ["..", "<=", ">=", "==", "!=", "<", ">", "=", "(", ")", "[", "]", ",", ".", ":", "+", "-", "*", "/"];

/// What people write in other languages, and what is meant here.
const FOREIGN: [(&str, &str); 10] = [
    ("&&", "and"),
    ("||", "or"),
    ("&", "and"),
    ("|", "or"),
    ("!", "not"),
    ("≤", "<="),
    ("≥", ">="),
    ("≠", "!="),
    ("×", "*"),
    ("÷", "/"),
];

/// Digits before and behind the point of a number. A price of more digits than these is none.
const WHOLE_DIGITS: usize = 12;
const DECIMALS: usize = 9;

/// All tokens, with `End` as the last.
pub(super) fn tokens(text: &str, faults: &mut Vec<Fault>) -> Vec<Token> {
    let mut lexer = Lexer { text: text.chars().collect(), at: 0, faults };
    let mut tokens = Vec::new();
    while lexer.at < lexer.text.len() {
        let at = lexer.at;
        if let Some(kind) = lexer.token() {
            tokens.push(Token { at, kind });
        }
    }
    tokens.push(Token { at: lexer.at, kind: Kind::End });
    tokens
}

struct Lexer<'a> {
    text: Vec<char>,
    at: usize,
    faults: &'a mut Vec<Fault>,
}

impl Lexer<'_> {
    /// The next token; `None` for a blank and for what is no token.
    fn token(&mut self) -> Option<Kind> {
        let c = self.text[self.at];
        if c.is_whitespace() {
            self.at += 1;
            return None;
        }
        if c.is_ascii_digit() {
            return self.number();
        }
        if c.is_ascii_alphabetic() || c == '_' {
            let name = self.take(|c| c.is_ascii_alphanumeric() || c == '_');
            return Some(Kind::Name(name));
        }
        if let Some(symbol) = SYMBOLS.into_iter().find(|s| self.is_next(s)) {
            self.at += symbol.len();
            return Some(Kind::Symbol(symbol));
        }
        self.refuse(c);
        None
    }

    fn refuse(&mut self, c: char) {
        let at = self.at;
        let (length, fault) = match FOREIGN.into_iter().find(|(foreign, _)| self.is_next(foreign)) {
            Some((foreign, own)) => {
                let fault = Fault::new(at, format!("`{foreign}` is not known"), format!("write `{own}`"));
                (foreign.chars().count(), fault)
            }
            None => {
                let shown = c.escape_debug();
                let fault =
                    Fault::new(at, format!("the character `{shown}` has no meaning here"), "remove it");
                (1, fault)
            }
        };
        self.at += length;
        self.faults.push(fault);
    }

    fn is_next(&self, symbol: &str) -> bool {
        symbol.chars().enumerate().all(|(i, c)| self.text.get(self.at + i) == Some(&c))
    }

    fn take(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.text.get(self.at).is_some_and(|c| belongs(*c)) {
            self.at += 1;
        }
        self.text[start..self.at].iter().collect()
    }

    /// Digits with `_` between them, a point with digits behind it, and a percent sign.
    fn number(&mut self) -> Option<Kind> {
        let start = self.at;
        let digits = |c: char| c.is_ascii_digit() || c == '_';
        let whole = self.take(digits).replace('_', "");
        let is_decimal = self.text.get(self.at) == Some(&'.')
            && self.text.get(self.at + 1).is_some_and(char::is_ascii_digit);
        let mut decimals = String::new();
        if is_decimal {
            self.at += 1;
            decimals = self.take(digits).replace('_', "");
        }
        let percent = self.text.get(self.at) == Some(&'%');
        self.at += usize::from(percent);
        if whole.trim_start_matches('0').len() > WHOLE_DIGITS || decimals.len() > DECIMALS {
            let remedy = format!("give at most {WHOLE_DIGITS} digits before the point and {DECIMALS} behind");
            self.faults.push(Fault::new(start, "the number is too long", remedy));
            return Some(Kind::Number(0));
        }
        // At most 21 digits.
        let value: i128 = format!("{whole}{decimals:0<DECIMALS$}").parse().unwrap_or(0);
        if !percent {
            return Some(Kind::Number(value));
        }
        if value % 100 != 0 {
            let remedy = format!("give at most {} decimals before `%`", DECIMALS - 2);
            self.faults.push(Fault::new(start, "the percentage is too fine", remedy));
        }
        Some(Kind::Percent(value / 100))
    }
}
