//! What evaluation costs: whole policies, each detector alone, the prefilter's pass, and hostile texts at doubling
//! sizes (the time a text takes must double with it).
//!
//! `cargo bench --bench engine`, or `cargo bench --bench engine -- hostile` for one group.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use std::fmt;
use std::sync::OnceLock;
use znyx_bench::api::Stage;
use znyx_bench::engine::pipeline::PIPELINE;
use znyx_bench::engine::{Engine, EngineOptions, Request};
use znyx_bench::text::fold::fold_into;
use znyx_bench::text::{NeedleSet, Prefilter};
use znyx_bench::value::{Map, Value};

fn main() {
    divan::main();
}

/// The detectors that the reference proposes for a new policy.
const PROPOSED: [&str; 8] =
    ["abuse", "secrets", "exfiltration", "topic_restriction", "toxicity", "competitor", "jailbreak", "pii"];

/// A policy that enables these detectors with their defaults.
fn policy<'k>(keys: impl IntoIterator<Item = &'k str>) -> Map {
    keys.into_iter().map(|key| (key.into(), Value::Map(section()))).collect()
}

fn section() -> Map {
    Map::from_iter([("enabled".into(), Value::Bool(true))])
}

fn engine<'k>(keys: impl IntoIterator<Item = &'k str>) -> Engine {
    Engine::compile(&policy(keys), EngineOptions::default())
}

fn all_keys() -> Vec<&'static str> {
    PIPELINE.iter().map(|entry| entry.key).collect()
}

/// Ordinary messages of about 800 bytes: support requests and answers, some with an address, a link, a number or a
/// line of code.
fn messages() -> &'static [String] {
    static MESSAGES: OnceLock<Vec<String>> = OnceLock::new();
    MESSAGES.get_or_init(|| {
        const SENTENCES: [&str; 16] = [
            "Thanks for getting back to me so quickly about the delivery. ",
            "The parcel was supposed to arrive on the third of May, but the tracking page has not moved since Tuesday. ",
            "Could you check whether the address on the order is 14 Harbour Street, third floor? ",
            "I tried to sign in twice and the page only says that something went wrong. ",
            "You can reach me at nils@harbour.example or on the phone after six. ",
            "Our team compared the two plans and the yearly one seems to be the better fit for twelve people. ",
            "Here is what the console prints: `TypeError: cannot read property 'id' of undefined`. ",
            "Das Angebot gilt bis Ende des Monats, danach ändern sich die Preise. ",
            "Please note that refunds can take between five and ten working days. ",
            "The report is at https://docs.example.org/reports/2024?id=7 if you would like to read it first. ",
            "Mix the flour with 250 g of butter, then let it rest for an hour in a cool place. ",
            "In the second chapter the author explains why the bridge was built where the river is widest. ",
            "If the light blinks twice, hold the button for five seconds until it turns green. ",
            "We walked along the coast for most of the day and found a small café near the lighthouse. ",
            "The function takes a list of numbers and returns the largest one, or nothing for an empty list. ",
            "La réunion est reportée à jeudi, car la salle n'est pas libre avant. ",
        ];
        (0..256usize)
            .map(|i| (0..9).map(|j| SENTENCES[(i * 7 + j * (5 + i % 6)) % SENTENCES.len()]).collect())
            .collect()
    })
}

fn total(texts: &[String]) -> BytesCount {
    BytesCount::new(texts.iter().map(String::len).sum::<usize>())
}

fn evaluate(bencher: Bencher<'_, '_>, engine: &Engine, stage: Stage, texts: &[String]) {
    bencher.counter(total(texts)).bench(|| {
        for text in texts {
            let _ = black_box(engine.evaluate(&Request::new(black_box(text), stage)));
        }
    });
}

#[divan::bench(args = ["proposed", "all"])]
fn policy_on_input(bencher: Bencher<'_, '_>, name: &str) {
    let engine = if name == "all" { engine(all_keys()) } else { engine(PROPOSED) };
    evaluate(bencher, &engine, Stage::Input, messages());
}

#[divan::bench(args = ["proposed", "all"])]
fn policy_on_output(bencher: Bencher<'_, '_>, name: &str) {
    let engine = if name == "all" { engine(all_keys()) } else { engine(PROPOSED) };
    evaluate(bencher, &engine, Stage::Output, messages());
}

/// Each detector alone, at the first stage where it runs.
#[divan::bench(args = all_keys())]
fn detector(bencher: Bencher<'_, '_>, key: &str) {
    let engine = engine([key]);
    let stage = Stage::ALL.into_iter().find(|stage| engine.runs_at(key, *stage)).unwrap_or(Stage::Input);
    evaluate(bencher, &engine, stage, messages());
}

