//! The surroundings that exempt a term: definitions, history, fiction, prohibitions, quotations and the like.
//!
//! Most lists are searched in the lowered text as a whole, wherever the term is. The place of a term, where one is
//! needed, is its first occurrence as a plain substring of the lowered text, which may lie inside another word and
//! need not be the occurrence that matched. All of it is the reference's.

use super::table::Category;
use crate::detectors::vocabulary;
use crate::engine::EvalError;
use crate::text::term::Term;
use crate::text::{CharSpan, FoldedPattern, NeedleSet, Prefilter, Text, chars, fold, phrase};
use std::borrow::Cow;
use std::cell::OnceCell;

/// The compiled lists. Those that are asked of the whole text are in [`Whole`]'s order.
pub(super) struct Exemptions {
    whole: Vec<FoldedPattern>,
    prohibition: FoldedPattern,
    prevention: FoldedPattern,
    /// Those that are asked of a sentence, in [`Sentential`]'s order.
    sentential: [FoldedPattern; 2],
    /// Sentences are searched for no needles.
    no_needles: Prefilter,
}

/// A term that was found.
pub(super) struct Subject<'s> {
    pub(super) term: &'s Term,
    pub(super) category: Option<Category>,
    pub(super) forcing: bool,
}

/// The lists asked of the whole text.
#[derive(Clone, Copy)]
enum Whole {
    Definition,
    History,
    Fiction,
    Murder,
    Pests,
    HarmReduction,
    BodyPaint,
    WorldWar,
    LessonKind,
    LessonMatter,
    Code,
}

impl Whole {
    const COUNT: usize = 11;
    const LISTS: [&str; Self::COUNT] = [
        lists::DEFINITION,
        lists::HISTORY,
        lists::FICTION,
        lists::MURDER,
        lists::PESTS,
        lists::HARM_REDUCTION,
        lists::BODY_PAINT,
        lists::WORLD_WAR,
        lists::LESSON_KIND,
        lists::LESSON_MATTER,
        lists::CODE,
    ];
}

/// What a text needs for each list that is asked of the whole text, worked out from it beforehand.
pub(in crate::detectors) const NEEDS: &str = include_str!("exemptions.needs.json");

/// The expressions of the lists that are asked of the whole text.
fn whole_sources() -> [String; Whole::COUNT] {
    // The lists are constants that the tests compile.
    let mut sources = Whole::LISTS.map(|list| phrase::any_source(list).unwrap_or_else(|e| panic!("{e}")));
    // Definitions stand at the start of the text.
    let definition = &mut sources[Whole::Definition as usize];
    *definition = format!(r"^\s*(?:{definition})");
    sources
}

/// [`NEEDS`] as they should be.
#[cfg(test)]
pub(in crate::detectors) fn needs() -> String {
    vocabulary::needs_of_patterns(whole_sources().iter().map(String::as_str))
}

impl Exemptions {
    /// Compiles the lists; each expression waits for the first text that needs it.
    ///
    /// # Errors
    /// When [`NEEDS`] are not those of the lists.
    pub(super) fn new(needles: &mut NeedleSet) -> Result<Self, EvalError> {
        // The lists are constants that the tests compile.
        let list = |list| phrase::ungated_any_of(list).unwrap_or_else(|e| panic!("{e}"));
        Ok(Exemptions {
            whole: vocabulary::patterns(whole_sources().iter().map(String::as_str), NEEDS, needles)?,
            prohibition: list(lists::PROHIBITION),
            prevention: list(lists::PREVENTION),
            sentential: [list(lists::EDUCATIONAL), list(lists::REPORTING)],
            no_needles: Prefilter::none(),
        })
    }

    /// The surroundings of a text.
    pub(super) fn scene<'s, 't>(&'s self, text: &'s Text<'t>) -> Scene<'s, 't> {
        Scene { rules: self, text, whole: [const { None }; Whole::COUNT], sentences: Vec::new() }
    }
}

