//! Every command in docs/scorecard.md does what the page says.

mod common;

use common::Scene;

/// A fenced block: what follows the backticks, and the lines.
fn blocks(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info, Vec::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    blocks
}

#[test]
fn the_commands_of_the_scorecard_page_run_as_shown() {
    let page = include_str!("../docs/scorecard.md");
    let scene = Scene::new();
    let blocks = blocks(page);
    for (info, lines) in &blocks {
        if let Some((_, name)) = info.split_once(' ') {
            scene.file(name, lines.join("\n") + "\n");
        }
    }
    let mut commands = 0;
    for (_, lines) in blocks.iter().filter(|(info, _)| *info == "console") {
        for command in lines.split(|line| line.starts_with("exit ")).filter(|lines| !lines.is_empty()) {
            let end = lines.iter().position(|line| std::ptr::eq(*line, command[0])).unwrap() + command.len();
            let code: i32 = lines[end]["exit ".len()..].parse().unwrap();
            let args: Vec<&str> = command[0].strip_prefix("$ znyx-bench ").unwrap().split(' ').collect();
            let output = scene.command(&args).assert().code(code).get_output().stdout.clone();
            let shown = |text: &str| -> Vec<String> {
                text.lines().filter(|l| !l.contains("p95_latency_ms")).map(str::to_owned).collect()
            };
            if command.len() > 1 {
                assert_eq!(
                    shown(&String::from_utf8(output).unwrap()),
                    shown(&command[1..].join("\n")),
                    "{}",
                    command[0]
                );
            }
            commands += 1;
        }
    }
    assert_eq!(commands, 5);
    let stamped = scene.read("policy.yaml");
    assert!(
        stamped.contains("action: BLOCK        # agreed in March") && stamped.contains("_scorecard_gate:"),
        "{stamped}"
    );
}
