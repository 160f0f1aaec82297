//! Personal data whose form is easier walked through than written as a pattern: e-mail addresses, phone and card
//! numbers, social security numbers. All in one pass over the text.

use crate::blocks::{BLOCK, bits, each_block};
use crate::text::fold::{BLANK, DIGIT, is_blank};
use crate::text::runs::long_runs;
use crate::text::token::AsciiSet;
use crate::text::{ByteSpan, CharSpan, Text, byte_table, chars, checksums};
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use std::ops::Range;
use std::sync::OnceLock;

const LOCAL: AsciiSet = AsciiSet::ALNUM.with(b"._%+-");
const DOMAIN: AsciiSet = AsciiSet::ALNUM.with(b".-");
const LETTER: AsciiSet = AsciiSet::UPPER.or(AsciiSet::LOWER);
const UPI: AsciiSet = AsciiSet::ALNUM.with(b"._-");

// In the folded view, where capitals stand for what is not ASCII.
const NAME: AsciiSet = AsciiSet::LOWER.or(AsciiSet::DIGIT).with(b"_");
const HOST: AsciiSet = AsciiSet::LOWER.or(AsciiSet::DIGIT).with(b".-");

/// The maximal runs of at least `min` members that may hold a match, each with the byte behind it.
fn runs(bytes: &[u8], min: usize, member: impl Fn(u8) -> bool, may_hold: impl Fn(&[u8]) -> bool) -> Vec<Range<usize>> {
    let runs = long_runs(bytes, min, member).filter(|run| may_hold(&bytes[run.clone()]));
    runs.map(|run| run.start..bytes.len().min(run.end + 1)).collect()
}

/// As [`runs`], of those that have the mark, which is rarer than members.
fn runs_around(
    bytes: &[u8],
    mark: u8,
    member: impl Fn(u8) -> bool,
    may_hold: impl Fn(&[u8]) -> bool,
) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    let mut from = 0;
    for at in memchr::memchr_iter(mark, bytes) {
        if at < from {
            continue;
        }
        let before = bytes[from..at].iter().rev().take_while(|&&b| member(b)).count();
        let run = at - before..at + bytes[at..].iter().take_while(|&&b| member(b)).count();
        from = run.end;
        if may_hold(&bytes[run.clone()]) {
            places.push(run.start..bytes.len().min(run.end + 1));
        }
    }
    places
}

/// Whether the bytes have so many of this one.
fn has_many(bytes: &[u8], byte: u8, many: usize) -> bool {
    memchr::memchr_iter(byte, bytes).nth(many - 1).is_some()
}

/// Where IPv4 addresses may be: three dots among digits, seven characters and more.
pub(super) fn ipv4_places(text: &Text<'_>) -> Vec<Range<usize>> {
    let member = |b: u8| b.is_ascii_digit() || b == b'.';
    runs_around(text.folded(), b'.', member, |run| run.len() >= 7 && has_many(run, b'.', 3))
}

/// Where IPv6 addresses may be: seven colons, or two together.
pub(super) fn ipv6_places(text: &Text<'_>) -> Vec<Range<usize>> {
    if !text.shape().has(b':') {
        return Vec::new();
    }
    let member = |b: u8| is_hex(b) || b == b':';
    runs_around(text.folded(), b':', member, |run| memchr::memmem::find(run, b"::").is_some() || has_many(run, b':', 7))
}

/// Where hardware addresses may be: five colons or hyphens, or two dots with four characters between them.
pub(super) fn mac_places(text: &Text<'_>) -> Vec<Range<usize>> {
    let dots_apart = |bytes: &[u8]| {
        let (mut before, mut apart) = (0, 0);
        each_block(bytes, |_, block| {
            let dots = bits(|at| block[at] == b'.');
            apart |= dots & (dots << 5 | before >> (BLOCK - 5));
            before = dots;
        });
        apart != 0
    };
    let has_marks = |bytes: &[u8]| memchr::memchr2_iter(b':', b'-', bytes).nth(4).is_some() || dots_apart(bytes);
    let folded = text.folded();
    if !has_marks(folded) {
        return Vec::new();
    }
    runs(folded, 14, |b| is_hex(b) || matches!(b, b':' | b'-' | b'.'), has_marks)
}

/// Where device numbers may be: fifteen digits with nothing but hyphens among them.
pub(super) fn imei_places(text: &Text<'_>) -> Vec<Range<usize>> {
    let member = |b: u8| is_digit(b) || b == b'-';
    runs(text.folded(), 15, member, |run| run.iter().filter(|&&b| is_digit(b)).nth(14).is_some())
}

