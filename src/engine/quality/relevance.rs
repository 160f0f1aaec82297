//! Relevance: how much of the question's words and names an answer takes up.

use super::words::{Stop, content};
use super::{Answer, Scored, share};
use crate::text::chars;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

/// The score of an answer or question without content words.
const NOTHING_TO_COMPARE: f64 = 0.5;

pub(super) fn score(answer: &Answer<'_>) -> Option<Scored> {
    let (input, output) = (answer.input?, chars::lower(answer.output));
    let lowered = chars::lower(input);
    let asked: Vec<&str> = content(&lowered, Stop::A).collect();
    let said: Vec<&str> = content(&output, Stop::A).collect();
    if asked.is_empty() || said.is_empty() {
        return Some((NOTHING_TO_COMPARE, None));
    }
    let (asked, said) = (frequencies(&asked), frequencies(&said));
    let cosine = cosine(&asked, &said);
    let entity_recall = entity_recall(input, &output);
    let keyword_recall = share(asked.keys().filter(|word| said.contains_key(*word)).count(), asked.len());
    let parts =
        vec![("cosine_similarity", cosine), ("entity_recall", entity_recall), ("keyword_recall", keyword_recall)];
    Some((0.5 * cosine + 0.25 * entity_recall + 0.25 * keyword_recall, Some(parts)))
}

fn frequencies<'t>(words: &[&'t str]) -> HashMap<&'t str, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(*word).or_default() += 1;
    }
    counts
}

fn cosine(a: &HashMap<&str, usize>, b: &HashMap<&str, usize>) -> f64 {
    let dot: usize = a.iter().map(|(word, n)| n * b.get(word).unwrap_or(&0)).sum();
    if dot == 0 {
        return 0.0;
    }
    let norm = |counts: &HashMap<&str, usize>| share(counts.values().map(|n| n * n).sum(), 1).sqrt();
    share(dot, 1) / (norm(a) * norm(b))
}

/// The share of the question's names and quotations that the lowered answer contains; 1 when it has none.
fn entity_recall(input: &str, output: &str) -> f64 {
    let entities: HashSet<String> = entities(input);
    if entities.is_empty() {
        return 1.0;
    }
    // One pass, however many entities a question has. They can be as long as the question, so only the automaton
    // that stays in proportion to them will do.
    let automaton = AhoCorasick::builder().kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(&entities);
    let Ok(automaton) = automaton else { return 0.0 };
    let (mut found, mut count) = (vec![false; entities.len()], 0);
    for entity in automaton.find_overlapping_iter(output) {
        count += usize::from(!std::mem::replace(&mut found[entity.pattern().as_usize()], true));
        if count == entities.len() {
            break;
        }
    }
    share(count, entities.len())
}

/// Names of several words, capitalised words that begin a later sentence, and quotations, lowered.
fn entities(input: &str) -> HashSet<String> {
    static PATTERNS: OnceLock<[Regex; 3]> = OnceLock::new();
    let [names, openings, quotations] = PATTERNS.get_or_init(|| {
        [r"[A-Z][a-z]+(?:[\s\x1c-\x1f]+[A-Z][a-z]+)+", r"[.!?][\s\x1c-\x1f]([A-Z][a-z]{2,})", "\"([^\"]{2,})\""]
            // Constants: the tests compile them.
            .map(|pattern| Regex::new(pattern).expect("a constant pattern compiles"))
    });
    let whole = names.find_iter(input).map(|m| m.as_str());
    let grouped = |pattern: &'static Regex| pattern.captures_iter(input).filter_map(|c| c.get(1)).map(|m| m.as_str());
    whole.chain(grouped(openings)).chain(grouped(quotations)).map(|entity| chars::lower(entity).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_openings_and_quotations_are_entities() {
        let mut found: Vec<String> =
            entities("Ask Ida\nLund. Then \"go west\" or Go. To be: xHans Peter \"a\"").into_iter().collect();
        found.sort();
        assert_eq!(found, ["ask ida\nlund", "go west", "hans peter", "then"]);
    }

    #[test]
    fn the_same_words_are_fully_relevant() {
        let answer = |output, input| Answer { output, input: Some(input), metadata: None };
        // The cosine of equal vectors is a rounding error below one; the report rounds it away.
        assert!((score(&answer("harbour crane", "crane harbour")).unwrap().0 - 1.0).abs() < 1e-9);
        assert_eq!(score(&answer("it is", "crane")).unwrap(), (0.5, None));
    }
}
