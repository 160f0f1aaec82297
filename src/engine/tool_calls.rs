//! Tool calls: name and arguments are checked first, then what the tool returned.

use super::aggregate::aggregate;
use super::{Engine, EvalError, Finding, Request, Response};
use crate::api::Stage;
use crate::detectors::tools::Tools;
use crate::text::{NeedleSet, Text};
use crate::value::{Map, Value};

/// The check of calls themselves.
///
/// It reads the section `tools` (not its alias), is on unless switched off, and knows neither stages, nor strategy,
/// nor scorecard gate.
pub(super) struct CallCheck(Result<Option<Tools>, EvalError>);

impl CallCheck {
    pub(super) fn compile(policy: &Map, needles: &mut NeedleSet) -> Self {
        let none = Map::new();
        let section = match policy.get("tools") {
            None => &none,
            Some(Value::Map(section)) => section,
            Some(other) => return CallCheck(Err(EvalError::config("tools", other, "an object"))),
        };
        if section.get("enabled").is_some_and(|enabled| !enabled.truthy()) {
            return CallCheck(Ok(None));
        }
        CallCheck(Tools::new(section, needles).map(Some))
    }
}

impl Engine {
    /// Evaluates a call of the tool `name` with these arguments; the request's text is what the tool returned, empty
    /// for nothing.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn evaluate_tool_call(&self, name: &str, args: &Map, request: &Request<'_>) -> Result<Response, EvalError> {
        self.policy_version.as_ref().map_err(Clone::clone)?;
        let call: Option<Finding> = match &self.call_check.0 {
            Err(e) => return Err(e.clone()),
            Ok(None) => None,
            Ok(Some(tools)) => Some(tools.check(&Text::new(name, &self.prefilter), &Value::Map(args.clone()))?),
        };
        let outcomes = if request.text.is_empty() {
            Vec::new()
        } else {
            debug_assert_eq!(request.stage, Stage::Tool);
            self.run(request)?.0
        };
        let mut response = aggregate(call, outcomes, None);
        // Rewritten results are not handed back.
        response.sanitized_text = None;
        self.remediation.apply(&mut response)?;
        Ok(response)
    }
}
