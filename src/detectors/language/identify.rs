//! Which language a text is in, and how sure that is.

use crate::text::hash::QuickHash;
use crate::text::{Text, fold};
use crate::value::{Value, parse_json};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

/// `scripts_in_order`, `trigram_letters_beyond_ascii_a_to_z` and `trigram_profiles_in_order`.
const DATA: &str = include_str!("profiles.json");

/// The code of a text that could not be identified.
pub(super) const UNKNOWN: &str = "unknown";

/// A script decides when its share of the characters is above this.
const DECIDING_SHARE: f64 = 0.3;
/// What is added to a deciding script's share to make the confidence.
const SCRIPT_BONUS: f64 = 0.2;
/// A script counts towards a mixed text when its share is above this.
const MIXED_SHARE: f64 = 0.2;
/// How many of the most frequent trigrams are compared with the profiles.
const TOP_TRIGRAMS: usize = 60;
/// More distinct trigrams than most texts have.
const MANY_TRIGRAMS: usize = 800;
/// The script that never decides: its languages are told apart by trigrams.
const LATIN: usize = 0;

/// The data of all scripts and languages.
pub(super) struct Identifier {
    scripts: Vec<Script>,
    /// The numbers of letters beyond a to z, from 27 on.
    letters: HashMap<char, u32>,
    profiles: Vec<Profile>,
    /// For each trigram the profiles that have it, as bits.
    owners: HashMap<u32, u16, QuickHash>,
    /// The same for each trigram of plain letters.
    plain_owners: Box<[u16; PLAIN_TRIGRAMS]>,
    /// The trigrams of plain letters that the profiles have, one profile after the other.
    plain_known: Vec<u16>,
    /// Where those of each profile are.
    known_of: Vec<Range<usize>>,
}

struct Script {
    first: char,
    last: char,
    languages: Vec<String>,
}

struct Profile {
    language: String,
    /// How many trigrams the profile counts for, those that cannot occur included.
    size: f64,
    trigrams: Vec<u32>,
}

impl Identifier {
    pub(super) fn new() -> Self {
        let data = parse_json(DATA).unwrap_or(Value::Null);
        let list = |value: Option<&Value>| value.and_then(Value::as_list).unwrap_or_default().to_vec();
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let point = |value: &Value, key: &str| {
            u32::from_str_radix(&text(value, key), 16).ok().and_then(char::from_u32).unwrap_or_default()
        };
        let scripts = list(data.get("scripts_in_order")).into_iter().map(|script| Script {
            first: point(&script, "first"),
            last: point(&script, "last"),
            languages: list(script.get("languages")).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        });
        let mut identifier = Identifier {
            scripts: scripts.collect(),
            letters: text(&data, "trigram_letters_beyond_ascii_a_to_z").chars().zip(27..).collect(),
            profiles: Vec::new(),
            owners: HashMap::default(),
            plain_owners: Box::new([0; PLAIN_TRIGRAMS]),
            plain_known: Vec::new(),
            known_of: Vec::new(),
        };
        let profiles = list(data.get("trigram_profiles_in_order"));
        let profiles = profiles.iter().map(|profile| Profile {
            language: text(profile, "language"),
            size: profile.get("size").and_then(Value::as_number).unwrap_or(1.0),
            trigrams: list(profile.get("entries"))
                .iter()
                .filter_map(Value::as_str)
                .filter_map(|entry| identifier.trigram(entry))
                .collect(),
        });
        identifier.profiles = profiles.collect();
        for (i, profile) in identifier.profiles.iter().enumerate() {
            let first = identifier.plain_known.len();
            for &trigram in &profile.trigrams {
                *identifier.owners.entry(trigram).or_default() |= 1 << i;
                identifier.plain_known.extend(plain_trigram(trigram).and_then(|t| u16::try_from(t).ok()));
            }
            identifier.known_of.push(first..identifier.plain_known.len());
        }
        for (&trigram, &owners) in &identifier.owners {
            if let Some(trigram) = plain_trigram(trigram) {
                identifier.plain_owners[trigram] = owners;
            }
        }
        identifier
    }

    /// The number of a letter that trigrams are made of, 1 to 127.
    fn letter(&self, c: char) -> Option<u32> {
        if c.is_ascii() {
            return c.is_ascii_lowercase().then(|| u32::from(c) - u32::from('a') + 1);
        }
        self.letters.get(&c).copied()
    }