/// Where bank accounts may be: eight digits together.
pub(super) fn account_places(text: &Text<'_>) -> Vec<Range<usize>> {
    runs(text.folded(), 8, is_ascii_digit, |_| true)
}

/// Where Bitcoin addresses may be: runs of 26 letters and digits.
pub(super) fn bitcoin_places(text: &Text<'_>) -> Vec<Range<usize>> {
    let len = text.raw().len();
    let runs = text.long_runs_of(26, |b| b.is_ascii_alphanumeric());
    runs.map(|run| run.start..len.min(run.end + 1)).collect()
}

/// Where IBANs may be: two capitals and two digits where fifteen bytes and more are capitals, digits, hyphens and blanks
/// (of any script: whatever is not ASCII is taken for one).
pub(super) fn iban_places(text: &Text<'_>) -> Vec<Range<usize>> {
    const MEMBER: [bool; 256] =
        byte_table!(b => matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'\t'..=b'\r' | 0x1C..=b' ' | 0x80..));
    let begins = |w: &[u8]| {
        w[2].is_ascii_digit() && w[3].is_ascii_digit() && w[0].is_ascii_uppercase() && w[1].is_ascii_uppercase()
    };
    runs(text.raw().as_bytes(), 15, |b| MEMBER[usize::from(b)], |run| run.windows(4).any(begins))
}

/// Where dates may be: around each year, from the second token before its own (`May 1st, 1990`) to the end of its own
/// (`1999-1-2`).
pub(super) fn date_places(text: &Text<'_>) -> Vec<Range<usize>> {
    let folded = text.folded();
    let is_year = |run: &Range<usize>| matches!(&folded[run.clone()], [b'1', b'9', _, _] | [b'2', b'0', _, _]);
    let mut places: Vec<Range<usize>> = Vec::new();
    for year in long_runs(folded, 4, is_ascii_digit).filter(is_year) {
        // Not further back than the last place, which is then the same.
        let from = places.last().map_or(0, |last| last.end);
        let before = |end: usize, blank: bool| {
            let bytes = folded[from..end.max(from)].iter().rev();
            from.max(end) - bytes.take_while(|&&b| is_blank(b) == blank).count()
        };
        let own = before(year.start, false);
        let start = [true, false, true, false].into_iter().fold(own, before);
        let behind = folded[from.max(year.end)..].iter().take_while(|&&b| !is_blank(b)).count();
        let end = folded.len().min(from.max(year.end) + behind + 1);
        match places.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => places.push(start..end),
        }
    }
    places
}

/// Words that announce a name.
pub(super) struct Cues {
    words: &'static [&'static str],
    search: OnceLock<Option<AhoCorasick>>,
}

impl Cues {
    pub(super) fn new(words: &'static [&'static str]) -> Self {
        Cues { words, search: OnceLock::new() }
    }

    /// Whether one of the cues stands before a capitalised word in the text, with at most a full stop and blanks (or
    /// what is not ASCII, among which are blanks) between them. Of cues that overlap the first and longest counts: others
    /// stand at no word's edge.
    pub(super) fn are_in(&self, text: &Text<'_>) -> bool {
        const GAP: [bool; 256] = byte_table!(b => matches!(b, b'\t'..=b'\r' | 0x1C..=b' ' | 0x80..));
        let announces = |after: &[u8]| {
            let gap = after.strip_prefix(b".").unwrap_or(after);
            let word = gap.iter().position(|&b| !GAP[usize::from(b)]);
            word.is_some_and(|at| at > 0 && gap[at].is_ascii_uppercase())
        };
        let raw = text.raw().as_bytes();
        let build = || AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(self.words).ok();
        match self.search.get_or_init(build) {
            Some(search) => search.find_iter(raw).any(|cue| announces(&raw[cue.end()..])),
            // Too large to be searched: the pattern decides.
            None => true,
        }
    }
}

/// E-mail addresses.
pub(super) fn emails(text: &Text<'_>) -> Vec<CharSpan> {
    around_at(text, LOCAL, 1, |raw, at| {
        let bytes = raw.as_bytes();
        let domain = &bytes[at..at + DOMAIN.run(bytes, at, usize::MAX)];
        // The domain gives back to the last dot behind which a top-level name fits; the pipe is the reference's.
        let dots = memchr::memrchr_iter(b'.', domain).filter(|&dot| dot > 0);
        dots.map(|dot| at + dot + 1).find_map(|start| {
            let end = start + LETTER.with(b"|").run(bytes, start, usize::MAX);
            (start + 2..=end).rev().find(|&end| chars::edge_at(raw, end))
        })
    })
}

