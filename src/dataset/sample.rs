//! One row of a dataset, typed.

use crate::api::{Decision, Stage};
use crate::engine::Hook;
use crate::value::Map;
use std::borrow::Cow;

/// One text to evaluate, with its label and everything the engine may ask about it. Borrows from the batch it was
/// read from.
#[derive(Debug)]
pub struct Sample<'a> {
    /// As in the dataset, or the row's 0-based number over the whole dataset.
    pub id: Cow<'a, str>,
    /// The text as result rows show it: the text that is evaluated or, for a tool call or a manifest, its JSON.
    pub text: Cow<'a, str>,
    /// Where the text stands in the application's life.
    pub context: Context,
    /// What the engine is given.
    pub subject: Subject<'a>,
    /// The label; none when unlabelled.
    pub expected_decision: Option<Decision>,
    /// Rule ids that should fire; none when not given.
    pub expected_rule_hits: Option<Vec<String>>,
    /// The metadata object as JSON on one line; none when absent.
    pub metadata: Option<Cow<'a, str>>,
    /// Who asks, where the row says so.
    pub identity: SampleIdentity<'a>,
}

/// The parts of the request's identity that a row may give.
#[derive(Debug, Default)]
pub struct SampleIdentity<'a> {
    /// Tenant.
    pub tenant_id: Option<Cow<'a, str>>,
    /// Application.
    pub app_id: Option<Cow<'a, str>>,
    /// Agent.
    pub agent_id: Option<Cow<'a, str>>,
    /// Environment.
    pub env: Option<Cow<'a, str>>,
    /// Session.
    pub session_id: Option<Cow<'a, str>>,
}

/// What a sample gives the engine to look at.
#[derive(Debug)]
pub enum Subject<'a> {
    /// The sample's text, with the metadata as it stands in the dataset.
    Text,
    /// The sample's text, with this metadata: that of the dataset and what a typed stage request adds to it.
    Enriched(Map),
    /// A tool call; the result is empty when there is none.
    ToolCall {
        /// Name of the tool.
        name: Cow<'a, str>,
        /// The arguments.
        args: Map,
        /// What the tool returned.
        result: Cow<'a, str>,
    },
    /// A tool declaration as JSON, for a lifecycle hook.
    Manifest(Cow<'a, str>),
}

/// The stage or lifecycle hook of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// A stage of a request.
    Stage(Stage),
    /// A lifecycle hook.
    Hook(Hook),
}

impl Context {
    /// The context with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Stage::from_name(name).map(Context::Stage).or_else(|| Hook::from_name(name).map(Context::Hook))
    }

    /// The name in datasets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Context::Stage(stage) => stage.name(),
            Context::Hook(hook) => hook.name(),
        }
    }

    /// All names, for messages.
    #[must_use]
    pub fn names() -> String {
        let names: Vec<_> = Stage::ALL.iter().map(|s| s.name()).chain(Hook::ALL.iter().map(|h| h.name())).collect();
        names.join(", ")
    }
}
