//! The detector `semantic_cache_integrity`.

use crate::engine::{Detector, EvalError};
use crate::text::NeedleSet;
use crate::value::Map;

/// Makes the detector from its section of the policy.
///
/// # Errors
/// When the configuration is one that the reference cannot use.
pub fn build(_section: &Map, _needles: &mut NeedleSet) -> Result<Box<dyn Detector>, EvalError> {
    Err(EvalError::unbuilt("semantic_cache_integrity"))
}
