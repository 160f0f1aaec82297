//! Lifecycle hooks: what is looked at outside a request.

use super::{Engine, EvalError, Response};
use crate::value::Value;

/// A moment in an application's life that is no stage of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hook {
    /// A tool or an MCP server is registered; its declaration is looked at.
    ToolRegistration,
    /// A policy is published.
    PolicyPublish,
}

impl Hook {
    /// All hooks.
    pub const ALL: [Hook; 2] = [Hook::ToolRegistration, Hook::PolicyPublish];

    /// The hook's name in datasets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Hook::ToolRegistration => "tool_registration",
            Hook::PolicyPublish => "policy_publish",
        }
    }

    /// The hook with exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|h| h.name() == name)
    }
}

impl Engine {
    /// Evaluates a tool declaration at a lifecycle hook; `manifest` is none where the sample has only a text.
    ///
    /// # Errors
    /// When the hook looks at no declaration, or there is none.
    pub fn evaluate_hook(&self, hook: Hook, manifest: Option<&Value>) -> Result<Response, EvalError> {
        match (hook, manifest) {
            (Hook::ToolRegistration, Some(_)) => Err(EvalError::unbuilt("mcp_manifest_scanner")),
            (Hook::ToolRegistration, None) => Err(EvalError::new(
                "tool_registration looks at a tool declaration under `manifest`, and this sample has none",
            )),
            (Hook::PolicyPublish, _) => Err(EvalError::new("policy_publish is a lifecycle hook that looks at no text")),
        }
    }
}
