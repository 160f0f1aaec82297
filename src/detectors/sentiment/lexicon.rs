//! The balance of a text: the mean valence of its words that a lexicon knows, with negation and emphasis.

use crate::engine::EvalError;
use crate::text::hash::QuickHash;
use crate::text::word_table::WordTable;
use crate::text::words::each_word;
use crate::text::{Gate, NeedleSet, Text, chars};
use crate::value::{Map, Value, parse_json};
use indexmap::IndexMap;

/// `valence_to_words`, `negators` and `intensifiers`.
const DATA: &str = include_str!("lexicon.json");

/// How many words before one may negate or emphasise it.
const REACH: usize = 3;
/// What a negator before a word makes of its valence.
const NEGATED: f64 = -0.5;
/// What an intensifier before a word makes of its valence.
const INTENSIFIED: f64 = 1.5;

/// What a word does.
#[derive(Default)]
struct Word {
    /// Of a word that counts. A valence of the policy that is no number fails once its word occurs.
    valence: Option<Result<f64, EvalError>>,
    negates: bool,
    intensifies: bool,
}

/// Words with their valence, and the words that act on others.
pub(super) struct Lexicon {
    words: WordTable<Word>,
    /// Whether a text's words can be taken from its folded view.
    is_folded: bool,
    /// Open for texts with a word of the lexicon.
    gate: Gate,
    /// `custom_lexicon` of the wrong kind: fails every text whose score is asked.
    custom_error: Option<EvalError>,
}

impl Lexicon {
    /// The lexicon with the policy's own words.
    pub(super) fn read(section: &Map, needles: &mut NeedleSet) -> Self {
        let data = parse_json(DATA).unwrap_or(Value::Null);
        let mut words: IndexMap<Box<[u8]>, Word, QuickHash> = IndexMap::default();
        let key = |word: &str| Box::<[u8]>::from(word.as_bytes());
        for (valence, list) in data.get("valence_to_words").and_then(Value::as_map).into_iter().flat_map(Map::iter) {
            if let Ok(valence) = valence.as_text().parse::<f64>() {
                words.extend(
                    texts(list).map(|word| (key(word), Word { valence: Some(Ok(valence)), ..Word::default() })),
                );
            }
        }
        let custom = custom_words(section);
        for (word, value) in custom.iter().flatten() {
            let number = value.as_number().filter(|v| v.is_finite() || matches!(value, Value::Float(_)));
            let valence = number.ok_or_else(|| EvalError::config("custom_lexicon", value, "a number for each word"));
            words.insert(key(word), Word { valence: Some(valence), ..Word::default() });
        }
        // A needle is written as the folded view has it; a word with other characters leaves the gate open.
        let ascii = words.keys().all(|w| w.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        let gate = if ascii { needles.gate(words.keys()) } else { Gate::ALWAYS };
        for word in data.get("negators").into_iter().flat_map(texts) {
            words.entry(key(word)).or_default().negates = true;
        }
        for word in data.get("intensifiers").into_iter().flat_map(texts) {
            words.entry(key(word)).or_default().intensifies = true;
        }
        Lexicon { words: WordTable::new(words), is_folded: ascii, gate, custom_error: custom.err() }
    }

    /// The text's score, -1..=1; 0 without a word of the lexicon.
    pub(super) fn score(&self, text: &Text<'_>) -> Result<f64, EvalError> {
        if let Some(e) = &self.custom_error {
            return Err(e.clone());
        }
        if !text.is_open(self.gate) {
            return Ok(0.0);
        }
        let mut balance = Balance::default();
        let mut result = Ok(());
        if self.is_folded {
            let view = text.lower_exact();
            // A byte that stands for a character beyond ASCII is in none of the words.
            let mut place = 0;
            each_word(view, |start, end| {
                place += 1;
                if let Some(word) = self.words.get(view, start, end)
                    && result.is_ok()
                {
                    result = balance.add(place, word);
                }
            });
        } else {
            let words = text.lower().split(|c| !chars::is_word(c)).filter(|word| !word.is_empty());
            for (place, word) in words.enumerate() {
                if let Some(word) = self.words.get(word.as_bytes(), 0, word.len()) {
                    balance.add(place, word)?;
                }
            }
        }
        result.map(|()| balance.score())
    }
}

/// The valences of a text's words, one after the other.
#[derive(Default)]
struct Balance {
    sum: f64,
    count: f64,
    /// The places among the words of the last negator and the last intensifier.
    negator: Option<usize>,
    intensifier: Option<usize>,
}

impl Balance {
    /// Takes a word of the lexicon, which is at this place among the text's words.
    fn add(&mut self, place: usize, word: &Word) -> Result<(), EvalError> {
        let acts = |on: Option<usize>| on.is_some_and(|other| place - other <= REACH);
        if let Some(valence) = &word.valence {
            let mut valence = valence.clone()?;
            if acts(self.negator) {
                valence *= NEGATED;
            }
            if acts(self.intensifier) {
                valence *= INTENSIFIED;
            }
            self.sum += valence;
            self.count += 1.0;
        }
        if word.negates {
            self.negator = Some(place);
        }
        if word.intensifies {
            self.intensifier = Some(place);
        }
        Ok(())
    }

