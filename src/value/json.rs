//! Reading JSON the way Python's `json` module does: `NaN`, `Infinity`, integers of any size, lone surrogates,
//! duplicate keys (the last wins), control characters refused inside strings.

use super::scan::Stops;
use super::{Key, Map, Value, surrogate};
use std::borrow::Cow;

/// Containers nested deeper than this are refused (Python's reader gives up near its recursion limit).
const MAX_DEPTH: usize = 980;
/// Whole numbers of more digits than this are refused, as by Python.
const MAX_INT_DIGITS: usize = 4300;

/// What a run of plain characters in a string ends at.
const RUN_ENDS: Stops<2> = Stops { bytes: [b'"', b'\\'], below: 0x20 };

/// What is wrong with a JSON text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonError {
    /// What was found and what was expected.
    pub message: String,
    /// Byte offset from the start of the text.
    pub offset: usize,
    /// 1-based line.
    pub line: usize,
    /// 1-based column in characters.
    pub column: usize,
    /// Whether the text was given up for its nesting rather than found wrong.
    pub too_deep: bool,
}

/// Parses one JSON document; blanks around it are allowed.
///
/// # Errors
/// [`JsonError`] at the first place that is not JSON.
pub fn parse_json(text: &str) -> Result<Value, JsonError> {
    let mut reader = JsonReader::new(text);
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// As [`parse_json`], for texts under evaluation: `max_depth` nested containers are read. Where the reference gives up
/// depends on how deep in its own calls it reads.
///
/// # Errors
/// [`JsonError`] at the first place that is not JSON, or is nested too deep.
pub fn parse_json_within(text: &str, max_depth: usize) -> Result<Value, JsonError> {
    let mut reader = JsonReader { max_depth, ..JsonReader::new(text) };
    let value = reader.value()?;
    reader.end()?;
    Ok(value)
}

/// Parses one JSON document from bytes, which must be UTF-8 (a byte-order mark is skipped).
///
/// # Errors
/// [`JsonError`] at the first place that is not UTF-8 or not JSON.
pub fn parse_json_bytes(bytes: &[u8]) -> Result<Value, JsonError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => parse_json(text),
        Err(e) => {
            let valid = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
            Err(JsonReader { at: valid.len(), ..JsonReader::new(valid) }.error("invalid UTF-8"))
        }
    }
}

/// A pull reader over a JSON text: whole values, or object by object with borrowed strings and skipped values.
#[derive(Debug)]
pub struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
}

