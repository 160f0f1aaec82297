//! Escapes, outside and inside of bracketed sets, and the sets themselves.

use super::ast::{At, Node};
use super::charset::{Category, CharSet, Item};
use super::parse::{Flags, Parser, Read, Stop, Token, code_point};
use std::sync::Arc;

impl Parser<'_> {
    /// An escape outside a set.
    pub(super) fn escape(&mut self, c: char, flags: Flags) -> Read<Node> {
        let fold = flags.fold();
        if let Some(item) = category(c, flags) {
            return Ok(Node::Set(Arc::new(CharSet::of_items(&[item], false, fold))));
        }
        match c {
            'A' => return Ok(Node::At(At::Start)),
            'Z' => return Ok(Node::At(At::VeryEnd)),
            'b' | 'B' => return Ok(Node::At(At::Edge { negated: c == 'B', ascii: flags.ascii })),
            '1'..='9' => {}
            _ => return Ok(Node::Set(Arc::new(CharSet::of_char(self.escaped_char(c)?, fold)))),
        }
        let mut digits = c.to_string() + &self.take_while(1, |c| c.is_ascii_digit());
        let octal = |c: char| ('0'..='7').contains(&c);
        if digits.len() == 2 && digits.chars().all(octal) {
            let third = self.take_while(1, octal);
            if !third.is_empty() {
                digits += &third;
                let point = octal_value(&digits)?;
                return Ok(Node::Set(Arc::new(CharSet::of_char(point, fold))));
            }
        }
        match digits.parse() {
            Ok(group) if group < self.widths.len() => self.backref(group, flags),
            _ => Err(format!("invalid group reference {digits}").into()),
        }
    }

    /// The character that an escape stands for, inside and outside of sets.
    fn escaped_char(&mut self, c: char) -> Read<u32> {
        let hex = |digits: &str, count: usize| {
            if digits.len() == count { u32::from_str_radix(digits, 16).ok() } else { None }
        };
        let hex_digit = |c: char| c.is_ascii_hexdigit();
        let point = match c {
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            'x' => hex(&self.take_while(2, hex_digit), 2),
            'u' => hex(&self.take_while(4, hex_digit), 4),
            'U' => hex(&self.take_while(8, hex_digit), 8).filter(|&point| point <= u32::from(char::MAX)),
            // Names of characters take a table of half a megabyte. Where Python would match by one, failing is better
            // than passing over the pattern as a faulty one.
            'N' if !self.take_while(1, |c| c == '{').is_empty() => {
                return Err(Stop::Limit(r"\N{...} is not supported; write the character itself, or \uXXXX"));
            }
            '0' => return octal_value(&("0".to_owned() + &self.take_while(2, |c| ('0'..='7').contains(&c)))),
            c if c.is_ascii_alphanumeric() => None,
            c => Some(u32::from(c)),
        };
        point.ok_or_else(|| format!("bad escape \\{c}").into())
    }

    /// A bracketed set, after its opening bracket.
    pub(super) fn set(&mut self, flags: Flags) -> Read<Node> {
        let negated = self.eat('^');
        let mut items: Vec<Item> = Vec::new();
        let unterminated = "unterminated character set";
        loop {
            let token = self.next().ok_or(unterminated)?;
            if token == Token::Char(']') && !items.is_empty() {
                break;
            }
            let item = self.set_item(token, flags)?;
            if !self.eat('-') {
                items.push(item);
                continue;
            }
            let token = self.next().ok_or(unterminated)?;
            if token == Token::Char(']') {
                items.extend([item, Item::Char(u32::from('-'))]);
                break;
            }
            match (item, self.set_item(token, flags)?) {
                (Item::Char(first), Item::Char(last)) if first <= last => items.push(Item::Range(first, last)),
                _ => return Err("bad character range".into()),
            }
        }
        let fold = flags.fold();
        // A set of one character is that character to Python, with the fuller idea of ignoring case.
        let set = match items.as_slice() {
            [Item::Char(c), rest @ ..] if rest.iter().all(|item| item == &items[0]) => {
                let set = CharSet::of_char(*c, fold);
                if negated { set.negated() } else { set }
            }
            _ => CharSet::of_items(&items, negated, fold),
        };
        Ok(Node::Set(Arc::new(set)))
    }

    fn set_item(&mut self, token: Token, flags: Flags) -> Read<Item> {
        let c = match token {
            Token::Char(c) => return Ok(Item::Char(code_point(c))),
            Token::Escaped(c) => c,
        };
        if let Some(item) = category(c, flags) {
            return Ok(item);
        }
        Ok(Item::Char(match c {
            'b' => 8,
            '1'..='7' => octal_value(&(c.to_string() + &self.take_while(2, |c| ('0'..='7').contains(&c))))?,
            _ => self.escaped_char(c)?,
        }))
    }
}

fn category(c: char, flags: Flags) -> Option<Item> {
    let category = match c.to_ascii_lowercase() {
        'd' => Category::Digit,
        's' => Category::Space,
        'w' => Category::Word,
        _ => return None,
    };
    Some(Item::Category { category, negated: c.is_ascii_uppercase(), ascii: flags.ascii })
}

fn octal_value(digits: &str) -> Read<u32> {
    match u32::from_str_radix(digits, 8) {
        Ok(point) if point <= 0o377 => Ok(point),
        _ => Err("octal escape value outside of range 0-0o377".into()),
    }
}
