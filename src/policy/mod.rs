//! From a policy file or a published bundle to the one flat object that the engine evaluates.
//!
//! A *policy* is one flat object: detector key to configuration, plus a few other keys. Files come in several shapes
//! (flat, hierarchical with tenants, a list of detectors, a bundle); this room recognises the shape, resolves the scope,
//! checks types and signatures, and says what is wrong in words.

mod advice;
mod bundle;
mod coerce;
mod issue;
mod lint;
mod load;
mod resolve;
mod review;
pub mod schema;
mod scope;
mod shape;
mod signature;
mod source;
mod validate;

pub use advice::{raw_values, similar_keys};
pub use bundle::{Bundle, BundleError, Format, Identity, SignatureRules};
pub use issue::Issue;
pub use lint::lint;
pub use load::{LoadOptions, Loaded, PolicyError, Validation, load, load_bundle, load_document};
pub use resolve::{Level, Levels, ResolveError, Resolved, levels_of, merge, policy_version, resolve};
pub use review::Review;
pub use scope::Scope;
pub use shape::{Shape, benchmark_base, flatten_detectors, walk};
pub use signature::{BundleKey, KeyError, is_public_key, verify};
pub use source::{Document, PolicySource};
pub use validate::{Lenient, Report, validate, validate_lenient};