/// User names: behind an `@`, or announced (`login: joe`).
pub(super) fn usernames(text: &Text<'_>) -> Vec<CharSpan> {
    let folded = text.folded();
    let mut found = Vec::new();
    for at in memchr::memchr_iter(b'@', folded) {
        let end = at + 1 + NAME.run(folded, at + 1, 30);
        if end - at > 3 && !folded.get(end).is_some_and(|&b| is_word(b)) {
            found.push(CharSpan { start: at, end });
        }
    }
    let mut announced = |start: usize, cue_end: usize| {
        let gap = folded[cue_end..].iter().take_while(|&&b| is_blank(b) || matches!(b, b':' | b'=')).count();
        let is_quote = |at: usize| matches!(folded.get(at), Some(b'"' | b'\''));
        let name = cue_end + gap + usize::from(is_quote(cue_end + gap));
        let len = NAME.with(b".-").run(folded, name, 30);
        if gap > 0 && len >= 3 {
            let end = name + len;
            found.push(CharSpan { start, end: end + usize::from(is_quote(end)) });
        }
    };
    for at in memmem::find_iter(folded, "name") {
        let user = &folded[..at - folded[..at].iter().rev().take_while(|&&b| is_blank(b)).count()];
        if user.ends_with(b"user") {
            announced(user.len() - 4, at + 4);
        }
    }
    for cue in ["login", "handle"] {
        memmem::find_iter(folded, cue).for_each(|at| announced(at, at + cue.len()));
    }
    leftmost(found)
}

/// Web addresses: with a scheme, or `www.` and a name that ends in letters.
pub(super) fn urls(text: &Text<'_>) -> Vec<CharSpan> {
    let folded = text.folded();
    let rest = |at: usize| {
        let ends = |&&b: &&u8| is_blank(b) || matches!(b, b'<' | b'>' | b'"' | b'\'');
        folded[at..].iter().take_while(|b| !ends(b)).count()
    };
    let mut found = Vec::new();
    let mut from = 0;
    for at in memmem::find_iter(folded, "http") {
        let after = at + 4 + usize::from(folded.get(at + 4) == Some(&b's'));
        if at >= from && folded[after..].starts_with(b"://") {
            let len = rest(after + 3);
            from = after + 3 + len;
            if len >= 8 {
                found.push(CharSpan { start: at, end: from });
            }
        }
    }
    let mut from = 0;
    for at in memmem::find_iter(folded, "www.") {
        if at < from || at > 0 && is_word(folded[at - 1]) {
            continue;
        }
        let start = at + 4;
        from = start + rest(start);
        let name = &folded[start..from][..HOST.run(&folded[..from], start, usize::MAX)];
        let ends = |dot: usize| name[dot + 1..].iter().take(2).filter(|b| b.is_ascii_lowercase()).count() == 2;
        if memchr::memrchr_iter(b'.', name).any(|dot| dot > 0 && ends(dot)) {
            found.push(CharSpan { start: at, end: from });
        }
    }
    leftmost(found)
}

/// Of matches that begin where they like those that a search from left to right meets.
fn leftmost(mut found: Vec<CharSpan>) -> Vec<CharSpan> {
    found.sort_unstable_by_key(|span| span.start);
    let mut end = 0;
    found.retain(|span| {
        let meets = span.start >= end;
        end = if meets { span.end } else { end };
        meets
    });
    found
}

/// Indian payment addresses: like an e-mail address with a handle instead of a domain.
pub(super) fn upi_ids(text: &Text<'_>) -> Vec<CharSpan> {
    around_at(text, UPI, 3, |raw, at| {
        let len = LETTER.run(raw.as_bytes(), at, usize::MAX);
        let end = at + len;
        let ends = !chars::word_at(raw, end) && raw.as_bytes().get(end) != Some(&b'.');
        ((2..=20).contains(&len) && ends).then_some(end)
    })
}