/// The surroundings of one text, with what was already asked of it.
pub(super) struct Scene<'s, 't> {
    rules: &'s Exemptions,
    text: &'s Text<'t>,
    whole: [Option<bool>; Whole::COUNT],
    sentences: Vec<(CharSpan, Sentence<'s>)>,
}

/// The lists asked of a term's sentence.
#[derive(Clone, Copy)]
enum Sentential {
    Educational,
    Reporting,
}

/// A sentence, trimmed, and whether each list is found in it.
struct Sentence<'s> {
    raw: &'s str,
    /// Its folded view.
    written: Cow<'s, [u8]>,
    /// The view of its lowered text, as [`Text::lower_exact`].
    lower: Cow<'s, [u8]>,
    answers: [OnceCell<bool>; 2],
}

impl<'s> Sentence<'s> {
    fn of(text: &'s Text<'_>, span: CharSpan, no_needles: &Prefilter) -> Self {
        let raw = chars::trim(text.slice(span));
        let (written, lower) = (text.folded(), text.lower_exact());
        let (written, lower) = if written.len() == lower.len() {
            // Lowering moves nothing: the views are parts of the text's own. Hundreds of overlapping sentences would
            // be costly to copy.
            let visible = |&b: &u8| !fold::is_blank(b);
            let inside = &written[span.start..span.end];
            let start = span.start + inside.iter().position(visible).unwrap_or(inside.len());
            let end = span.start + inside.iter().rposition(visible).map_or(inside.len(), |i| i + 1);
            (Cow::Borrowed(&written[start..end]), Cow::Borrowed(&lower[start..end]))
        } else {
            let text = Text::new(raw, no_needles);
            (text.folded().to_vec().into(), text.lower_exact().to_vec().into())
        };
        Sentence { raw, written, lower, answers: Default::default() }
    }

    /// Where the lowered sentence first has the term as a substring.
    fn place(&self, term: &Term, no_needles: &Prefilter) -> Option<usize> {
        if term.as_str().is_ascii() {
            return memchr::memmem::find(&self.lower, term.as_str().as_bytes());
        }
        term.first_in_lower(&Text::new(self.raw, no_needles))
    }
}

/// Terms that source code contains without harm.
const CODE_TERMS: [&str; 7] = ["fucking", "fuck", "shit", "damn", "crap", "bastard", "asshole"];

/// What negates the term after it.
const NEGATORS: [&[u8]; 14] = [
    b"don't ",
    b"dont ",
    b"not ",
    b"never ",
    b"no ",
    b"isn't ",
    b"isnt ",
    b"wasn't ",
    b"wasnt ",
    b"weren't ",
    b"werent ",
    b"without ",
    b"neither ",
    b"nor ",
];

impl Scene<'_, '_> {
    /// Whether the term's surroundings exempt it.
    pub(super) fn exempts(&mut self, subject: &Subject<'_>) -> bool {
        let term = subject.term.as_str();
        let place = subject.term.first_in_lower(self.text);
        self.by_whole_text(term, subject)
            || place.is_some_and(|at| self.prohibited(at) || !subject.forcing && self.prevented(at, term))
            || self.by_sentence(subject, place)
    }

    fn by_whole_text(&mut self, term: &str, subject: &Subject<'_>) -> bool {
        let lenient = !subject.forcing;
        let category = subject.category;
        lenient && (self.has(Whole::Definition) || self.has(Whole::History))
            || !matches!(category, Some(Category::ExplicitSexual | Category::Grooming)) && self.has(Whole::Fiction)
            || term == "murder" && self.has(Whole::Murder)
            || matches!(term, "vermin" | "pest" | "poison") && self.has(Whole::Pests)
            || category == Some(Category::ExplicitSexual) && self.has(Whole::HarmReduction)
            || term == "unclothed" && self.has(Whole::BodyPaint)
            || matches!(term, "hitler" | "adolf hitler" | "nazi" | "neo nazi") && self.has(Whole::WorldWar)
            || lenient && self.has(Whole::LessonKind) && self.has(Whole::LessonMatter)
            || lenient && CODE_TERMS.contains(&term) && self.has(Whole::Code)
    }