    /// The number of a trigram; `None` for an entry of another length, which no text has.
    fn trigram(&self, entry: &str) -> Option<u32> {
        let letters: Vec<u32> = entry.chars().map(|c| self.letter(c)).collect::<Option<_>>()?;
        if let [a, b, c] = letters[..] { Some(a << 14 | b << 7 | c) } else { None }
    }

    /// The language's code and the confidence.
    pub(super) fn identify(&self, text: &Text<'_>, scripts: &Scripts) -> (&str, f64) {
        self.by_scripts(scripts).unwrap_or_else(|| self.by_trigrams(text))
    }

    /// The languages that trigrams can give, in order.
    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.profiles.iter().map(|profile| profile.language.as_str())
    }

    /// Whether the text is none of some languages for certain, or so with less confidence than `least`. The languages
    /// are bits, in the order of [`Identifier::languages`]. Most texts show so without the order of their trigrams.
    pub(super) fn is_none_of(&self, languages: u16, text: &Text<'_>, scripts: &Scripts, least: f64) -> bool {
        if self.by_scripts(scripts).is_some() {
            return false;
        }
        is_plain(text)
            && PLAIN.with_borrow_mut(|plain| {
                let reaches = |most_shared: &Shared| {
                    let reaches = |(profile, &shared): (&Profile, &u32)| {
                        // Nothing is less than what is no number.
                        (f64::from(shared) / profile.size).partial_cmp(&least) != Some(Ordering::Less)
                    };
                    let all = self.profiles.iter().zip(&most_shared.0).enumerate();
                    all.filter(|(i, _)| languages >> i & 1 == 1).any(|(_, both)| reaches(both))
                };
                plain.tally(text.letters());
                plain.note_known(&self.plain_known);
                if !reaches(&self.known_from(1, plain)) {
                    plain.forget();
                    return true;
                }
                let least_count = plain.least_count();
                least_count.is_some_and(|count| !reaches(&self.known_from(count, plain)))
            })
    }

    /// How many of its plain trigrams each profile shares with a text that has them at least `count` times.
    fn known_from(&self, count: u16, plain: &PlainCounts) -> Shared {
        let mut shared = Shared::default();
        for (shared, range) in shared.0.iter_mut().zip(&self.known_of) {
            let times = plain.known.get(range.clone()).unwrap_or_default();
            *shared = u32::from(times.iter().map(|&times| u16::from(times >= count)).sum::<u16>());
        }
        shared
    }

    /// What is known without a look at trigrams.
    fn by_scripts(&self, scripts: &Scripts) -> Option<(&str, f64)> {
        if scripts.total == 0 {
            return Some((UNKNOWN, 0.0));
        }
        if matches!(scripts.counts[..], [(LATIN, _)]) {
            return None;
        }
        let mut by_count: Vec<(usize, usize)> = scripts.counts.clone();
        by_count.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        for (script, count) in by_count.into_iter().filter(|&(script, _)| script != LATIN) {
            let share = scripts.share(count);
            if share > DECIDING_SHARE {
                let language = self.scripts[script].languages.first().map_or(UNKNOWN, String::as_str);
                return Some((language, (share + SCRIPT_BONUS).min(1.0)));
            }
        }
        None
    }

    fn by_trigrams(&self, text: &Text<'_>) -> (&str, f64) {
        let shared = if is_plain(text) { self.shared_plain(text.letters()) } else { self.shared(text) };
        let mut best = (UNKNOWN, 0.0);
        for (profile, shared) in self.profiles.iter().zip(shared.0) {
            let score = f64::from(shared) / profile.size;
            if score > best.1 {
                best = (&profile.language, score);
            }
        }
        best
    }

    /// What the profiles have of the most frequent trigrams of the lowered text's letters.
    fn shared(&self, text: &Text<'_>) -> Shared {
        let mut counts = self.trigrams(text);
        let mut having = Having::default();
        counts.iter().for_each(|&(_, count)| having.add(count));
        if let Some(mut cut) = having.cut() {
            counts.retain(|&(_, count)| cut.takes(count));
        } else {
            keep_most_frequent(&mut counts);
        }
        let mut shared = Shared::default();
        counts.iter().for_each(|(trigram, _)| shared.add(self.owners.get(trigram).copied().unwrap_or(0)));
        shared
    }

    /// As [`Identifier::shared`], for the letters of a text with no other letters than a to z, no more than a `u16`
    /// counts.
    fn shared_plain(&self, letters: &[u8]) -> Shared {
        PLAIN.with_borrow_mut(|plain| {
            let distinct = plain.count(letters);
            let (order, times) = (&plain.order[..distinct], &mut plain.times);
            let mut having = Having::default();
            order.iter().for_each(|&trigram| having.add(u32::from(times[plain_index(trigram)])));
            let mut shared = Shared::default();
            let mut add = |trigram: u16| shared.add(self.plain_owners[plain_index(trigram)]);
            let mut take_count = |trigram: u16| u32::from(std::mem::take(&mut times[plain_index(trigram)]));
            if let Some(mut cut) = having.cut() {
                for &trigram in order {
                    if cut.takes(take_count(trigram)) {
                        add(trigram);
                    }
                }
            } else {
                let mut counts: Vec<(u16, u32)> = order.iter().map(|&t| (t, take_count(t))).collect();
                keep_most_frequent(&mut counts);
                counts.iter().for_each(|&(trigram, _)| add(trigram));
            }
            shared
        })
    }

    /// All trigrams and how often each occurs, in order of first appearance.
    fn trigrams(&self, text: &Text<'_>) -> Vec<(u32, u32)> {
        // A text cannot make many of these collide: there are only so many trigrams.
        let room = text.raw().len().min(MANY_TRIGRAMS);
        let mut places: HashMap<u32, u32, QuickHash> = HashMap::with_capacity_and_hasher(room, QuickHash::default());
        let mut counts: Vec<(u32, u32)> = Vec::new();
        let mut window = 0u32;
        for letter in text.lower().chars().filter_map(|c| self.letter(c)) {
            window = (window << 7 | letter) & 0x1F_FFFF;
            if window >> 14 == 0 {
                continue;
            }
            let place = *places.entry(window).or_insert_with(|| {
                counts.push((window, 0));
                // Places are numbered as long as 21-bit trigrams are distinct.
                u32::try_from(counts.len() - 1).unwrap_or(u32::MAX)
            });
            let count = &mut counts[place as usize].1;
            *count = count.saturating_add(1);
        }
        counts
    }
}