/// Matches around each `@`: before it a run of `local` characters from the first word edge in it, at least `min` long;
/// behind it what `behind` says (it is given the byte after the `@`).
fn around_at(
    text: &Text<'_>,
    local: AsciiSet,
    min: usize,
    behind: impl Fn(&str, usize) -> Option<usize>,
) -> Vec<CharSpan> {
    let mut found = Vec::new();
    if !text.shape().has(b'@') {
        return found;
    }
    let raw = text.raw();
    let bytes = raw.as_bytes();
    let mut from = 0;
    for at in memchr::memchr_iter(b'@', bytes) {
        if at < from {
            continue;
        }
        let run = bytes[from..at].iter().rev().take_while(|&&b| local.has(b)).count();
        let Some(start) = (at - run..at).find(|&start| chars::edge_at(raw, start)) else { continue };
        if at - start >= min
            && let Some(end) = behind(raw, at + 1)
        {
            found.push(text.chars(ByteSpan { start, end }));
            from = end;
        }
    }
    found
}

/// A place in a folded text: one byte a character.
#[derive(Clone, Copy)]
struct Cursor<'f> {
    folded: &'f [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(self) -> Option<u8> {
        self.folded.get(self.at).copied()
    }

    /// The cursor behind one byte that `accepts`.
    fn one(self, accepts: impl Fn(u8) -> bool) -> Option<Self> {
        self.peek().filter(|&b| accepts(b)).map(|_| Cursor { at: self.at + 1, ..self })
    }

    /// The cursor behind the byte if it stands there, else where it is.
    fn maybe(self, accepts: impl Fn(u8) -> bool) -> Self {
        self.one(accepts).unwrap_or(self)
    }

    /// The cursor behind so many bytes that `accepts`.
    fn many(self, count: usize, accepts: impl Fn(u8) -> bool) -> Option<Self> {
        let bytes = self.folded.get(self.at..self.at + count)?;
        bytes.iter().all(|&b| accepts(b)).then_some(Cursor { at: self.at + count, ..self })
    }

    /// Whether the place is a word edge, given that a word character stands before it.
    fn ends_word(self) -> bool {
        !self.peek().is_some_and(is_word)
    }

    /// Whether the place is a word edge, given that a word character stands at it.
    fn begins_word(self) -> bool {
        self.at.checked_sub(1).is_none_or(|before| !is_word(self.folded[before]))
    }
}

const fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

const fn is_ascii_digit(b: u8) -> bool {
    b.is_ascii_digit()
}

/// In the folded view, where `D` is a digit of another script.
const fn is_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

const fn is_digit(b: u8) -> bool {
    b.is_ascii_digit() || b == DIGIT
}

const fn is_separator(b: u8) -> bool {
    matches!(b, b'-' | b'.') || is_blank(b)
}

const fn is_hyphen_or_blank(b: u8) -> bool {
    b == b'-' || is_blank(b)
}

/// Whether the same character stands at both places (the folded view shows all blanks beyond ASCII as one).
fn same(text: &Text<'_>, a: usize, b: usize) -> bool {
    let at = |i: usize| text.slice(CharSpan { start: i, end: i + 1 });
    text.folded()[a] == text.folded()[b] && (text.folded()[a] != BLANK || at(a) == at(b))
}

