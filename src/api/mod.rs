//! The types of the Znyx benchmark API: runs, results and what the runner adds to them. Data only, no logic.
//!
//! Keys are those of the API; additions of the runner are new keys, never a new meaning of an old one.

mod run;

pub use run::*;

use serde::{Deserialize, Serialize};
use std::fmt;

/// What the engine decides for a text. Ordered from mildest to severest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    /// Nothing to object.
    Allow,
    /// Let through, with a warning.
    Warn,
    /// Let through rewritten.
    Transform,
    /// Let through with parts blotted out.
    Redact,
    /// Stopped.
    Block,
}

impl Decision {
    /// All decisions, mildest first.
    pub const ALL: [Decision; 5] =
        [Decision::Allow, Decision::Warn, Decision::Transform, Decision::Redact, Decision::Block];

    /// The decision's name as the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Allow => "ALLOW",
            Decision::Warn => "WARN",
            Decision::Transform => "TRANSFORM",
            Decision::Redact => "REDACT",
            Decision::Block => "BLOCK",
        }
    }

    /// The decision with exactly this upper-case name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What came of a sample: a decision, or `ERROR` when it could not be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actual {
    /// The engine's decision.
    Decided(Decision),
    /// The sample could not be evaluated.
    Error,
}

impl Actual {
    /// The decision, unless evaluation failed.
    #[must_use]
    pub const fn decision(self) -> Option<Decision> {
        match self {
            Actual::Decided(d) => Some(d),
            Actual::Error => None,
        }
    }

    /// The name as the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Actual::Decided(d) => d.name(),
            Actual::Error => "ERROR",
        }
    }
}

impl fmt::Display for Actual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Actual {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Actual {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(d)?;
        if name == "ERROR" {
            return Ok(Actual::Error);
        }
        Decision::from_name(&name)
            .map(Actual::Decided)
            .ok_or_else(|| serde::de::Error::custom(format!("unknown decision {name:?}")))
    }
}

/// How grave a rule hit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 10 points of risk.
    Low,
    /// 30 points of risk.
    Medium,
    /// 50 points of risk.
    High,
}

impl Severity {
    /// Points that most detectors add to the risk for one hit.
    #[must_use]
    pub const fn points(self) -> u32 {
        match self {
            Severity::Low => 10,
            Severity::Medium => 30,
            Severity::High => 50,
        }
    }

    /// The severity with exactly this lower-case name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "low" => Some(Severity::Low),
            "medium" => Some(Severity::Medium),
            "high" => Some(Severity::High),
            _ => None,
        }
    }

    /// The name as the API writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// Where in an application's life a text is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// What a user sends.
    Input,
    /// What the model answers.
    Output,
    /// Retrieved chunks.
    Retrieval,
    /// What a tool returned.
    Tool,
    /// An agent's plan.
    AgentPlan,
    /// One step of an agent's loop.
    AgentLoop,
    /// A value about to be remembered.
    MemoryWrite,
}

impl Stage {
    /// All stages in the order of the documentation.
    pub const ALL: [Stage; 7] = [
        Stage::Input,
        Stage::Output,
        Stage::Retrieval,
        Stage::Tool,
        Stage::AgentPlan,
        Stage::AgentLoop,
        Stage::MemoryWrite,
    ];

    /// The stage's name in policies and datasets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Stage::Input => "input",
            Stage::Output => "output",
            Stage::Retrieval => "retrieval",
            Stage::Tool => "tool",
            Stage::AgentPlan => "agent_plan",
            Stage::AgentLoop => "agent_loop",
            Stage::MemoryWrite => "memory_write",
        }
    }

    /// The stage with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// A one-bit mask, for sets of stages.
    #[must_use]
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
