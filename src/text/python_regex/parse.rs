//! Reading Python 3.11's `re` syntax: what its compiler accepts is accepted, what it refuses is refused.

use super::PythonRegexError;
use super::ast::{At, Kind, Node, UNBOUNDED, Width};
use super::charset::{CharSet, Fold};
use std::collections::HashMap;
use std::sync::Arc;

/// Groups nested deeper than this make Python give up as well (its own limit is that of its call stack).
const MAX_DEPTH: usize = 480;

/// A parsed pattern.
#[derive(Debug)]
pub(super) struct Parsed {
    pub node: Node,
    /// Number of groups, the whole match included.
    pub groups: usize,
    pub names: HashMap<String, usize>,
    pub widths: Vec<Option<Width>>,
}

/// Parses a pattern.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Parsed, PythonRegexError> {
    let refused = |message: String, syntax| PythonRegexError { message, syntax };
    let tokens = tokenize(pattern).map_err(|message| refused(message, true))?;
    let flags = Flags { ignore_case, ..Flags::default() };
    match Parser::new(&tokens, flags).whole() {
        // Python learns of `(?x)` while it reads, and then starts again.
        Err(Stop::Verbose) => Parser::new(&tokens, Flags { verbose: true, ..flags }).whole(),
        other => other,
    }
    .map_err(|stop| match stop {
        Stop::Error(message) => refused(message, true),
        Stop::Limit(message) => refused(message.to_owned(), false),
        // The second reading is verbose from the start.
        Stop::Verbose => refused("verbose twice".to_owned(), true),
    })
}

/// A character or an escaped one, the pair that a backslash makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Char(char),
    Escaped(char),
}

fn tokenize(pattern: &str) -> Result<Vec<Token>, String> {
    let mut chars = pattern.chars();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        tokens.push(match c {
            '\\' => Token::Escaped(chars.next().ok_or("bad escape (end of pattern)")?),
            _ => Token::Char(c),
        });
    }
    Ok(tokens)
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    ignore_case: bool,
    multi_line: bool,
    dot_all: bool,
    verbose: bool,
    pub ascii: bool,
    /// `u` was written; with `a` in the same place it is refused.
    unicode: bool,
}

impl Flags {
    pub(super) fn fold(self) -> Fold {
        match (self.ignore_case, self.ascii) {
            (false, _) => Fold::Exact,
            (true, true) => Fold::Ascii,
            (true, false) => Fold::Unicode,
        }
    }
}

/// Why parsing ended early.
pub(super) enum Stop {
    Error(String),
    /// Not the pattern's grammar but its size, or what we do not offer, is the trouble.
    Limit(&'static str),
    /// A global verbose flag was met in a pattern read as not verbose.
    Verbose,
}

impl From<&str> for Stop {
    fn from(message: &str) -> Self {
        Stop::Error(message.to_owned())
    }
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Stop::Error(message)
    }
}

pub(super) type Read<T> = Result<T, Stop>;

/// What a sequence ends in, as a quantifier sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Place,
    Repeat,
    Other,
}

