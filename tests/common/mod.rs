//! What the tests of the command line share.
#![allow(dead_code)]

use assert_cmd::Command;
use assert_cmd::assert::Assert;

/// A policy that stops extraction and credentials.
pub const POLICY: &str = r#"{"secrets":{"enabled":true},"exfiltration":{"enabled":true,"block_threshold":30}}"#;

/// A folder of its own in which the program runs.
pub struct Scene(tempfile::TempDir);

impl Scene {
    pub fn new() -> Self {
        Scene(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self) -> &std::path::Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), content).expect("a writable folder");
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.path().join(name).exists()
    }

    /// Names of the files in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("a readable folder");
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("znyx-bench").expect("the program is built");
        command.current_dir(self.0.path()).args(args);
        for name in ["NO_COLOR", "CI", "COLUMNS", "ZNYX_BENCH_THREADS", "ZNYX_BUNDLE_PUBLIC_KEY", "SOURCE_DATE_EPOCH"] {
            command.env_remove(name);
        }
        command
    }

    /// `run` over `d.jsonl` under `policy.json` with these flags.
    pub fn run(&self, flags: &[&str]) -> Assert {
        self.command(&["run", "--dataset", "d.jsonl", "--policy", "policy.json"]).args(flags).assert()
    }
}

/// One JSON value a line.
pub fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(json).collect()
}

pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}
