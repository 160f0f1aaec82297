//! One text to evaluate and what is known about it.

use super::detector::EvalError;
use crate::api::Stage;
use crate::value::{Map, Value, parse_json};
use std::cell::OnceCell;

/// One evaluation request.
#[derive(Debug)]
pub struct Request<'a> {
    /// The text.
    pub text: &'a str,
    /// Where in the application's life it stands.
    pub stage: Stage,
    /// Free-form metadata; detectors read the keys their specification names.
    pub metadata: Metadata<'a>,
    /// Who asks.
    pub identity: Identity<'a>,
}

impl<'a> Request<'a> {
    /// A request with the benchmark's own identity and no metadata.
    #[must_use]
    pub fn new(text: &'a str, stage: Stage) -> Self {
        Request { text, stage, metadata: Metadata::none(), identity: Identity::default() }
    }
}

/// Who asks: the reference keys state and tenant checks by these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Tenant.
    pub tenant_id: &'a str,
    /// Application.
    pub app_id: &'a str,
    /// Agent.
    pub agent_id: &'a str,
    /// Environment.
    pub env: &'a str,
    /// Session, where there is one.
    pub session_id: Option<&'a str>,
}

impl Default for Identity<'_> {
    /// The benchmark's own tenant and application, in production, in a session that nothing else shares: checks that
    /// need a session run as they do on its first request.
    fn default() -> Self {
        Identity {
            tenant_id: "benchmark",
            app_id: "benchmark",
            agent_id: "default",
            env: "prod",
            session_id: Some("sample"),
        }
    }
}

/// A request's metadata, parsed when the first detector asks for it.
#[derive(Debug, Default)]
pub struct Metadata<'a> {
    raw: Option<&'a str>,
    value: OnceCell<Option<Map>>,
}

impl<'a> Metadata<'a> {
    /// No metadata.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Metadata as JSON text (`null` is none). The text was read as JSON before.
    ///
    /// # Errors
    /// When it is neither an object nor null.
    pub fn from_json(raw: &'a str) -> Result<Self, EvalError> {
        match raw.trim_start().as_bytes().first() {
            Some(b'{') => Ok(Metadata { raw: Some(raw), value: OnceCell::new() }),
            None | Some(b'n') => Ok(Self::none()),
            _ => Err(EvalError::new("metadata must be an object or null")),
        }
    }

    /// Metadata that is already a value.
    #[must_use]
    pub fn from_map(map: Map) -> Self {
        Metadata { raw: None, value: OnceCell::from(Some(map)) }
    }

    /// The metadata object; `None` when there is none.
    #[must_use]
    pub fn map(&self) -> Option<&Map> {
        self.value
            .get_or_init(|| match self.raw.map(parse_json) {
                Some(Ok(Value::Map(map))) => Some(map),
                _ => None,
            })
            .as_ref()
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.map().and_then(|m| m.get(key))
    }
}