pub(super) struct Parser<'p> {
    tokens: &'p [Token],
    at: usize,
    flags: Flags,
    pub widths: Vec<Option<Width>>,
    names: HashMap<String, usize>,
    /// The number of groups when the outermost lookbehind began.
    lookbehind_groups: Option<usize>,
    /// The highest group that a condition asks for.
    asked: usize,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn new(tokens: &'p [Token], flags: Flags) -> Self {
        Parser {
            tokens,
            at: 0,
            flags,
            widths: vec![None],
            names: HashMap::new(),
            lookbehind_groups: None,
            asked: 0,
            depth: 0,
        }
    }

    fn whole(mut self) -> Read<Parsed> {
        let node = self.alternatives(self.flags, true)?;
        if self.peek().is_some() {
            return Err("unbalanced parenthesis".into());
        }
        if self.flags.ascii && self.flags.unicode {
            return Err("ASCII and UNICODE flags are incompatible".into());
        }
        if self.asked >= self.widths.len() {
            return Err("invalid group reference".into());
        }
        Ok(Parsed { node, groups: self.widths.len(), names: self.names, widths: self.widths })
    }

    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    pub(super) fn eat(&mut self, c: char) -> bool {
        let eaten = self.peek() == Some(Token::Char(c));
        self.at += usize::from(eaten);
        eaten
    }

    /// Up to `max` characters that `accepts`.
    pub(super) fn take_while(&mut self, max: usize, accepts: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while taken.len() < max
            && let Some(Token::Char(c)) = self.peek()
            && accepts(c)
        {
            taken.push(c);
            self.at += 1;
        }
        taken
    }

    fn alternatives(&mut self, flags: Flags, top: bool) -> Read<Node> {
        let mut flags = flags;
        let mut branches = vec![self.sequence(&mut flags, top)?];
        while self.eat('|') {
            branches.push(self.sequence(&mut flags, false)?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternate(branches) })
    }

    /// One alternative. Where `first`, global flags may stand at its beginning; they change `flags`.
    fn sequence(&mut self, flags: &mut Flags, first: bool) -> Read<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut last = Last::Nothing;
        while let Some(token) = self.peek() {
            if matches!(token, Token::Char('|' | ')')) {
                break;
            }
            self.at += 1;
            let c = match token {
                Token::Escaped(c) => {
                    let node = self.escape(c, *flags)?;
                    last = if matches!(node, Node::At(_)) { Last::Place } else { Last::Other };
                    nodes.push(node);
                    continue;
                }
                Token::Char(c) => c,
            };
            if flags.verbose {
                if " \t\n\r\x0B\x0C".contains(c) {
                    continue;
                }
                if c == '#' {
                    while !matches!(self.next(), None | Some(Token::Char('\n'))) {}
                    continue;
                }
            }
            match c {
                '*' | '+' | '?' | '{' => match self.bounds(c)? {
                    None => {
                        nodes.push(literal(c, flags.fold()));
                        last = Last::Other;
                    }
                    Some((min, max)) => {
                        match last {
                            Last::Nothing | Last::Place => return Err("nothing to repeat".into()),
                            Last::Repeat => return Err("multiple repeat".into()),
                            Last::Other => {}
                        }
                        let kind = if self.eat('?') {
                            Kind::Lazy
                        } else if self.eat('+') {
                            Kind::Possessive
                        } else {
                            Kind::Greedy
                        };
                        // `last` is `Other`: there is a node to repeat.
                        let node = nodes.pop().map_or_else(|| Box::new(Node::Concat(Vec::new())), Box::new);
                        nodes.push(Node::Repeat { node, min, max, kind });
                        last = Last::Repeat;
                    }
                },
                '(' => {
                    if let Some(node) = self.group(flags, first && nodes.is_empty())? {
                        nodes.push(node);
                        last = Last::Other;
                    }
                }
                _ => {
                    let node = match c {
                        '[' => self.set(*flags)?,
                        '.' => Node::Set(Arc::new(CharSet::any(flags.dot_all))),
                        '^' => Node::At(if flags.multi_line { At::LineStart } else { At::Start }),
                        '$' => Node::At(if flags.multi_line { At::LineEnd } else { At::End }),
                        _ => literal(c, flags.fold()),
                    };
                    last = if matches!(node, Node::At(_)) { Last::Place } else { Last::Other };
                    nodes.push(node);
                }
            }
        }
        Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::Concat(nodes) })
    }

    /// The bounds of the quantifier that begins with `c`; `None` for a `{` that is just a brace.
    fn bounds(&mut self, c: char) -> Read<Option<(u32, u32)>> {
        match c {
            '*' => return Ok(Some((0, UNBOUNDED))),
            '+' => return Ok(Some((1, UNBOUNDED))),
            '?' => return Ok(Some((0, 1))),
            _ => {}
        }
        if self.peek() == Some(Token::Char('}')) {
            return Ok(None);
        }
        let back = self.at;
        let low = self.take_while(usize::MAX, |c| c.is_ascii_digit());
        let high = if self.eat(',') { self.take_while(usize::MAX, |c| c.is_ascii_digit()) } else { low.clone() };
        if !self.eat('}') {
            self.at = back;
            return Ok(None);
        }
        let number = |digits: &str, absent: u32| match digits.parse::<u32>() {
            _ if digits.is_empty() => Ok(absent),
            Ok(n) if n < UNBOUNDED => Ok(n),
            _ => Err(Stop::Limit("the repetition number is too large")),
        };
        let (min, max) = (number(&low, 0)?, number(&high, UNBOUNDED)?);
        if max < min {
            return Err("min repeat greater than max repeat".into());
        }
        Ok(Some((min, max)))
    }

    /// What follows a `(`. `None` for a comment and for global flags, which may stand only where `first`.
    fn group(&mut self, flags: &mut Flags, first: bool) -> Read<Option<Node>> {
        if !self.eat('?') {
            return self.capture(None, *flags).map(Some);
        }
        let Some(token) = self.next() else { return Err("unexpected end of pattern".into()) };
        let Token::Char(c) = token else { return Err("unknown extension".into()) };
        match c {
            'P' if self.eat('<') => {
                let name = self.name('>')?;
                self.capture(Some(name), *flags).map(Some)
            }
            'P' if self.eat('=') => {
                let name = self.name(')')?;
                let group = *self.names.get(&name).ok_or_else(|| format!("unknown group name {name:?}"))?;
                self.backref(group, *flags).map(Some)
            }
            ':' => self.body(*flags).map(Some),
            '#' => loop {
                match self.next() {
                    None => return Err("missing ), unterminated comment".into()),
                    Some(Token::Char(')')) => return Ok(None),
                    Some(_) => {}
                }
            },
            '=' | '!' => {
                let node = Box::new(self.body(*flags)?);
                Ok(Some(Node::Look { behind: None, negated: c == '!', node }))
            }
            '<' => match self.next() {
                Some(Token::Char(c @ ('=' | '!'))) => self.lookbehind(c == '!', *flags).map(Some),
                _ => Err("unknown extension ?<".into()),
            },
            '(' => self.condition(*flags).map(Some),
            '>' => Ok(Some(Node::Atomic(Box::new(self.body(*flags)?)))),
            'a' | 'i' | 'L' | 'm' | 's' | 't' | 'u' | 'x' | '-' => self.flag_group(c, flags, first),
            _ => Err(format!("unknown extension ?{c}").into()),
        }
    }

    /// Alternatives up to the closing parenthesis.
    fn body(&mut self, flags: Flags) -> Read<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::Limit("too deeply nested"));
        }
        let node = self.alternatives(flags, false)?;
        self.depth -= 1;
        if self.eat(')') { Ok(node) } else { Err("missing ), unterminated subpattern".into()) }
    }

    fn capture(&mut self, name: Option<String>, flags: Flags) -> Read<Node> {
        let index = self.widths.len();
        self.widths.push(None);
        if let Some(name) = name
            && self.names.insert(name.clone(), index).is_some()
        {
            return Err(format!("redefinition of group name {name:?}").into());
        }
        let node = self.body(flags)?;
        self.widths[index] = Some(node.width(&self.widths));
        Ok(Node::Group { index, node: Box::new(node) })
    }

    fn name(&mut self, end: char) -> Read<String> {
        let mut name = String::new();
        loop {
            match self.next() {
                None => return Err(format!("missing {end}, unterminated name").into()),
                Some(Token::Char(c)) if c == end => break,
                Some(Token::Char(c)) => name.push(c),
                Some(Token::Escaped(c)) => name.extend(['\\', c]),
            }
        }
        if is_identifier(&name) { Ok(name) } else { Err(format!("bad group name {name:?}").into()) }
    }

    pub(super) fn backref(&mut self, group: usize, flags: Flags) -> Read<Node> {
        if self.widths.get(group).copied().flatten().is_none() {
            return Err("cannot refer to an open group".into());
        }
        self.check_lookbehind(group)?;
        Ok(Node::Backref { group, fold: flags.fold() })
    }

    fn check_lookbehind(&self, group: usize) -> Read<()> {
        let Some(groups) = self.lookbehind_groups else { return Ok(()) };
        if self.widths.get(group).copied().flatten().is_none() {
            return Err("cannot refer to an open group".into());
        }
        if group >= groups {
            return Err("cannot refer to group defined in the same lookbehind subpattern".into());
        }
        Ok(())
    }

    fn lookbehind(&mut self, negated: bool, flags: Flags) -> Read<Node> {
        let outer = self.lookbehind_groups;
        self.lookbehind_groups = outer.or(Some(self.widths.len()));
        let node = self.body(flags)?;
        self.lookbehind_groups = outer;
        let width = node.width(&self.widths);
        if width.least != width.most {
            return Err("look-behind requires fixed-width pattern".into());
        }
        let behind = usize::try_from(width.least).map_err(|_| "looks too much behind")?;
        Ok(Node::Look { behind: Some(behind), negated, node: Box::new(node) })
    }

    fn condition(&mut self, flags: Flags) -> Read<Node> {
        let mut name = String::new();
        loop {
            match self.next() {
                None => return Err("missing ), unterminated name".into()),
                Some(Token::Char(')')) => break,
                Some(Token::Char(c)) => name.push(c),
                Some(Token::Escaped(c)) => name.extend(['\\', c]),
            }
        }
        let group = if is_identifier(&name) {
            *self.names.get(&name).ok_or_else(|| format!("unknown group name {name:?}"))?
        } else {
            // Python's int(): blanks around it, a plus sign and single underscores between digits are fine.
            let digits = name.trim_matches(crate::text::chars::is_space);
            let digits = digits.strip_prefix('+').unwrap_or(digits);
            let sound = !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__");
            let number: Option<usize> = digits.replace('_', "").parse().ok().filter(|_| sound);
            let number = number.ok_or_else(|| format!("bad character in group name {name:?}"))?;
            if number == 0 {
                return Err("bad group number".into());
            }
            self.asked = self.asked.max(number);
            number
        };
        self.check_lookbehind(group)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::Limit("too deeply nested"));
        }
        let mut inner = flags;
        let yes = Box::new(self.sequence(&mut inner, false)?);
        let no = if self.eat('|') { self.sequence(&mut inner, false)? } else { Node::Concat(Vec::new()) };
        self.depth -= 1;
        if self.peek() == Some(Token::Char('|')) {
            return Err("conditional backref with more than two branches".into());
        }
        if !self.eat(')') {
            return Err("missing ), unterminated subpattern".into());
        }
        Ok(Node::Condition { group, yes, no: Box::new(no) })
    }

    /// `(?flags)`, `(?flags:...)` and `(?flags-flags:...)` from their first character.
    fn flag_group(&mut self, first_flag: char, flags: &mut Flags, first: bool) -> Read<Option<Node>> {
        let mut inner = *flags;
        let (mut added, mut removed) = (String::new(), String::new());
        let mut c = first_flag;
        while c != '-' && c != ':' && c != ')' {
            if !"aiLmstux".contains(c) {
                return Err("unknown flag".into());
            }
            if c == 'L' {
                return Err("bad inline flags: cannot use 'L' flag with a str pattern".into());
            }
            added.push(c);
            if added.contains('a') && added.contains('u') {
                return Err("bad inline flags: flags 'a', 'u' and 'L' are incompatible".into());
            }
            c = self.flag_char()?;
        }
        if c == ')' {
            if !first {
                return Err("global flags not at the start of the expression".into());
            }
            set_flags(flags, &added, true);
            self.flags = *flags;
            if added.contains('x') && !inner.verbose {
                return Err(Stop::Verbose);
            }
            return Ok(None);
        }
        // `t` once had a meaning and is still let through, for the whole pattern only.
        if added.contains('t') {
            return Err("bad inline flags: cannot turn on global flag".into());
        }
        if c == '-' {
            c = self.flag_char()?;
            if c == ':' {
                return Err("missing flag".into());
            }
            while c != ':' {
                if !"imsx".contains(c) {
                    return Err("bad inline flags: unknown, or cannot be turned off".into());
                }
                removed.push(c);
                c = self.flag_char()?;
            }
        }
        if added.chars().any(|c| removed.contains(c)) {
            return Err("bad inline flags: flag turned on and off".into());
        }
        if added.contains(['a', 'u']) {
            inner.ascii = false;
        }
        set_flags(&mut inner, &added, true);
        set_flags(&mut inner, &removed, false);
        self.body(inner).map(Some)
    }

    fn flag_char(&mut self) -> Read<char> {
        match self.next() {
            Some(Token::Char(c)) => Ok(c),
            _ => Err("missing -, : or )".into()),
        }
    }
}