#[divan::bench(args = ["proposed", "all"])]
fn compile_policy(bencher: Bencher<'_, '_>, name: &str) {
    let policy = if name == "all" { policy(all_keys()) } else { policy(PROPOSED) };
    bencher.bench(|| Engine::compile(black_box(&policy), EngineOptions::default()));
}

/// The least that a policy can cost: folding the text and one search for all needles.
mod prefilter {
    use super::*;

    fn of_detectors(keys: &[&str]) -> Prefilter {
        let mut needles = NeedleSet::new();
        for entry in PIPELINE.iter().filter(|entry| keys.contains(&entry.key)) {
            let _ = (entry.build)(&section(), &mut needles);
        }
        needles.build()
    }

    #[divan::bench]
    fn fold(bencher: Bencher<'_, '_>) {
        let texts = messages();
        let mut folded = Vec::new();
        bencher.counter(total(texts)).bench_local(|| {
            for text in texts {
                folded.clear();
                fold_into(black_box(text), &mut folded);
            }
        });
    }

    fn folded_messages() -> Vec<Vec<u8>> {
        let fold = |text: &String| {
            let mut folded = Vec::new();
            fold_into(text, &mut folded);
            folded
        };
        messages().iter().map(fold).collect()
    }

    fn of(name: &str) -> Prefilter {
        if name == "all" { of_detectors(&all_keys()) } else { of_detectors(&PROPOSED) }
    }

    #[divan::bench(args = ["proposed", "all"])]
    fn scan(bencher: Bencher<'_, '_>, name: &str) {
        let prefilter = of(name);
        let folded = folded_messages();
        bencher.counter(total(messages())).bench(|| {
            for text in &folded {
                black_box(prefilter.scan(black_box(text)));
            }
        });
    }

    /// The yardstick: one pass of an `aho-corasick` automaton with the same needles, its matches only counted.
    #[divan::bench(args = ["proposed", "all"])]
    fn aho_corasick_dfa(bencher: Bencher<'_, '_>, name: &str) {
        let prefilter = of(name);
        let automaton = aho_corasick::AhoCorasick::builder()
            .kind(Some(aho_corasick::AhoCorasickKind::DFA))
            .prefilter(false)
            .build(prefilter.needles())
            .expect("a few thousand needles");
        let folded = folded_messages();
        bencher.counter(total(messages())).bench(|| {
            for text in &folded {
                black_box(automaton.find_overlapping_iter(black_box(text.as_slice())).count());
            }
        });
    }
}

/// A text made to be slow, of a size in bytes.
#[derive(Clone, Copy)]
struct Hostile {
    kind: &'static str,
    size: usize,
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} KiB", self.kind, self.size / 1024)
    }
}

/// What is repeated to fill a hostile text.
const REPEATED: [(&str, &str); 14] = [
    ("letter", "a"),
    ("digits", "1234567890"),
    ("blanks", " "),
    ("line feeds", "\n"),
    ("combining marks", "e\u{301}\u{302}"),
    ("zero width", "a\u{200B}"),
    ("brackets", "(["),
    ("quotes", "\""),
    ("equations", "1+"),
    ("dots", "a."),
    ("addresses", "a@"),
    ("rule prefixes", "ignore all previous sk-ant- http:// [ref: password= <!-- data: "),
    ("look-alikes", "ıſ\u{212A}İ"),
    ("words", "the quick brown fox "),
];

fn hostile_cases() -> Vec<Hostile> {
    let kinds = REPEATED.iter().map(|(kind, _)| *kind).chain(["base64 in base64"]);
    kinds.flat_map(|kind| [16, 32, 64].map(|kib| Hostile { kind, size: kib * 1024 })).collect()
}

fn hostile_text(case: Hostile) -> String {
    use base64::Engine as _;
    let Some((_, part)) = REPEATED.iter().find(|(kind, _)| *kind == case.kind) else {
        // Each turn makes the text a third longer.
        let mut text = "ignore all previous instructions".to_owned();
        while text.len() * 4 / 3 < case.size {
            text = base64::engine::general_purpose::STANDARD.encode(&text);
        }
        return text;
    };
    part.repeat(case.size / part.len())
}

/// All detectors at once; compare the sizes of one kind with each other.
#[divan::bench(args = hostile_cases(), sample_count = 3, sample_size = 1)]
fn hostile(bencher: Bencher<'_, '_>, case: Hostile) {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| engine(all_keys()));
    let text = hostile_text(case);
    bencher.counter(BytesCount::new(text.len())).bench(|| {
        for stage in [Stage::Input, Stage::Output] {
            let _ = black_box(engine.evaluate(&Request::new(black_box(&text), stage)));
        }
    });
}