    fn score(&self) -> f64 {
        if self.count == 0.0 {
            return 0.0;
        }
        let mean = self.sum / self.count;
        // Python's min and max keep their first argument when the mean is not a number.
        let capped = if mean < 1.0 { mean } else { 1.0 };
        if capped > -1.0 { capped } else { -1.0 }
    }
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_list().unwrap_or_default().iter().filter_map(Value::as_str)
}

/// `custom_lexicon`: an object, or anything else that Python makes an object of: a list of pairs.
fn custom_words(section: &Map) -> Result<Vec<(String, Value)>, EvalError> {
    const KEY: &str = "custom_lexicon";
    let Some(value) = section.get(KEY).filter(|v| v.truthy()) else { return Ok(Vec::new()) };
    let wrong = |value: &Value| EvalError::config(KEY, value, "an object of numbers");
    match value {
        Value::Map(words) => Ok(words.text_entries().map(|(word, v)| (word.to_owned(), v.clone())).collect()),
        Value::List(pairs) => {
            let mut words = Vec::new();
            for pair in pairs {
                let parts: Vec<Value> = match pair {
                    Value::List(parts) => parts.clone(),
                    Value::Str(text) => text.chars().map(|c| Value::Str(c.into())).collect(),
                    Value::Map(map) => map.iter().map(|(k, _)| Value::from(k.as_text())).collect(),
                    other => return Err(wrong(other)),
                };
                match <[Value; 2]>::try_from(parts) {
                    Ok([Value::List(_) | Value::Map(_), _]) | Err(_) => return Err(wrong(pair)),
                    Ok([Value::Str(word), valence]) => words.push((word, valence)),
                    Ok(_) => {}
                }
            }
            Ok(words)
        }
        other => Err(wrong(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(section: &str, text: &str) -> Result<f64, EvalError> {
        let Ok(Value::Map(section)) = parse_json(section) else { panic!("{section}") };
        let mut needles = NeedleSet::new();
        let lexicon = Lexicon::read(&section, &mut needles);
        let prefilter = needles.build();
        lexicon.score(&Text::new(text, &prefilter))
    }

    #[test]
    fn negators_and_intensifiers_act_on_the_three_words_after_them() {
        let score = |text| score("{}", text).unwrap();
        assert_eq!(score("terrible"), -0.8);
        assert_eq!(score("not terrible"), 0.4);
        assert_eq!(score("not a b terrible"), 0.4);
        assert_eq!(score("not a b c terrible"), -0.8);
        assert!((score("absolutely not terrible") - 0.6).abs() < 1e-12);
        assert_eq!(score("nothing here is known of"), -0.2);
        assert_eq!(score("a house"), 0.0);
    }

    #[test]
    fn words_of_the_folded_view_are_those_of_the_text() {
        // A word beyond ASCII that no text has makes the lexicon read the text itself.
        let both = |text: &str| (score("{}", text), score(r#"{"custom_lexicon": {"ø": 1}}"#, text));
        let parts =
            ["GOOD", "bad", " ", "’", "not", "very ", "-", "é", "\u{17F}", "HATE ", "\u{130}", "l", "9", "\u{3000}"];
        let parts = [&parts[..], &["nice", "_", "\u{212A}ind ", "\u{131}", "useful ", "no ", "\u{301}"]].concat();
        let mut random = 2u64;
        for _ in 0..3000 {
            let mut text = String::new();
            for _ in 0..20 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(parts[(random >> 33) as usize % parts.len()]);
            }
            let (folded, wide) = both(&text);
            assert_eq!(folded.unwrap().to_bits(), wide.unwrap().to_bits(), "{text}");
        }
    }

    #[test]
    fn the_policys_words_are_compared_as_given() {
        assert_eq!(score(r#"{"custom_lexicon": {"schön": 0.5}}"#, "SCHÖN").unwrap(), 0.5);
        assert_eq!(score(r#"{"custom_lexicon": {"YOU": -9}}"#, "you").unwrap(), 0.0);
        assert_eq!(score(r#"{"custom_lexicon": {"you": -9}}"#, "you").unwrap(), -1.0);
        assert_eq!(score(r#"{"custom_lexicon": [["you", 0.25]]}"#, "you").unwrap(), 0.25);
        assert_eq!(score(r#"{"custom_lexicon": {"": 0.5}}"#, "you, good").unwrap(), 0.5);
        assert!(score(r#"{"custom_lexicon": {"you": "x"}}"#, "you").is_err());
        assert!(score(r#"{"custom_lexicon": {"you": "x"}}"#, "me").is_ok());
        assert!(score(r#"{"custom_lexicon": 5}"#, "me").is_err());
    }
}