    fn has(&mut self, list: Whole) -> bool {
        let (rules, text) = (self.rules, self.text);
        *self.whole[list as usize].get_or_insert_with(|| {
            let pattern = &rules.whole[list as usize];
            // Code is searched in the text itself, whatever its case; everything else in the lowered text.
            if matches!(list, Whole::Code) || text.is_lowered_by_folding() {
                pattern.is_match(text)
            } else {
                pattern.occurs_in(text.lower_exact())
            }
        })
    }

    /// Whether a prohibition stands in the 25 characters before the term.
    fn prohibited(&self, at: usize) -> bool {
        let before = &self.text.lower_exact()[at.saturating_sub(25)..at];
        self.rules.prohibition.occurs_in(before)
    }

    /// Whether the 120 characters before the term or the 30 after it speak of preventing it.
    fn prevented(&self, at: usize, term: &str) -> bool {
        let lower = self.text.lower_exact();
        let end = (at + term.chars().count() + 30).min(lower.len());
        self.rules.prevention.occurs_in(&lower[at.saturating_sub(120)..end])
    }

    fn by_sentence(&mut self, subject: &Subject<'_>, place: Option<usize>) -> bool {
        let quoting_only = subject.category == Some(Category::HateSpeech);
        if subject.forcing && !quoting_only {
            return false;
        }
        let span = sentence_span(self.text.folded(), place);
        let at = self.sentences.iter().position(|(s, _)| *s == span).unwrap_or_else(|| {
            let sentence = Sentence::of(self.text, span, &self.rules.no_needles);
            self.sentences.push((span, sentence));
            self.sentences.len() - 1
        });
        let sentence = &self.sentences[at].1;
        let place = sentence.place(subject.term, &self.rules.no_needles);
        let length = subject.term.as_str().chars().count();
        place.is_some_and(|at| quoted(&sentence.written, at, at + length))
            || self.says(at, Sentential::Reporting)
            || !quoting_only
                && (self.says(at, Sentential::Educational) || place.is_some_and(|at| negated(&sentence.lower[..at])))
    }

    /// Whether a list is found in a sentence.
    ///
    /// Sentences may overlap, hundreds of long ones in a hostile text: of two that end together, what the shorter
    /// says the longer says too, for a sentence begins beside a mark, and that is a word edge in both.
    fn says(&self, at: usize, list: Sentential) -> bool {
        let (span, sentence) = &self.sentences[at];
        *sentence.answers[list as usize].get_or_init(|| {
            let together = self.sentences.iter().filter(|(other, _)| other.end == span.end);
            let known = together
                .filter_map(|(other, s)| Some((other.start, *s.answers[list as usize].get()?)))
                .find(|&(start, says)| if says { start >= span.start } else { start <= span.start });
            let ask = || self.rules.sentential[list as usize].occurs_in(&sentence.lower);
            known.map_or_else(ask, |(_, says)| says)
        })
    }
}

/// The sentence of a term, untrimmed: from after the last full stop before it (only if there is none, exclamation
/// mark; then question mark) to the first at or after it. No place: the whole text.
///
/// The place is one of the lowered text, taken for one of the text itself: with U+0130 before it they differ.
fn sentence_span(folded: &[u8], place: Option<usize>) -> CharSpan {
    let Some(at) = place.map(|at| at.min(folded.len())) else { return CharSpan { start: 0, end: folded.len() } };
    let start = b".!?".iter().find_map(|&mark| memchr::memrchr(mark, &folded[..at])).map_or(0, |i| i + 1);
    let end = b".!?".iter().find_map(|&mark| memchr::memchr(mark, &folded[at..])).map_or(folded.len(), |i| at + i + 1);
    CharSpan { start, end }
}