fn literal(c: char, fold: Fold) -> Node {
    Node::Set(Arc::new(CharSet::of_char(code_point(c), fold)))
}

/// The code point that Python sees: a stand-in is the lone surrogate that it stands for.
pub(super) fn code_point(c: char) -> u32 {
    crate::value::surrogate::original(c).map_or(u32::from(c), u32::from)
}

fn set_flags(flags: &mut Flags, letters: &str, on: bool) {
    for letter in letters.chars() {
        match letter {
            'a' => flags.ascii = on,
            'i' => flags.ignore_case = on,
            'm' => flags.multi_line = on,
            's' => flags.dot_all = on,
            'u' => flags.unicode = on,
            'x' => flags.verbose = on,
            _ => {}
        }
    }
}

/// Python's `str.isidentifier`, for all names that are likely.
fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && chars.all(|c| c == '_' || c.is_alphanumeric() || regex_syntax::is_word_character(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_refuses_is_refused() {
        for pattern in [
            "*",
            "a**",
            "^*",
            r"\b+",
            "(",
            ")",
            "(?",
            "(?<n>a)",
            "(?Pn)",
            "[",
            "[]",
            "[z-a]",
            r"[\d-z]",
            r"\p{L}",
            r"\z",
            r"\q",
            r"[\q]",
            r"\8",
            r"(a\1)",
            r"\1",
            r"\x1",
            r"\u12",
            "(?P<1>a)",
            "(?P<n>a)(?P<n>b)",
            "(?P=n)",
            "a(?i)",
            "(?i-i:a)",
            "(?L)",
            "(?au)",
            "(?-a:x)",
            "(?<=a+)",
            r"(?<=(a)\1)",
            "(?(1)a|b|c)",
            "(?(2)a)(b)",
            "a{3,2}",
            "a{4294967295}",
            "\\",
            r"\400",
            r"[\8]",
            "(?i",
            "(?y)",
            "(?#",
            "(?(0)a)",
        ] {
            assert!(parse(pattern, true).is_err(), "{pattern}");
        }
    }

    #[test]
    fn what_python_accepts_is_accepted() {
        for pattern in [
            "",
            "a{",
            "a{,3}",
            "a{,}",
            "{}",
            "{1",
            "x{1,2",
            "a{2}{",
            "[]a]",
            "[^]a]",
            "[[:alpha:]]",
            "[a-]",
            r"[\]]",
            "(?P<n>a)(?P=n)",
            "(?:a*)*",
            "(?=a)*",
            "(?i)(?m)a",
            "(?x) a # b",
            "(?a:é)",
            "(?i-s:a)",
            r"(a)\1{2}",
            "(?<=ab|cd)e",
            "(a)?(?(1)b|c)",
            "(?P<a>x)?(?(a)b)",
            "a*+b",
            "(?>a)",
            r"\-\_\é",
            r"\0\07\101",
            "|",
            "()",
            "(?:)*",
            "a(?#c)*",
            r"(?<=\b)a",
            "(?(1)a)(b)",
            "é{2}+",
        ] {
            assert!(parse(pattern, true).is_ok(), "{pattern}: {:?}", parse(pattern, true).err());
        }
    }
}