/// Walks through the places where `starts`; `form` says where a match from there ends. A match has at least `min`
/// characters, all of them `member`s.
fn walk(
    text: &Text<'_>,
    min: usize,
    member: impl Fn(u8) -> bool,
    starts: impl Fn(u8) -> bool,
    form: impl Fn(Cursor<'_>) -> Option<usize>,
) -> Vec<CharSpan> {
    let folded = text.folded();
    let mut found = Vec::new();
    for run in long_runs(folded, min, member) {
        let mut at = run.start;
        while let Some(step) = folded[at..run.end].iter().position(|&b| starts(b)) {
            let start = at + step;
            at = match form(Cursor { folded, at: start }) {
                Some(end) => {
                    found.push(CharSpan { start, end });
                    end
                }
                None => start + 1,
            };
        }
    }
    found
}

/// North American phone numbers, whatever stands before them.
pub(super) fn phones(text: &Text<'_>) -> Vec<CharSpan> {
    let starts = |b: u8| matches!(b, b'+' | b'(') || b.is_ascii_digit();
    let member = |b: u8| starts(b) || b == b')' || is_separator(b);
    walk(text, 12, member, starts, |start| {
        international(start).or_else(|| in_parentheses(start)).or_else(|| plain(text, start))
    })
}

/// `+1 (555) 123-4567`, the separators before the area code and its parentheses optional; no edge before it.
fn international(start: Cursor<'_>) -> Option<usize> {
    let area = start.maybe(|b| b == b'+').one(|b| b == b'1')?.maybe(is_separator).maybe(|b| b == b'(');
    let number = area.many(3, is_ascii_digit)?.maybe(|b| b == b')').one(is_separator)?;
    let end = number.many(3, is_ascii_digit)?.one(is_separator)?.many(4, is_ascii_digit)?;
    end.ends_word().then_some(end.at)
}

/// `(555) 123-4567`, the separators optional.
fn in_parentheses(start: Cursor<'_>) -> Option<usize> {
    let number = start.one(|b| b == b'(')?.many(3, is_ascii_digit)?.one(|b| b == b')')?.maybe(is_separator);
    let end = number.many(3, is_ascii_digit)?.maybe(is_separator).many(4, is_ascii_digit)?;
    end.ends_word().then_some(end.at)
}

/// `555-123-4567` with the same separator twice.
fn plain(text: &Text<'_>, start: Cursor<'_>) -> Option<usize> {
    let first = start.begins_word().then_some(start)?.many(3, is_ascii_digit)?;
    let second = first.one(is_separator)?.many(3, is_ascii_digit)?;
    let end = second.one(is_separator)?.many(4, is_ascii_digit)?;
    (end.ends_word() && same(text, first.at, second.at)).then_some(end.at)
}

/// Social security numbers: `123-45-6789` with the same separator twice.
pub(super) fn ssns(text: &Text<'_>) -> Vec<CharSpan> {
    walk(
        text,
        11,
        |b| is_digit(b) || is_hyphen_or_blank(b),
        is_digit,
        |start| {
            let first = start.begins_word().then_some(start)?.many(3, is_digit)?;
            let second = first.one(is_hyphen_or_blank)?.many(2, is_digit)?;
            let end = second.one(is_hyphen_or_blank)?.many(4, is_digit)?;
            (end.ends_word() && same(text, first.at, second.at)).then_some(end.at)
        },
    )
}

/// Chains of digit runs with spaces and hyphens between them that may be card numbers: a chain ends with the first run
/// that makes it 13 digits or more.
pub(super) fn cards(text: &Text<'_>) -> Vec<CharSpan> {
    walk(
        text,
        13,
        |b| is_digit(b) || matches!(b, b' ' | b'-'),
        is_digit,
        |start| {
            let mut at = start.begins_word().then_some(start)?;
            let mut total = 0;
            loop {
                let run = at.folded[at.at..].iter().take(20).take_while(|&&b| is_digit(b)).count();
                at.at += run;
                total += run;
                if run == 0 || total > 19 || !at.ends_word() {
                    return None;
                }
                if total >= 13 {
                    return Some(at.at);
                }
                at.at += at.folded[at.at..].iter().take_while(|&&b| matches!(b, b' ' | b'-')).count();
            }
        },
    )
}

/// Whether the number at `span` is announced as something else: one of the words stands before it, with at most one
/// `#` or `:` and blanks between them, within 30 characters.
pub(super) fn announced_as(text: &Text<'_>, span: CharSpan, words: &[&str]) -> bool {
    let mut before = &text.folded()[span.start.saturating_sub(30)..span.start];
    let without_blanks = |bytes: &mut &[u8]| {
        while let [rest @ .., b] = bytes
            && is_blank(*b)
        {
            *bytes = rest;
        }
    };
    without_blanks(&mut before);
    if let [rest @ .., b'#' | b':'] = before {
        before = rest;
        without_blanks(&mut before);
    }
    words.iter().any(|word| before.ends_with(word.as_bytes()))
}

/// Words before a phone number that make it another number.
pub(super) const NOT_A_PHONE: &[&str] = &[
    "order",
    "invoice",
    "ref",
    "reference",
    "confirmation",
    "tracking",
    "id",
    "code",
    "version",
    "amount",
    "total",
    "qty",
    "quantity",
    "product",
    "item",
    "sku",
    "part",
    "model",
    "serial",
    "account",
    "zip",
    "postal",
];

/// Words before a social security number that make it another number.
pub(super) const NOT_AN_SSN: &[&str] = &[
    "date",
    "born",
    "dob",
    "birthday",
    "expire",
    "expir",
    "issue",
    "issued",
    "effective",
    "zip",
    "postal",
    "order",
    "invoice",
    "ref",
    "reference",
    "phone",
    "fax",
    "ext",
];

/// Whether a social security number is rather a date: month, day, year.
pub(super) fn is_date(number: &str) -> bool {
    let digits = checksums::all_digits(number);
    let &[m1, m2, m3, d1, d2, ..] = digits.as_slice() else { return false };
    let year = number.char_indices().nth(7).map_or("", |(at, _)| &number[at..]);
    (1..=12).contains(&(m1 * 100 + m2 * 10 + m3))
        && (1..=31).contains(&(d1 * 10 + d2))
        && (year.starts_with("19") || year.starts_with("20"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;

    fn found(scan: fn(&Text<'_>) -> Vec<CharSpan>, raw: &str) -> Vec<String> {
        let none = Prefilter::none();
        let text = Text::new(raw, &none);
        scan(&text).into_iter().map(|span| text.slice(span).to_owned()).collect()
    }

    #[test]
    fn email_domains_give_back_to_a_fitting_dot() {
        assert_eq!(found(emails, "a@b.com. x.y+z@m-n.co.uk1 q@w.e|r"), ["a@b.com", "x.y+z@m-n.co", "q@w.e|r"]);
        assert_eq!(found(emails, "a@b.co.x1 é@b.com éx.a@b.com"), ["a@b.co", ".a@b.com"]);
        assert_eq!(found(emails, "a@b@c.org ..@d.org a@b.com_x a@.com"), ["b@c.org"]);
    }

    #[test]
    fn cues_stand_before_capitalised_words() {
        let none = Prefilter::none();
        let cues = Cues::new(&["Dr", "Hi", "Mr", "Mrs"]);
        let has = |raw: &str| cues.are_in(&Text::new(raw, &none));
        assert!(has("Mr Ann") && has("Mrs Ann") && !has("Mrs. ann"));
        assert!(has("Dr. Who") && has("Dr Who") && has("Hi\u{a0} Ann") && has("Hi it is Hi\n\nAnn"));
        assert!(!has("DrWho") && !has("Dr.Who") && !has("Hi ann Ann") && !has("dr Who") && !has("Hi ") && !has("Hi"));
    }

    #[test]
    fn upi_handles_end_before_no_dot() {
        assert_eq!(found(upi_ids, "bob@paytm, bob@paytm. bo@upi a-bob@ok1"), ["bob@paytm"]);
    }

    #[test]
    fn phones_come_in_three_forms() {
        assert_eq!(
            found(phones, "21-555-123-4567 (555)1234567 555.123.4567 555-123.4567 +1(555) 123 4567"),
            ["1-555-123-4567", "(555)1234567", "555.123.4567", "+1(555) 123 4567"]
        );
        assert_eq!(found(phones, "555\u{a0}123\u{a0}4567 555\u{a0}123\u{3000}4567"), ["555\u{a0}123\u{a0}4567"]);
        assert_eq!(found(phones, "x555-123-4567 555-123-45678"), Vec::<String>::new());
    }

    #[test]
    fn ssns_have_the_same_separator_twice() {
        assert_eq!(
            found(ssns, "123-45-6789 123 45 6789 123-45 6789 ١٢٣-45-6789"),
            ["123-45-6789", "123 45 6789", "١٢٣-45-6789"]
        );
    }

    #[test]
    fn card_chains_end_at_thirteen_digits() {
        assert_eq!(found(cards, "4111 1111 1111 1111"), ["4111 1111 1111 1111"]);
        assert_eq!(found(cards, "1 4409 7024 5226 8386"), ["1 4409 7024 5226"]);
        assert_eq!(found(cards, "12345678901234567890 1234 5678 9012x 1-2"), Vec::<String>::new());
    }

    #[test]
    fn announcements_are_looked_for_in_thirty_characters() {
        let none = Prefilter::none();
        let announced = |before: &str| {
            let raw = format!("{before}555");
            let text = Text::new(raw, &none);
            let end = text.char_len();
            announced_as(&text, CharSpan { start: end - 3, end }, NOT_A_PHONE)
        };
        assert!(announced("Order # ") && announced("I paid: ") && announced(&format!("order{}", " ".repeat(25))));
        assert!(!announced("order ## ") && !announced("orders ") && !announced(&format!("order{}", " ".repeat(26))));
    }

    #[test]
    fn dates_are_no_ssns() {
        assert!(is_date("012-31-1999") && !is_date("013-31-1999") && !is_date("012-31-2199"));
    }
}