/// How many trigrams of the letters a to z there may be, five bits a letter.
const PLAIN_TRIGRAMS: usize = 1 << 15;

/// A trigram of the letters a to z, given as any trigram is.
fn plain_trigram(trigram: u32) -> Option<usize> {
    let letters = [trigram >> 14, trigram >> 7 & 0x7F, trigram & 0x7F];
    letters.iter().all(|&letter| letter < 32).then(|| letters.iter().fold(0, |t, &letter| t << 5 | letter as usize))
}

thread_local! {
    static PLAIN: RefCell<PlainCounts> = RefCell::new(PlainCounts::new());
}

/// Letters and trigrams that a plain text has at most.
const PLAIN_LENGTH: usize = 1 << u16::BITS;

/// Whether no other letters than a to z count in a text, and a `u16` counts them.
fn is_plain(text: &Text<'_>) -> bool {
    let view = text.lower_exact();
    view.len() <= usize::from(u16::MAX) && memchr::memchr(fold::LETTER, view).is_none()
}

/// The number of a letter a to z, as [`Identifier::letter`] gives it.
fn letter_number(letter: u8) -> u16 {
    u16::from(letter & 0x1F)
}

/// Where a trigram of the letters a to z stands among all.
fn plain_index(trigram: u16) -> usize {
    usize::from(trigram) & (PLAIN_TRIGRAMS - 1)
}

/// How often each trigram of plain letters occurs in a text, and room to count them in. Places are `u16`s, which cannot
/// lie outside.
struct PlainCounts {
    /// All zeros but while a text is counted.
    times: Box<[u16; 1 << u16::BITS]>,
    /// The trigrams in order of first appearance; or as they stand, repeats included.
    order: Box<[u16; PLAIN_LENGTH]>,
    /// How many stand so.
    taken: usize,
    /// How often the known trigrams occur.
    known: Vec<u16>,
}

