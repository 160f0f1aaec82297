//! Reading gate expressions.

use super::figure::is_name_char;
use super::{Expression, FigurePath, GateError, Operand, Operator};
use serde_json::Number;

/// Parentheses and `not`s inside each other; deeper than any sane gate, shallow enough for any stack.
const DEEPEST: usize = 64;
/// Comparisons in one gate: chains of `and` and `or` nest in the tree too.
const MOST_COMPARISONS: usize = 256;

pub(super) fn parse(text: &str) -> Result<Expression, GateError> {
    let mut parser = Parser { text, at: 0, depth: 0, comparisons: 0 };
    if text.is_empty() {
        return Err(parser.error("it is empty; write a condition such as `fp_rate > 0.01`"));
    }
    let expression = parser.or()?;
    parser.skip_blanks();
    if parser.at < text.len() {
        let found = parser.found();
        return Err(match parser.operator() {
            Ok(Some(_)) => parser.error_at(found.0, "comparisons do not chain; join two with `and`"),
            _ => parser.error_at(found.0, &format!("expected `and`, `or` or the end, found {}", found.1)),
        });
    }
    Ok(expression)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    comparisons: usize,
}

impl<'t> Parser<'t> {
    fn or(&mut self) -> Result<Expression, GateError> {
        let mut left = self.and()?;
        while self.keyword("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, GateError> {
        let mut left = self.not()?;
        while self.keyword("and") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, GateError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(&format!("nested more than {DEEPEST} deep")));
        }
        let expression = if self.keyword("not") {
            Expression::Not(Box::new(self.not()?))
        } else if self.eat('(') {
            let inner = self.or()?;
            if !self.eat(')') {
                let found = self.found();
                return Err(self.error_at(found.0, &format!("expected `)`, found {}", found.1)));
            }
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn comparison(&mut self) -> Result<Expression, GateError> {
        self.skip_blanks();
        let start = self.at;
        self.comparisons += 1;
        if self.comparisons > MOST_COMPARISONS {
            return Err(self.error(&format!("more than {MOST_COMPARISONS} comparisons; write several gates")));
        }
        let left = self.operand()?;
        let Some(operator) = self.operator()? else {
            let found = self.found();
            let message = format!("expected a comparison (<, <=, >, >=, ==, !=), found {}", found.1);
            return Err(self.error_at(found.0, &message));
        };
        let right = self.operand()?;
        if matches!((&left, &right), (Operand::Number(_), Operand::Number(_))) {
            return Err(self.error_at(start, "this compares two numbers; name a figure, such as `fp_rate`"));
        }
        Ok(Expression::Compare(left, operator, right))
    }

    fn operand(&mut self) -> Result<Operand, GateError> {
        self.skip_blanks();
        match self.peek() {
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => {
                let (_, value) = self.number()?;
                Ok(Operand::Number(value))
            }
            Some(c) if c == '[' || is_name_start(c) => {
                let path = self.path()?;
                self.skip_blanks();
                let default = if self.rest().starts_with("??") {
                    self.at += 2;
                    self.skip_blanks();
                    Some(self.number()?.0)
                } else {
                    None
                };
                Ok(Operand::Figure { path, default })
            }
            _ => {
                let found = self.found();
                Err(self.error_at(found.0, &format!("expected a figure or a number, found {}", found.1)))
            }
        }
    }

    fn path(&mut self) -> Result<FigurePath, GateError> {
        let mut names = Vec::new();
        loop {
            match self.peek() {
                Some('[') => names.push(self.bracketed()?),
                Some('.') if !names.is_empty() => {
                    self.at += 1;
                    names.push(self.name()?);
                }
                Some(c) if names.is_empty() && is_name_start(c) => names.push(self.name()?),
                _ => return Ok(FigurePath(names)),
            }
        }
    }

    fn name(&mut self) -> Result<String, GateError> {
        let rest = self.rest();
        let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        if end == 0 {
            let found = self.found();
            let message = format!("expected a name after `.`, found {}; write odd names as [\"...\"]", found.1);
            return Err(self.error_at(found.0, &message));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    /// `["any text"]`, `['any text']` or `[3]`; a quote or backslash inside is written with a backslash before it.
    fn bracketed(&mut self) -> Result<String, GateError> {
        let open = self.at;
        self.at += 1;
        self.skip_blanks();
        let name = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            Some(c) if c.is_ascii_digit() => {
                let rest = self.rest();
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                self.at += end;
                rest[..end].to_owned()
            }
            _ => {
                let found = self.found();
                let message = format!("expected a quoted name or a number after `[`, found {}", found.1);
                return Err(self.error_at(found.0, &message));
            }
        };
        if self.eat(']') { Ok(name) } else { Err(self.error_at(open, "this `[` is not closed with `]`")) }
    }

    fn quoted(&mut self, quote: char) -> Result<String, GateError> {
        let open = self.at;
        self.at += 1;
        let mut name = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.at += i + 1;
                return Ok(name);
            }
            match c {
                '\\' => name.extend(chars.next().map(|(_, escaped)| escaped)),
                c => name.push(c),
            }
        }
        Err(self.error_at(open, "this quote is not closed"))
    }

