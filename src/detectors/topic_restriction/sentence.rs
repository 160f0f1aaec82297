//! What the sentence around a topic's words does with them: only what asks for the topic or advises on it counts.

use crate::text::{FoldedPattern, Gate, phrase};

/// The kinds of sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fiction, statistics, history, a definition.
    Informational,
    /// Where help is to be had.
    Resource,
    /// Advice.
    Advisory,
    /// A warning.
    Warning,
    /// Anything else.
    Direct,
}

impl Kind {
    /// Whether a topic in such a sentence is a hit.
    pub(super) fn counts(self) -> bool {
        matches!(self, Kind::Advisory | Kind::Direct)
    }
}

/// The compiled lists. There is a sentence only where a topic was found: no needles.
pub(super) struct Classifier {
    /// In [`List`]'s order.
    lists: [FoldedPattern; 6],
    definition: FoldedPattern,
    no_definition: FoldedPattern,
}

/// What a sentence may hold.
#[derive(Clone, Copy)]
enum List {
    Fiction,
    Resource,
    Advisory,
    Request,
    Information,
    Warning,
}

const DEFINITION: &str = r"\bwhat\s+(?:is|are)\s+\w";

impl Classifier {
    pub(super) fn new() -> Self {
        // The lists are constants that the tests compile.
        let compiled = |source: &str| FoldedPattern::with_gate(source, Gate::ALWAYS).unwrap_or_else(|e| panic!("{e}"));
        let source = |list| phrase::any_source(list).unwrap_or_else(|e| panic!("{e}"));
        Classifier {
            lists: lists::IN_ORDER.map(|list| compiled(&source(list))),
            definition: compiled(DEFINITION),
            no_definition: compiled(&format!("^(?:{})", source(lists::NO_DEFINITION))),
        }
    }

    /// The kind of a sentence, given as the folded view of its lowered text.
    pub(super) fn kind(&self, sentence: &[u8]) -> Kind {
        let has = |list: List| self.lists[list as usize].occurs_in(sentence);
        if has(List::Fiction) {
            return Kind::Informational;
        }
        if has(List::Resource) {
            return Kind::Resource;
        }
        if has(List::Advisory) {
            return Kind::Advisory;
        }
        if has(List::Request) {
            return Kind::Direct;
        }
        if has(List::Information) || self.asks_for_definition(sentence) {
            return Kind::Informational;
        }
        if has(List::Warning) { Kind::Warning } else { Kind::Direct }
    }

    fn asks_for_definition(&self, sentence: &[u8]) -> bool {
        // Most sentences do not, and the matches of an expression must be compiled for.
        self.definition.occurs_in(sentence)
            && (self.definition.regex().find_iter(sentence))
                .any(|found| !self.no_definition.occurs_in(&sentence[found.end() - 1..]))
    }
}

/// The phrase lists, in the notation of [`phrase`].
mod lists {
    pub(super) const IN_ORDER: [&str; 6] = [FICTION, RESOURCE, ADVISORY, REQUEST, INFORMATION, WARNING];

    /// Games and stories.
    const FICTION: &str = r##"
#in {minecraft, gta[<ws?><d+>], roblox, fortnite, call of duty, cod, the witcher[<ws?><d+>], fallout[<ws?><d+>], skyrim, halo, doom, a game, a video game, the game}#
#in [my ]{crime novel, fiction, novel, story, screenplay, book}#
#for [a ]{fiction, novel, story, screenplay, book, film, movie}#
"##;
    /// Places to turn to.
    const RESOURCE: &str = r##"
#{hotline, helpline, crisis line, crisis center}#
#{call, text, contact, dial, reach} [a ]{hotline, helpline, crisis, therapist, counselor, emergency}#
#{seek, find, get} [professional ]{help, support, treatment, therapy}#
#mental health {resource, service, professional, support}#
#emergency {service, services}#
"##;
    /// Advice.
    const ADVISORY: &str = r##"
#{you_should, i_recommend, try_this, what_to_do, my_advice_is, my_recommendation}#
#take#<any>#{medication, drug, pill}#
#{invest_in, buy, sell}#
#file a lawsuit#
"##;
    /// Something is asked for.
    const REQUEST: &str = r##"
#{give_me, tell_me, show_me, explain, provide, i_need, i_want, please, how_to, can_you, could_you, would_you}#
#{what_should_i, should_i, can_i, how_do_i, how_can_i, what_are_my, what_is_my, do_i_have, could_it_be, have_i_developed, am_i, help_me, guide_me}#
#what are [{some, the} ]{method, methods, step, steps, way, ways, technique, techniques, mean, means, best way, best ways} {to, for, of}#
#what {is, are} [{some, the} ]{best, good, effective} {way, ways} {to, for}#
#what are some#
#how {do, can}#
#what is the {most, best, fastest, easiest, quickest, worst, safest}#
#does {my, your, his, her, their}#
"##;
    /// Facts and history.
    const INFORMATION: &str = r##"
#{according_to, research_shows, studies_indicate, studies_show, studies_have_shown}#
#{statistics, data, report, survey, results}#
#{in_general, typically, usually}#
#{history, historically, past, research, science}#
#following#<any>#from#
"##;
    /// What follows `what is` where that asks for no definition.
    pub(super) const NO_DEFINITION: &str = r##"
the {best, easiest, most, quickest, fastest}
{some, your, my, his, her, their}#
the {classified, confidential, explicit, detail, record, operation, method, step, way, covert, process, procedure}
"##;
    /// Warnings.
    const WARNING: &str = r##"
#{avoid, don't, dont, never, warning, caution}#
#{dangerous, harmful, risky}#
#{should_not, shouldn't, shouldnt, must_not, mustn't, mustnt}#
"##;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_kind_that_applies_wins() {
        let classifier = Classifier::new();
        for (sentence, kind) in [
            ("in the game you vote", Kind::Informational),
            ("call a crisis line, please", Kind::Resource),
            ("you should sell", Kind::Advisory),
            ("please show the history", Kind::Direct),
            ("the history of it", Kind::Informational),
            ("what is the senate?", Kind::Informational),
            ("what is the bestiary?", Kind::Direct),
            ("what is the most, what are words", Kind::Direct),
            ("never do it", Kind::Warning),
            ("a senate", Kind::Direct),
        ] {
            assert_eq!(classifier.kind(sentence.as_bytes()), kind, "{sentence}");
        }
    }
}