impl<'a> JsonReader<'a> {
    /// A reader at the start of `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        JsonReader { text, at: 0, depth: 0, max_depth: MAX_DEPTH }
    }

    /// Byte offset of the next unread character.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.at
    }

    /// An error at the current place.
    #[must_use]
    pub fn error(&self, message: impl Into<String>) -> JsonError {
        self.error_at(self.at, message)
    }

    /// An error at byte `offset`.
    #[must_use]
    pub fn error_at(&self, offset: usize, message: impl Into<String>) -> JsonError {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        JsonError {
            message: message.into(),
            offset,
            line: memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1,
            column: before[line_start..].chars().count() + 1,
            too_deep: false,
        }
    }

    fn peek_raw(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek_raw() {
            self.at += 1;
        }
    }

    /// The first byte of the next value or mark, after blanks; `None` at the end of the text.
    pub fn peek(&mut self) -> Option<u8> {
        self.skip_blanks();
        self.peek_raw()
    }

    fn found(&self) -> String {
        match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some(c) => format!("{c:?}"),
        }
    }

    fn expect(&mut self, mark: u8, what: &str) -> Result<(), JsonError> {
        if self.peek() == Some(mark) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.error(format!("expected {what}, found {}", self.found())))
        }
    }

    /// Succeeds only if nothing but blanks is left.
    ///
    /// # Errors
    /// When something follows the document.
    pub fn end(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error(format!("expected the end of the text, found {}", self.found()))),
        }
    }

    /// Reads the next value whole.
    ///
    /// # Errors
    /// When the text is not JSON here.
    pub fn value(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'{') => {
                let mut map = Map::new();
                self.object(|reader, key| {
                    let value = reader.value()?;
                    map.insert(Key::Str(key.into()), value);
                    Ok(())
                })?;
                Ok(Value::Map(map))
            }
            Some(b'[') => {
                let mut list = Vec::new();
                self.array(|reader| {
                    list.push(reader.value()?);
                    Ok(())
                })?;
                Ok(Value::List(list))
            }
            Some(b'"') => Ok(Value::Str(self.string()?.into_owned())),
            _ => self.scalar(),
        }
    }

    /// Reads an object, calling `entry` at each value, which it must consume. Keys are given decoded.
    ///
    /// # Errors
    /// When the next value is no object, or what `entry` returns.
    pub fn object(
        &mut self,
        mut entry: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), JsonError>,
    ) -> Result<(), JsonError> {
        self.expect(b'{', "'{'")?;
        self.enter()?;
        if self.peek() == Some(b'}') {
            self.at += 1;
        } else {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(self.error(format!("expected a key in double quotes, found {}", self.found())));
                }
                let key = self.string()?;
                self.expect(b':', "':' after the key")?;
                entry(self, key)?;
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b'}') => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(self.error(format!("expected ',' or '}}', found {}", self.found()))),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads an array, calling `item` at each value, which it must consume.
    ///
    /// # Errors
    /// When the next value is no array, or what `item` returns.
    pub fn array(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), JsonError>) -> Result<(), JsonError> {
        self.expect(b'[', "'['")?;
        self.enter()?;
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                item(self)?;
                match self.peek() {
                    Some(b',') => self.at += 1,
                    Some(b']') => {
                        self.at += 1;
                        break;
                    }
                    _ => return Err(self.error(format!("expected ',' or ']', found {}", self.found()))),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn enter(&mut self) -> Result<(), JsonError> {
        self.depth += 1;
        if self.depth > self.max_depth {
            let error = self.error(format!("more than {} nested arrays or objects", self.max_depth));
            return Err(JsonError { too_deep: true, ..error });
        }
        Ok(())
    }

    /// Skips the next value and returns its text.
    ///
    /// # Errors
    /// When the text is not JSON here.
    pub fn skip(&mut self) -> Result<&'a str, JsonError> {
        self.skip_blanks();
        let start = self.at;
        match self.peek_raw() {
            Some(b'{') => self.object(|reader, _| reader.skip().map(drop))?,
            Some(b'[') => self.array(|reader| reader.skip().map(drop))?,
            Some(b'"') => self.skip_string()?,
            _ => drop(self.scalar()?),
        }
        Ok(&self.text[start..self.at])
    }

    /// Reads a string; borrowed where it has no escapes.
    ///
    /// # Errors
    /// When the next value is no string, or it is not closed, or holds a control character or a bad escape.
    pub fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        self.at += RUN_ENDS.run_length(&self.text.as_bytes()[start..]);
        if self.peek_raw() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        self.escaped_string(start).map(Cow::Owned)
    }

    /// Checks a string and passes it without decoding.
    fn skip_string(&mut self) -> Result<(), JsonError> {
        self.expect(b'"', "a string")?;
        let start = self.at;
        loop {
            self.at += RUN_ENDS.run_length(&self.text.as_bytes()[self.at..]);
            if self.string_goes_on(start)? {
                self.escape()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Whether an escape comes next in the string that began before `start`; else its end was passed.
    fn string_goes_on(&mut self, start: usize) -> Result<bool, JsonError> {
        match self.peek_raw() {
            None => Err(self.error_at(start - 1, "a string that starts here is not closed")),
            Some(b'"') => {
                self.at += 1;
                Ok(false)
            }
            Some(b'\\') => Ok(true),
            Some(_) => Err(self.error("a control character inside a string must be escaped")),
        }
    }

    /// The rest of a string that has escapes; `start` is where its text begins, `self.at` the first backslash.
    fn escaped_string(&mut self, start: usize) -> Result<String, JsonError> {
        let bytes = self.text.as_bytes();
        let mut out = String::with_capacity(self.at - start + 64);
        let mut run = start;
        loop {
            out.push_str(&self.text[run..self.at]);
            if !self.string_goes_on(start)? {
                return Ok(out);
            }
            out.push(self.escape()?);
            run = self.at;
            self.at += RUN_ENDS.run_length(&bytes[run..]);
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let Some(kind) = self.peek_raw() else {
            return Err(self.error_at(start, "a string that is not closed ends in a backslash"));
        };
        self.at += 1;
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit(start)?;
                self.pair(unit)
            }
            _ => return Err(self.error_at(start, "unknown escape in a string (write \\\\ for a backslash)")),
        })
    }

    fn unit(&mut self, start: usize) -> Result<u16, JsonError> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        match digits {
            Some(d) if d.iter().all(u8::is_ascii_hexdigit) => {
                self.at += 4;
                let value = d.iter().fold(0u16, |v, &b| v << 4 | u16::from(hex_value(b)));
                Ok(value)
            }
            _ => Err(self.error_at(start, "\\u must be followed by four hexadecimal digits")),
        }
    }

    /// The character of a `\u` unit, taking the low half that follows when `unit` is a high surrogate.
    fn pair(&mut self, unit: u16) -> char {
        let rest = &self.text.as_bytes()[self.at..];
        if (0xD800..0xDC00).contains(&unit)
            && rest.starts_with(b"\\u")
            && let Some(digits) = rest.get(2..6).filter(|d| d.iter().all(u8::is_ascii_hexdigit))
        {
            let low = digits.iter().fold(0u16, |v, &b| v << 4 | u16::from(hex_value(b)));
            if (0xDC00..0xE000).contains(&low) {
                self.at += 6;
                let c = 0x10000 + ((u32::from(unit) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
                return char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
            }
        }
        char::from_u32(u32::from(unit)).unwrap_or_else(|| surrogate::stand_in(unit))
    }

    fn scalar(&mut self) -> Result<Value, JsonError> {
        let rest = &self.text[self.at..];
        for (word, value) in [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let rest = &self.text.as_bytes()[self.at..];
        let sign = usize::from(rest.first() == Some(&b'-'));
        let digits = |from: usize| rest[from.min(rest.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        let whole = match rest.get(sign) {
            Some(b'0') => 1,
            _ => digits(sign),
        };
        if whole == 0 {
            return Err(self.error(format!("expected a value, found {}", self.found())));
        }
        let mut end = sign + whole;
        let mut integral = true;
        if rest.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
            integral = false;
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let exp_sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let n = digits(end + 1 + exp_sign);
            if n > 0 {
                end += 1 + exp_sign + n;
                integral = false;
            }
        }
        let text = &self.text[self.at..self.at + end];
        self.at += end;
        if !integral {
            return text.parse().map(Value::Float).map_err(|_| self.error("unreadable number"));
        }
        if whole > MAX_INT_DIGITS {
            return Err(self.error(format!("a whole number of more than {MAX_INT_DIGITS} digits")));
        }
        Ok(match text.parse::<i64>() {
            Ok(i) => Value::Int(i),
            Err(_) => Value::BigInt(text.into()),
        })
    }
}

fn hex_value(b: u8) -> u8 {
    match b {
        b'0'..=b'9' => b - b'0',
        _ => (b | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_number_forms_are_kept_apart() {
        assert_eq!(parse_json("[1, 1.0, -0, 1E2]").unwrap().as_list().unwrap().len(), 4);
        assert_eq!(parse_json("1").unwrap(), Value::Int(1));
        assert_eq!(parse_json("1.0").unwrap(), Value::Float(1.0));
        assert_eq!(parse_json("-0").unwrap(), Value::Int(0));
        assert_eq!(parse_json("12345678901234567890123").unwrap(), Value::BigInt("12345678901234567890123".into()));
        assert_eq!(parse_json("1e400").unwrap(), Value::Float(f64::INFINITY));
        assert!(matches!(parse_json(" NaN ").unwrap(), Value::Float(f) if f.is_nan()));
    }

    #[test]
    fn lone_surrogates_survive_and_pairs_join() {
        let Value::Str(s) = parse_json(r#""\ud83d\ude00\ud800x""#).unwrap() else { panic!() };
        let mut chars = s.chars();
        assert_eq!(chars.next(), Some('\u{1F600}'));
        assert_eq!(chars.next().and_then(surrogate::original), Some(0xD800));
        assert_eq!(chars.next(), Some('x'));
    }

    #[test]
    fn errors_say_where_and_what() {
        let e = parse_json("{\"a\": 1,\n \"b\" 2}").unwrap_err();
        assert_eq!((e.line, e.column), (2, 6));
        assert!(e.message.contains("':'"), "{e}");
        assert!(parse_json("[1,]").is_err());
        assert!(parse_json("01").is_err());
        assert!(parse_json("\"a\nb\"").is_err());
        assert!(parse_json(&"[".repeat(5000)).unwrap_err().too_deep);
        assert!(!parse_json(&"[".repeat(980)).unwrap_err().too_deep);
        assert!(parse_json_within(&format!("{}{}", "[".repeat(990), "]".repeat(990)), 990).is_ok());
        assert!(parse_json(&"9".repeat(4300)).is_ok() && parse_json(&"9".repeat(4301)).is_err());
    }

    #[test]
    fn duplicate_keys_keep_the_last_value() {
        assert_eq!(parse_json(r#"{"a":1,"a":2}"#).unwrap().get("a"), Some(&Value::Int(2)));
    }
}