impl PlainCounts {
    fn new() -> Self {
        PlainCounts {
            times: Box::new([0; 1 << u16::BITS]),
            order: Box::new([0; PLAIN_LENGTH]),
            taken: 0,
            known: Vec::new(),
        }
    }

    /// Counts the trigrams of letters, without their order: until [`PlainCounts::least_count`] or
    /// [`PlainCounts::forget`].
    fn tally(&mut self, letters: &[u8]) {
        self.taken = letters.len().saturating_sub(2);
        let behind = |places| letters.get(places..).unwrap_or_default();
        let trigrams = letters.iter().zip(behind(1)).zip(behind(2));
        for (window, ((&a, &b), &c)) in self.order[..self.taken].iter_mut().zip(trigrams) {
            *window = letter_number(a) << 10 | letter_number(b) << 5 | letter_number(c);
        }
        let times = &mut self.times;
        for_each(&self.order[..self.taken], |trigram| times[usize::from(trigram)] += 1);
    }

    /// Notes how often each of some trigrams occurs.
    fn note_known(&mut self, trigrams: &[u16]) {
        self.known.clear();
        self.known.extend(trigrams.iter().map(|&trigram| self.times[usize::from(trigram)]));
    }

    /// Forgets what was counted.
    fn forget(&mut self) {
        let times = &mut self.times;
        for_each(&self.order[..self.taken], |trigram| times[usize::from(trigram)] = 0);
    }

    /// How often a trigram occurs at least (once or more) that is among the most frequent; `None` when too many are too
    /// frequent to tell. Forgets what was counted.
    fn least_count(&mut self) -> Option<u16> {
        // Neighbours are counted apart: most counts are alike, and the next would wait for the last.
        let mut having = [const { [0u16; MANY + 1] }; 4];
        let times = &mut self.times;
        let mut take_count = |trigram: u16| usize::from(std::mem::take(&mut times[usize::from(trigram)])).min(MANY);
        let (fours, rest) = self.order[..self.taken].as_chunks::<4>();
        for four in fours {
            for (having, &trigram) in having.iter_mut().zip(four) {
                having[take_count(trigram)] += 1;
            }
        }
        rest.iter().for_each(|&trigram| having[0][take_count(trigram)] += 1);
        let mut all = Having::default();
        // Places that are not the first of their trigram have counted as zeros.
        for (count, all) in all.0.iter_mut().enumerate().skip(1) {
            *all = having.iter().map(|having| usize::from(having[count])).sum();
        }
        let cut = all.cut()?;
        let least = cut.least.saturating_sub(u32::from(cut.room > 0)).max(1);
        u16::try_from(least).ok()
    }

    /// Counts the trigrams of letters; returns how many distinct ones there are.
    fn count(&mut self, letters: &[u8]) -> usize {
        let [first, second, rest @ ..] = letters else { return 0 };
        let mut distinct = 0u16;
        let mut window = letter_number(*first) << 5 | letter_number(*second);
        for &letter in rest {
            window = window << 5 | letter_number(letter);
            let trigram = plain_index(window);
            let count = self.times[trigram];
            self.times[trigram] = count + 1;
            self.order[usize::from(distinct)] = window;
            distinct += u16::from(count == 0);
        }
        usize::from(distinct)
    }
}

/// Hands over one trigram after the other, eight to a round: there is little to do for each.
#[inline]
fn for_each(trigrams: &[u16], mut take: impl FnMut(u16)) {
    let (eights, rest) = trigrams.as_chunks::<8>();
    eights.iter().for_each(|eight| eight.iter().for_each(|&trigram| take(trigram)));
    rest.iter().for_each(|&trigram| take(trigram));
}

/// How many trigrams each profile shares with a text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shared([u32; u16::BITS as usize]);

impl Shared {
    /// Adds one to each of the profiles that are bits.
    fn add(&mut self, mut owners: u16) {
        while owners != 0 {
            self.0[owners.trailing_zeros() as usize] += 1;
            owners &= owners - 1;
        }
    }
}

/// Counts from this on are not told apart.
const MANY: usize = 63;

/// How many trigrams have each count.
struct Having([usize; MANY + 1]);

impl Default for Having {
    fn default() -> Self {
        Having([0; MANY + 1])
    }
}

impl Having {
    fn add(&mut self, count: u32) {
        self.0[(count as usize).min(MANY)] += 1;
    }

