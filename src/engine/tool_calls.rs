//! Tool calls: name and arguments first, then what the tool returned.

use super::{Engine, EvalError, Request, Response};
use crate::value::Map;

impl Engine {
    /// Evaluates a call of the tool `name` with these arguments; the request's text is what the tool returned, empty
    /// for nothing.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn evaluate_tool_call(&self, name: &str, args: &Map, request: &Request<'_>) -> Result<Response, EvalError> {
        let _ = (name, args, request);
        Err(EvalError::unbuilt("tools"))
    }
}