/// Whether a quote stands within two characters on both sides of the term; never for a term at the very start.
///
/// The sentence is as written while the places are those of its lowered text: with U+0130 in it they differ.
fn quoted(sentence: &[u8], start: usize, end: usize) -> bool {
    let quote = |from: usize, to: usize| {
        let window = &sentence[from.min(sentence.len())..to.min(sentence.len())];
        window.iter().any(|b| matches!(b, b'"' | b'\''))
    };
    start > 0 && quote(start.saturating_sub(2), start) && quote(end, end + 2)
}

/// Whether what stands before the term ends in a negator, give or take two characters. No word edge is asked.
fn negated(before: &[u8]) -> bool {
    let before = &before[before.len().saturating_sub(20)..];
    NEGATORS.iter().any(|negator| {
        let window = &before[before.len().saturating_sub(negator.len() + 2)..];
        memchr::memmem::find(window, negator).is_some()
    })
}

/// The phrase lists, in the notation of [`phrase`].
mod lists {
    /// At the start of the text, after blanks.
    pub(super) const DEFINITION: &str = r##"
{what is, what are, what constitute, what constitutes, what does the term, what wer, what were}#
define <w>
{explain what, explain the concept of, can you define, can you explain what}#
"##;
    /// Questions about the past.
    pub(super) const HISTORY: &str = r##"
#what {happened, wer, were, was, cause, caused, led to, resulted in}#
#why did <w+> {attack, invade, start, commit, kill, murder, massacre, order, carry out}#
#when did [the ]<w+> {happen, occur, start, begin, end}#
#how did [the ]<w+> {happen, occur, come about}#
#history of<ws>
#historical {context, overview, analysis, account, perspective, background}#
#in {world war, ww1, ww2, ww<i+>, the holocaust, the rwandan, the armenian, the cambodian}#
"##;
    /// Stories, films and games.
    pub(super) const FICTION: &str = r##"
#in [{a, my, the} ]{novel, story, film, movie, book, play, show, series, game, screenplay, narrative, script, fiction}#
#for [{a, my} ]{tv show, film, movie, novel, story, screenplay, book, play, game}#
#{fictional, fictitious, imaginary} {character, story, scenario, setting, world}#
#{character, protagonist, villain, antagonist} {in the, in my, from the}#
#{mr[.] and mrs[.] smith, james bond, breaking bad, the godfather}#
"##;
    /// For `murder` alone.
    pub(super) const MURDER: &str = r##"
#murder {of crow, of crows, mystery}#
#{suspect of, suspect in, suspected of, suspected in, accused of, charged with, detective, investigat, interrogat, tour guide, cruise ship chef, play role, play the role, roleplay, whodunit}#
"##;
    /// For `vermin`, `pest` and `poison`.
    pub(super) const PESTS: &str = r##"
#{garden, pest, weed, lawn, insect, bug, plant, crop, rodent, rat, mice, mouse, infestation, aphid, slug, caterpillar}#
"##;
    /// For explicit_sexual alone.
    pub(super) const HARM_REDUCTION: &str = r##"
#{safely, safe way, safe practice, safe sex, safety tip, safety tips, harm reduction, tip for safely, tips for safely, tip on safely, tips on safely, how to safe, precaution, precautions, health way, healthy way, healthier way}#
"##;
    /// For `unclothed` alone.
    pub(super) const BODY_PAINT: &str = r##"
#body {paint, painting}#
"##;
    /// In the 25 characters before the term.
    pub(super) const PROHIBITION: &str = r##"
#no<ws>
#not allow
#prohibited
#forbid
#ban<ws>
#rule[s]<ws?>:<any>no<ws>
"##;
    /// For Hitler and Nazis.
    pub(super) const WORLD_WAR: &str = r##"
#{after, during, before, in, following} world war#
#what {would, if}#
#counterfactual#
#alternate history#
#{fake, fakes} {his, her, their} [own ]death#
#{escape, escaped, escapes} to#
#fled to#
#in hiding#
"##;
    /// Vocabulary lessons need this ...
    pub(super) const LESSON_KIND: &str = r##"
#{teach, lesson, define, definition, definitions, vocab, vocabulary, word list}#
"##;
    /// ... and this.
    pub(super) const LESSON_MATTER: &str = r##"
#{word, words, definition, complex, passage, sentence, student, learn}#
"##;
    /// Source code; in the text itself, whatever its case.
    pub(super) const CODE: &str = r##"
require<ws?>(
{const, let, var} <w>
function<ws?>(
function<ws?><w>
if<ws?>(err)
=><ws?><lbrace>
throw new <w>
"##;
    /// Around the term.
    pub(super) const PREVENTION: &str = r##"
#how to {avoid, prevent, stop, reduce, combat, address, fight, tackle}#
#{theorie, theories} [{on, to, about} ]{avoid, prevent, reduce}#
#{way, ways} to {avoid, prevent, minimize, reduce, stop}#
#{strategie, strategies} [{to, for} ]{avoid, prevent, reduce, combat}#
#{preventing, stopping, reducing, combating, addressing}#
#{protect, protection, protecting, protected} {from, against}#
#awareness {of, about}#
#recognize {sign of, signs of, and report}#
"##;
    /// In the term's sentence.
    pub(super) const EDUCATIONAL: &str = r##"
#{history, study, studied, studies, studying, research, learn, learning, learned, learns, discuss, discussion, discussing, understanding}#
#{tell me, inform me, read, curious} about#
#{example, definition, meaning, refers_to}#
#{documented, recorded, historical, academic}#
#was {used, said, written}#
#{teach, teaching, instruct, instructing, lesson, vocabulary, curriculum, homework, assignment}#
"##;
    /// Speech reported, in the term's sentence.
    pub(super) const REPORTING: &str = r##"
#{said, was called, labeled, saying, calling, dehumanising, dehumanizing, hateful, unacceptable}#
#called {me, them, us, him, her}#
#described#<any>#as#
#{has to, must, should} stop#
#{statement, statements, thing, things} like#
#{to say, to call, not okay, wrong to, stop treating}#
#{disgusting, horrible, terrible, awful} thing#
"##;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_compiles() {
        let exemptions = Exemptions::new(&mut NeedleSet::new()).unwrap();
        for pattern in &exemptions.whole {
            assert!(!pattern.occurs_in(b""));
        }
        for pattern in [&exemptions.prohibition, &exemptions.prevention].into_iter().chain(&exemptions.sentential) {
            assert!(!pattern.occurs_in(b""));
        }
    }

    fn exempt(term: &str, category: Option<Category>, forcing: bool, text: &str) -> bool {
        let mut needles = NeedleSet::new();
        let exemptions = Exemptions::new(&mut needles).unwrap();
        let prefilter = needles.build();
        let text = Text::new(text, &prefilter);
        exemptions.scene(&text).exempts(&Subject { term: &Term::by_space(term), category, forcing })
    }

    #[test]
    fn forcing_categories_keep_fiction_and_prohibition_only() {
        let threat = |text| exempt("kill yourself", Some(Category::Threats), true, text);
        assert!(threat("in the game you kill yourself") && threat("no way, kill yourself"));
        assert!(!threat("what is kill yourself") && !threat("she said kill yourself"));
        assert!(exempt("vermin", Some(Category::HateSpeech), true, "they called us vermin. she said"));
    }

    #[test]
    fn the_sentence_is_that_of_the_first_substring() {
        assert!(exempt("fat", None, false, "My father said so. You are fat"));
        assert!(!exempt("fat", None, false, "She said so. You are fat"));
        assert!(!exempt("idiot", None, false, "İ 'idiot' x") && exempt("idiot", None, false, "İ zz 'idiot'' x"));
        assert!(exempt("idiot", None, false, "piano idiot") && !exempt("idiot", None, false, "not quite an idiot"));
        assert!(exempt("moron", None, false, "moron! a study of it."));
        assert!(exempt("idiot", None, false, "so 'idiot', ok") && !exempt("idiot", None, false, "idiot' ok"));
    }
}