    fn number(&mut self) -> Result<(Number, f64), GateError> {
        let rest = self.rest();
        let mut before = ' ';
        let end = rest.find(|c: char| {
            let sign = matches!(c, '-' | '+') && matches!(before, ' ' | 'e' | 'E');
            let inside = sign || c.is_ascii_alphanumeric() || c == '.';
            before = c;
            !inside
        });
        let word = &rest[..end.unwrap_or(rest.len())];
        let plain = word.strip_prefix('+').unwrap_or(word);
        let digits = plain.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.'));
        let value = plain.parse::<f64>().ok().filter(|v| digits && v.is_finite());
        let Some(value) = value else {
            let message = if word.is_empty() {
                format!("expected a number, found {}", self.found().1)
            } else {
                format!("`{word}` is not a number")
            };
            return Err(self.error(&message));
        };
        self.at += word.len();
        let integer = plain.parse::<i64>().ok().map(Number::from);
        // The value is finite, so the fallback is never taken.
        let number = integer.or_else(|| Number::from_f64(value)).unwrap_or_else(|| Number::from(0));
        Ok((number, value))
    }

    fn operator(&mut self) -> Result<Option<Operator>, GateError> {
        self.skip_blanks();
        const OPERATORS: [(&str, Operator); 6] = [
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ];
        for (sign, operator) in OPERATORS {
            if self.rest().starts_with(sign) {
                self.at += sign.len();
                return Ok(Some(operator));
            }
        }
        if self.rest().starts_with('=') {
            return Err(self.error("a single `=` is no comparison; write `==`, `<=` or `>=`"));
        }
        Ok(None)
    }

    fn keyword(&mut self, word: &str) -> bool {
        self.skip_blanks();
        let rest = self.rest();
        let Some(head) = rest.get(..word.len()) else { return false };
        let ends = rest[word.len()..].chars().next().is_none_or(|c| !is_name_char(c) && !matches!(c, '.' | '['));
        let found = head.eq_ignore_ascii_case(word) && ends;
        if found {
            self.at += word.len();
        }
        found
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Where the next word starts and how to call it in a message.
    fn found(&mut self) -> (usize, String) {
        self.skip_blanks();
        let rest = self.rest();
        let word = match rest.chars().next() {
            None => "the end".to_owned(),
            Some(c) if is_name_char(c) => {
                let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
                format!("`{}`", &rest[..end])
            }
            Some('&') => "`&`; write `and`".to_owned(),
            Some('|') => "`|`; write `or`".to_owned(),
            Some('!') => "`!`; write `not`".to_owned(),
            Some(c) => format!("`{c}`"),
        };
        (self.at, word)
    }

    fn error(&self, message: &str) -> GateError {
        self.error_at(self.at, message)
    }

    fn error_at(&self, offset: usize, message: &str) -> GateError {
        // Control characters would break the line that the caret points into.
        let expression = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let column = unicode_width::UnicodeWidthStr::width(self.text.get(..offset).unwrap_or(self.text));
        GateError::Syntax { expression, column, message: message.to_owned() }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}