    /// What tells the [`TOP_TRIGRAMS`] most frequent by their counts; `None` when too many are too frequent for that.
    fn cut(&self) -> Option<Cut> {
        let (mut least, mut room) = (self.0.len(), TOP_TRIGRAMS);
        while least > 0 && self.0[least - 1] <= room {
            least -= 1;
            room -= self.0[least];
        }
        #[allow(clippy::cast_possible_truncation)] // No more than the counts that are told apart.
        (least <= MANY).then_some(Cut { least: least as u32, room })
    }
}

/// Asked for the trigrams in order of first appearance, tells which are the most frequent; of equally frequent ones the
/// earlier.
struct Cut {
    /// The lowest count of which all are taken.
    least: u32,
    /// How many are still taken of those with one less.
    room: usize,
}

impl Cut {
    #[inline]
    fn takes(&mut self, count: u32) -> bool {
        if count + 1 < self.least {
            return false;
        }
        if count + 1 > self.least {
            return true;
        }
        let fits = self.room > 0;
        self.room -= usize::from(fits);
        fits
    }
}

/// Leaves the [`TOP_TRIGRAMS`] most frequent; of equally frequent ones the earlier.
fn keep_most_frequent<T>(counts: &mut Vec<(T, u32)>) {
    // A stable sort keeps the order of first appearance among equals.
    counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    counts.truncate(TOP_TRIGRAMS);
}

/// How often each script occurs in a text.
pub(super) struct Scripts {
    /// Script and count, in the order of first appearance.
    counts: Vec<(usize, usize)>,
    total: usize,
}

impl Scripts {
    pub(super) fn of(text: &Text<'_>, identifier: &Identifier) -> Self {
        if text.is_ascii() {
            let total = text.raw().len();
            return Scripts { counts: vec![(LATIN, total)], total };
        }
        let mut counts: Vec<(usize, usize)> = Vec::new();
        let mut total = 0;
        // Neighbours are mostly of one script: the last range is tried first.
        let mut last = LATIN;
        for c in text.raw().chars() {
            let holds = |script: &Script| (script.first..=script.last).contains(&c);
            if !identifier.scripts.get(last).is_some_and(holds) {
                match identifier.scripts.iter().position(holds) {
                    Some(script) => last = script,
                    None => continue,
                }
            }
            total += 1;
            match counts.iter_mut().find(|(script, _)| *script == last) {
                Some((_, count)) => *count += 1,
                None => counts.push((last, 1)),
            }
        }
        Scripts { counts, total }
    }

    #[allow(clippy::cast_precision_loss)]
    fn share(&self, count: usize) -> f64 {
        count as f64 / self.total as f64
    }

    /// Whether the scripts that are frequent enough stand for more than one language; Latin stands for one.
    pub(super) fn is_mixed(&self, identifier: &Identifier) -> bool {
        let languages = self
            .counts
            .iter()
            .filter(|&&(_, count)| self.share(count) > MIXED_SHARE)
            .map(|&(script, _)| if script == LATIN { 1 } else { identifier.scripts[script].languages.len() });
        languages.sum::<usize>() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Prefilter;
    use proptest::prelude::*;

    fn identify(text: &str) -> (String, f64) {
        let prefilter = Prefilter::none();
        let text = Text::new(text, &prefilter);
        let identifier = Identifier::new();
        let (code, confidence) = identifier.identify(&text, &Scripts::of(&text, &identifier));
        (code.to_owned(), confidence)
    }

    #[test]
    fn every_script_and_profile_is_read() {
        let identifier = Identifier::new();
        assert_eq!(identifier.scripts.len(), 20);
        assert_eq!(identifier.profiles.len(), 13);
        assert!(identifier.scripts.iter().all(|s| s.first < s.last));
        // Ranges do not overlap, so the one that was found last may be tried first.
        for (i, a) in identifier.scripts.iter().enumerate() {
            assert!(identifier.scripts[i + 1..].iter().all(|b| a.last < b.first || b.last < a.first));
        }
        assert!(identifier.letters.values().all(|&n| n < 128));
        for profile in &identifier.profiles {
            assert!(profile.trigrams.len() + 1 >= profile.size as usize, "{}", profile.language);
            // The owners of a trigram are bits: none is counted twice.
            let distinct: std::collections::HashSet<_> = profile.trigrams.iter().collect();
            assert_eq!(distinct.len(), profile.trigrams.len(), "{}", profile.language);
        }
    }

    #[test]
    fn a_script_decides_with_its_share() {
        assert_eq!(identify("日本語"), ("zh".into(), 1.0));
        assert_eq!(identify("жжжж______"), ("ru".into(), 0.4 + 0.2));
        assert_eq!(identify("😀"), ("unknown".into(), 0.0));
    }

    #[test]
    fn trigrams_span_words() {
        let (code, confidence) = identify("the and ing ion tio ent ati for her ter");
        assert_eq!(code, "en");
        assert!(confidence >= 10.0 / 30.0);
        assert_eq!(identify("a b 1"), ("unknown".into(), 0.0));
    }
    #[test]
    fn plain_letters_are_counted_as_all_are() {
        let none = Prefilter::none();
        let identifier = Identifier::new();
        let mut random = 1u64;
        for round in 0..300 {
            let mut text = String::new();
            for _ in 0..round * round / 10 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(
                    ["a", "B", "c ", "z", "\u{130}", "\u{212A}", "…", "9", "e", "th"][(random >> 40) as usize % 10],
                );
            }
            let text = Text::new(text, &none);
            assert_eq!(identifier.shared_plain(text.letters()), identifier.shared(&text));
        }
        assert!(PLAIN.with_borrow(|plain| plain.times.iter().all(|&times| times == 0)));
    }

