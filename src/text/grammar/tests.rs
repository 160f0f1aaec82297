use super::*;

fn gated(phrases: impl IntoIterator<Item = &'static str>, needles: &mut NeedleSet) -> PhraseSet {
    PhraseSet::new(phrases.into_iter().map(|phrase| (phrase, needs(phrase).unwrap())), needles)
}

fn answers(phrase: &'static str, texts: &[&str]) -> Vec<bool> {
    let mut needles = NeedleSet::new();
    let gated = gated([phrase], &mut needles);
    let ungated = PhraseSet::ungated([phrase]);
    let prefilter = needles.build();
    texts
        .iter()
        .map(|text| {
            let text = Text::new(*text, &prefilter);
            let found = gated.occurring(&text).next().is_some();
            assert_eq!(found, ungated.occurs(0, &text), "the prefilter may not change the answer for {:?}", text.raw());
            found
        })
        .collect()
}

#[test]
fn a_blank_in_a_text_is_one_or_more_blanks() {
    assert_eq!(
        answers(
            r#""ignore all""#,
            &["Ignore\u{2003}\t ALL", "ignoreall", "ignore all", "\u{131}gnore all", "ignore \u{200B}all"]
        ),
        [true, false, true, true, false]
    );
    assert_eq!(answers(r#"["a ", " b"]"#, &["a b", "a  b", "a   b"]), [false, true, true]);
}

#[test]
fn named_parts_mean_pythons_classes() {
    assert_eq!(
        answers(r#"["~edge", "dan", "~edge"]"#, &["dan", "dané", "dan\u{301}", "Dan²", "(dan)"]),
        [true, false, true, false, true]
    );
    assert_eq!(
        answers(r#"["how", "~words:1-2", "x"]"#, &["howa b x", "how x", "howé ² x", "how-a b x"]),
        [true, false, true, false]
    );
    assert_eq!(answers(r#"["go ", "~tokens:0-1", "x"]"#, &["go x", "go a-b x", "go a b x"]), [true, true, false]);
    assert_eq!(answers(r#"["a", "~any", "b"]"#, &["a\nb", "a\rb", "aéb"]), [false, true, true]);
    assert_eq!(
        answers(r#"["~start", "end", "~end"]"#, &["end", "end\n", "end\n\n", " end"]),
        [true, true, false, false]
    );
}

#[test]
fn choices_repetitions_and_sets_compose() {
    let grammar = r##"[{"any": ["~start", {"ch": ["\n"]}]}, {"rep": [3, null], "of": "#"}, {"opt": "!"}, {"ch_not": [".", "~space"]}]"##;
    assert_eq!(answers(grammar, &["###x", "a\n####!x", "a ###x", "## x", "###!"]), [true, true, false, false, true]);
    assert_eq!(
        answers(r#"{"rep": [2, 3], "of": "no – "}"#, &["no – no –  ", "no – ", "no - no - "]),
        [true, false, false]
    );
}

#[test]
fn a_not_bars_what_begins_at_its_place() {
    let grammar = r#"["~edge", "pick ", {"any": ["a lock", "lock"]}, {"not": " if"}, "~edge"]"#;
    assert_eq!(
        answers(grammar, &["pick a lock", "pick lock if", "pick lock  if, pick lock", "pick locks"]),
        [true, false, true, false]
    );
}

#[test]
fn a_not_may_look_any_distance_but_not_over_a_line_feed() {
    let far = r#"["gun", "~edge", {"not": [{"rep": [0, null], "of": "~any"}, "~edge", "in ", "a game"]}]"#;
    assert_eq!(
        answers(far, &["gun", "gun for use in  a game", "gun\nin a game", "gun xin a game"]),
        [true, false, true, true]
    );
    let near = r#"["gun", {"not": [{"rep": [0, 3], "of": "~any"}, "game"]}]"#;
    assert_eq!(answers(near, &["gungame", "gun12 game", "gun123 game", "gunégame"]), [false, false, true, false]);
}

#[test]
fn a_not_inside_a_choice_bars_that_choice_alone() {
    let grammar = r#"["kill ", {"any": ["people", ["my ", {"not": [{"any": ["time", "work"]}, "~edge"]}, "~word+"]]}, "~edge", {"not": " in doom"}]"#;
    assert_eq!(
        answers(
            grammar,
            &[
                "kill people",
                "kill my time",
                "kill my timeline",
                "kill my dog in doom",
                "kill my dog in  a park",
                "kill my  time"
            ]
        ),
        [true, false, true, false, true, false]
    );
}

#[test]
fn a_link_between_two_nots_starts_at_several_places_at_once() {
    let grammar = r#"["a", {"not": "ab"}, {"rep": [1, null], "of": "a"}, {"not": "a"}, "b"]"#;
    assert_eq!(answers(grammar, &["aab", "aaab", "aaaab", "ab", "aaa"]), [false, true, true, false, false]);
}

#[test]
fn what_is_not_in_the_notation_is_refused() {
    for grammar in [
        "[",
        "1",
        r#"{"some": []}"#,
        r#""~nothing""#,
        r#""~words:1""#,
        r#""é""#,
        r#"{"rep": [1], "of": "a"}"#,
        r#"{"ch": ["ab"]}"#,
        r#"{"not": ["a", {"not": "b"}]}"#,
    ] {
        assert!(Phrase::read(grammar).is_err(), "{grammar}");
    }
}

#[test]
fn candidates_come_in_order_with_and_without_gates() {
    let mut needles = NeedleSet::new();
    let set = gated(["\"gamma\"", "\"~digit\"", "\"alpha\"", "\"~word\"", "\"beta\""], &mut needles);
    let prefilter = needles.build();
    let text = Text::new("beta alpha", &prefilter);
    assert_eq!(set.candidates(&text).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(set.occurring(&text).collect::<Vec<_>>(), [2, 3, 4]);
}
