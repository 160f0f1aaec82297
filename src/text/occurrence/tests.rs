use super::*;
use proptest::prelude::*;
use regex_syntax::hir::Hir;

fn parsed(source: &str) -> Hir {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(source).unwrap()
}

/// Whether an expression occurs in a part of bytes: step by step, and by its automaton.
fn is_in_part(expression: &Hir, bytes: &[u8], part: Range<usize>) -> bool {
    let occurrence = Occurrence::new(Step::from(expression));
    let by_steps = occurrence.leads_on(bytes, part.clone(), Bars::Heeded);
    let automaton = Automaton::new(&occurrence.expression());
    assert_eq!(automaton.is_in(bytes, part.clone()), by_steps, "{expression} in {part:?} of {bytes:?}");
    by_steps
}

fn is_in(expression: &Hir, bytes: &[u8]) -> bool {
    is_in_part(expression, bytes, 0..bytes.len())
}

fn occurs(source: &str, text: &str) -> bool {
    is_in(&parsed(source), text.as_bytes())
}

#[test]
fn word_edges_and_ends_are_seen() {
    assert!(occurs(r"\bab+\b", "x abb.") && !occurs(r"\bab+\b", "xabb abx"));
    assert!(occurs(r"\Aa\n?\z", "a\n") && !occurs(r"\Aa\n?\z", "a\n\n") && occurs("", ""));
}

#[test]
fn an_occurrence_lies_in_the_part_and_sees_what_is_around() {
    let text = b"abc abc";
    let in_part = |source: &str, part| is_in_part(&parsed(source), text, part);
    for (source, part, expected) in [
        ("abc", 0..3, true),
        ("abc", 0..2, false),
        ("abc", 1..6, false),
        ("abc", 1..7, true),
        (r"\bbc", 1..3, false),
        (r"ab\b", 0..2, false),
        (r"[a-z]+\s", 0..3, false),
        (r"c\z", 0..3, false),
        (r"\Aa", 4..7, false),
        (r"", 7..7, true),
        (r"\z", 7..7, true),
        (r"\z", 3..6, false),
    ] {
        assert_eq!(in_part(source, part.clone()), expected, "{source} in {part:?}");
    }
}

#[test]
fn an_expression_that_meets_many_texts_is_given_an_automaton() {
    let bar = Step::from(&parsed(" x")).barred().unwrap();
    let occurrence = Occurrence::new(Step::Seq(vec![Step::from(&parsed(r"\bab+")), bar]));
    for _ in 0..=MANY_BYTES / 8 {
        assert!(occurrence.is_in_bytes(b"no abbb yz"));
        assert!(!occurrence.is_in_bytes(b"no ab x") && !occurrence.is_in_bytes(b"none"));
    }
    assert!(occurrence.automaton.get().is_some());
}

#[test]
fn far_places_are_reached_as_near_ones_are() {
    let far = format!("{}{}", "x".repeat(40_000), " y");
    for (source, expected) in [
        ("x{3,}+ y", true),
        (r"(?:x{1,3}z?)+ y", true),
        (r"(?:x{7})+ y", true),
        (r"(?:xx)+z", false),
        (r"\A(?:(?:x+)* )*y", true),
        (r"\A(?:x{1000}){40} y", true),
        (r"\A(?:x{1000}){39} y", false),
    ] {
        assert_eq!(occurs(source, &far), expected, "{source}");
    }
    // Places that are far from each other and go on in small steps.
    let words = format!("a {}a {}b", "xyz ".repeat(3000), "xyz ".repeat(3000));
    assert!(occurs("a (?:[xyz]+ )*b", &words) && !occurs("a (?:[xyz]+ )*c", &words));
}

proptest! {
    #[test]
    fn it_answers_as_the_regex_crate_does(
        parts in prop::collection::vec(
            prop::sample::select(&[
                "a", "b", "[ab]", "(?:a|bc)", r"\b", r"\B", "[ab]{2,4}", r"\s+", "c*", r"\xff", "(?:ab?|b)+", "(?:a|cc|)",
                "(?:[ab]+c?)*", "(?:b|ab){1,3}", r"\A", r"\z", "(?m:^)", "(?m:$)", "(?:ca|cb|c)", ".*", "[^a]{0,2}", "(?:a[bc]|a)",
            ][..]),
            1..7
        ),
        text in "[abc \n\u{FF}]{0,90}",
        ends in (0usize..90, 0usize..90)
    ) {
        let source = parts.concat();
        let slow = regex::bytes::RegexBuilder::new(&source).unicode(false).build().unwrap();
        let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        prop_assert_eq!(is_in(&parsed(&source), &bytes), slow.is_match(&bytes), "{}", source);
        let [start, end] = [ends.0.min(ends.1).min(bytes.len()), ends.0.max(ends.1).min(bytes.len())];
        let input = regex_automata::Input::new(&bytes).range(start..end);
        let engine = regex_automata::meta::Builder::new()
            .syntax(regex_automata::util::syntax::Config::new().unicode(false).utf8(false))
            .configure(regex_automata::meta::Config::new().utf8_empty(false))
            .build(&source)
            .unwrap();
        let in_part = is_in_part(&parsed(&source), &bytes, start..end);
        prop_assert_eq!(in_part, engine.is_match(input), "{} in {}..{}", source, start, end);
    }

    /// What must not be is asked for at each place as the rest of the expression would be there.
    #[test]
    fn what_is_barred_is_barred_at_its_place(
        parts in prop::collection::vec(
            prop::sample::select(&["a", "[ab]", "(?:a|bc)", "[ab]{0,2}", "c*", r"\b", "(?:ab?|b)+", "(?m:$)", r"\z"][..]), 3
        ),
        text in "[abc\n]{0,12}"
    ) {
        let [before, barred, behind] = [0, 1, 2].map(|at| parsed(parts[at]));
        let bar = Step::from(&barred).barred().unwrap();
        let step = Step::Seq(vec![Step::from(&before), bar, Step::from(&behind)]);
        let bytes = text.as_bytes();
        let matches = |part: &Hir, start: usize, end: Option<usize>| {
            let walk = Walk::new(bytes, bytes.len(), Bars::Heeded);
            let mut from = place_set::PlaceSet::all(start..start);
            from = walk.reached(&Step::from(part), &from);
            end.map_or(!from.is_empty(), |end| from.has(end))
        };
        let expected = (0..=bytes.len()).any(|start| (start..=bytes.len()).any(|at| {
            matches(&before, start, Some(at)) && !matches(&barred, at, None) && matches(&behind, at, None)
        }));
        prop_assert_eq!(Occurrence::new(step).is_in_bytes(bytes), expected, "{:?}", parts);
    }
}