    #[test]
    fn a_text_is_none_of_some_languages_only_where_it_is_none() {
        let none = Prefilter::none();
        let identifier = Identifier::new();
        let mut random = 5u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        let entries = &identifier.plain_known;
        let (mut certain, mut open) = (0, 0);
        for round in 0..3000 {
            let mut text = String::new();
            let few = 1 + next(entries.len());
            let first = next(entries.len());
            for _ in 0..next(1 + round % 400) {
                if next(3) == 0 {
                    text.extend((0..3).map(|_| char::from(b'a' + next(26) as u8)));
                } else {
                    let trigram = entries[(first + next(few)) % entries.len()];
                    text.extend([10, 5, 0].map(|bits| char::from(b'`' + (trigram >> bits & 31) as u8)));
                }
                text.push_str([" ", "", "é", "1", "\u{212A}"][if round % 9 == 0 { next(5) } else { 0 }]);
            }
            let text = Text::new(text, &none);
            let scripts = Scripts::of(&text, &identifier);
            let languages = next(1 << 13) as u16;
            let least = next(110) as f64 / 100.0;
            let (code, confidence) = identifier.identify(&text, &scripts);
            let is_one = identifier.languages().enumerate().any(|(i, name)| languages >> i & 1 == 1 && name == code);
            if identifier.is_none_of(languages, &text, &scripts, least) {
                assert!(!is_one || confidence < least, "{code} {confidence} {least} {}", text.raw());
                certain += 1;
            } else {
                open += 1;
            }
            assert!(PLAIN.with_borrow(|plain| plain.times.iter().all(|&times| times == 0)));
        }
        assert!(certain > 500 && open > 500, "{certain} {open}");
    }

    proptest! {
        #[test]
        fn a_cut_leaves_what_a_stable_sort_does(counts in proptest::collection::vec(1u32..80, 0..200)) {
            let mut counts: Vec<(usize, u32)> = counts.into_iter().enumerate().collect();
            let mut having = Having::default();
            counts.iter().for_each(|&(_, count)| having.add(count));
            let kept = having.cut().map(|mut cut| {
                let kept = counts.iter().filter(|&&(_, count)| cut.takes(count));
                kept.copied().collect::<Vec<_>>()
            });
            keep_most_frequent(&mut counts);
            counts.sort_unstable();
            prop_assert_eq!(kept.unwrap_or_else(|| counts.clone()), counts);
        }
    }

    #[test]
    fn no_cut_is_made_among_counts_that_are_not_told_apart() {
        for (count, cuts) in [(1, true), (62, true), (63, false), (1000, false)] {
            let mut having = Having::default();
            (0..61).for_each(|_| having.add(count));
            assert_eq!(having.cut().is_some(), cuts, "{count}");
        }
    }
}
