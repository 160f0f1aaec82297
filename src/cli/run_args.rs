//! The flags of `run`.

use super::bins::BinArgs;
use super::terminal::ColorChoice;
use crate::api::Decision;
use crate::dataset::{Context, Format};
use crate::engine::EngineOptions;
use crate::metrics::gate::{max_fn, max_fp_rate, min_accuracy};
use crate::metrics::{Gate, GateError};
use crate::policy::{LoadOptions, SignatureRules, Validation};
use crate::runner::Kind;
use clap::{Args, ValueEnum};

/// Arguments of `run`.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["policy", "bundle"])))]
pub struct RunArgs {
    /// Dataset: a file, a glob, several of them (read as one dataset), or `-` for standard input. JSONL, JSON, CSV, TSV
    /// or a YAML suite, plain or compressed with gzip or Zstandard
    #[arg(short, long, value_name = "FILE", required = true, num_args = 1.., help_heading = "Dataset")]
    pub dataset: Vec<String>,

    /// Format of the dataset, whatever the files are called
    #[arg(long, value_name = "FORMAT", help_heading = "Dataset")]
    pub dataset_format: Option<DatasetFormat>,

    /// Name of the dataset in the run; by default the files' names
    #[arg(long, value_name = "NAME", help_heading = "Dataset")]
    pub dataset_id: Option<String>,

    /// Stage (or lifecycle hook) of rows that name none
    #[arg(long, value_name = "STAGE", default_value = "input", value_parser = context, help_heading = "Dataset")]
    pub context: Context,

    /// Read a column from another key: input_text=prompt,expected_decision=verdict. `metadata.NAME=KEY` puts a key into
    /// the metadata, `id=` numbers the rows
    #[arg(long, value_name = "COLUMN=KEY", value_delimiter = ',', help_heading = "Dataset")]
    pub map: Vec<String>,

    /// What foreign labels mean: safe=ALLOW,unsafe=BLOCK,1=BLOCK,unknown=NONE (NONE: unlabelled)
    #[arg(long, value_name = "LABEL=DECISION", value_delimiter = ',', help_heading = "Dataset")]
    pub label: Vec<String>,

    /// Label of samples in a suite's `positive_samples`, which have none of their own: any flag is right for them, only
    /// accuracy and confusion look at which. By default BLOCK for credentials (`vendor`), REDACT for personal data
    /// (`identifier_type`), else BLOCK
    #[arg(long, value_name = "DECISION", value_parser = decision, help_heading = "Dataset")]
    pub positive_decision: Option<Decision>,

    /// What to do about rows that are no samples
    #[arg(long, value_name = "WHAT", default_value = "fail", help_heading = "Dataset")]
    pub on_bad_row: OnBadRow,

    /// Evaluate only these samples: id=GLOB, context=NAME, metadata.KEY=VALUE. Conditions on one field are alternatives,
    /// on different fields all must hold
    #[arg(long, value_name = "CONDITION", help_heading = "Dataset")]
    pub only: Vec<String>,

    /// Leave these samples out (conditions as in --only)
    #[arg(long, value_name = "CONDITION", help_heading = "Dataset")]
    pub skip: Vec<String>,

    /// Evaluate the first N samples that pass the filters
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Dataset")]
    pub limit: Option<u64>,

    /// Policy: inline JSON when it starts with `{`, else a JSON or YAML file of any shape
    #[arg(short, long, value_name = "POLICY", help_heading = "Policy")]
    pub policy: Option<String>,

    /// Published bundle, as the runtime fetches it or as the API returns it
    #[arg(short, long, value_name = "FILE", help_heading = "Policy")]
    pub bundle: Option<String>,

    /// The publisher's Ed25519 public key: a PEM file, or the PEM text itself. With a key a bundle must be signed
    #[arg(
        long,
        value_name = "PEM",
        env = "ZNYX_BUNDLE_PUBLIC_KEY",
        hide_env_values = true,
        allow_hyphen_values = true,
        help_heading = "Policy"
    )]
    pub public_key: Option<String>,

    /// Refuse a bundle without a valid signature
    #[arg(long, help_heading = "Policy")]
    pub require_signature: bool,

    /// Refuse a bundle without a valid v2 signature, which covers identity and scope too
    #[arg(long, help_heading = "Policy")]
    pub require_signature_v2: bool,

    /// Part of a policy file: a dotted path such as tenants.acme.apps.bot
    #[arg(long, value_name = "PATH", conflicts_with_all = ["tenant", "app", "agent", "env"], help_heading = "Policy")]
    pub scope: Option<String>,

    /// Resolve the policy for this tenant
    #[arg(long, value_name = "NAME", help_heading = "Policy")]
    pub tenant: Option<String>,

    /// Resolve the policy for this app
    #[arg(long, value_name = "NAME", help_heading = "Policy")]
    pub app: Option<String>,

    /// Resolve the policy for this agent
    #[arg(long, value_name = "NAME", help_heading = "Policy")]
    pub agent: Option<String>,

    /// Resolve the policy for this environment
    #[arg(long, value_name = "NAME", help_heading = "Policy")]
    pub env: Option<String>,

    /// How the policy is checked first: `strict` refuses violations of the schema, `lenient` drops the sections that have
    /// them, as the runtime does, `none` evaluates the policy as it stands
    #[arg(long, value_name = "HOW", default_value = "strict", help_heading = "Policy")]
    pub validation: ValidationArg,

    /// Record what model-backed detectors without a passed scorecard would enforce, as the reference's benchmark does
    #[arg(long, help_heading = "Policy")]
    pub certify: bool,

    /// Ed25519 public key that scorecard stamps in the policy must be signed with: a PEM file, or the PEM text itself
    #[arg(
        long,
        value_name = "PEM",
        env = "ZNYX_SCORECARD_PUBLIC_KEY",
        hide_env_values = true,
        allow_hyphen_values = true,
        help_heading = "Policy"
    )]
    pub scorecard_key: Option<String>,

    /// Worker threads; by default one for each processor
    #[arg(short = 'j', long, value_name = "N", env = "ZNYX_BENCH_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024), help_heading = "Evaluation")]
    pub threads: Option<u16>,

    /// Evaluate each sample N times and keep the median time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000), help_heading = "Evaluation")]
    pub repeat: u32,

    /// Evaluate each sample N times before it is measured
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000), help_heading = "Evaluation")]
    pub warmup: u32,

    /// Leave out every time and latency, so that the same input gives the same bytes
    #[arg(long, help_heading = "Evaluation")]
    pub no_timing: bool,

    /// End with exit code 3 when more than N samples could not be evaluated
    #[arg(long, value_name = "N", help_heading = "Evaluation")]
    pub max_errors: Option<u64>,

    /// Write one result a row: JSONL, or CSV where the name ends in .csv (may be given for both); `-` is standard output
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub results: Vec<String>,

    /// Write the run with all results as one JSON document
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub out: Option<String>,

    /// Write the run without the results
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub summary: Option<String>,

    /// Add the rewritten text to results
    #[arg(long, help_heading = "Output")]
    pub include_sanitized: bool,

    /// Group the figures by the values of a metadata key, such as language or customer.tier
    #[arg(long, value_name = "KEY", value_delimiter = ',', help_heading = "Output")]
    pub by: Vec<String>,

    /// Bins of the figures of the risk score.
    #[command(flatten)]
    pub bins: BinArgs,

    /// What to print: `table` and `markdown` are reports, `json` the run with all results, `jsonl` and `csv` the results
    #[arg(short, long, value_name = "FORMAT", help_heading = "Output")]
    pub format: Option<OutputFormat>,

    /// Samples to list in the report
    #[arg(long, value_name = "KINDS", value_delimiter = ',', default_values = ["fp", "fn", "mismatch", "errors"], help_heading = "Output")]
    pub show: Vec<ShowKind>,

    /// The most samples of each kind to list
    #[arg(long, value_name = "N", default_value_t = 10, help_heading = "Output")]
    pub max_show: usize,

    /// Print errors only: no report (unless --format asks for one), no warnings, no progress
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    /// Show no progress bar
    #[arg(long, help_heading = "Output")]
    pub no_progress: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Output")]
    pub color: ColorChoice,

    /// Fail when this holds: 'fp_rate > 0.01', 'latency_ms.p99 > 5 or false_negatives > 0',
    /// 'by.context.output.recall < 0.9'; `figure ?? 0` gives an undefined figure a value
    #[arg(long, value_name = "EXPR", help_heading = "Gates")]
    pub fail_on: Vec<String>,

    /// Fail when the accuracy is below X
    #[arg(long, value_name = "X", help_heading = "Gates")]
    pub min_accuracy: Option<f64>,

    /// Fail when the false-positive rate is above X
    #[arg(long, value_name = "X", help_heading = "Gates")]
    pub max_fp_rate: Option<f64>,

    /// Fail when there are more than N false negatives
    #[arg(long, value_name = "N", help_heading = "Gates")]
    pub max_fn: Option<u64>,
}

/// Formats of datasets by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum DatasetFormat {
    Jsonl,
    Json,
    Csv,
    Tsv,
    Yaml,
}

impl From<DatasetFormat> for Format {
    fn from(format: DatasetFormat) -> Self {
        match format {
            DatasetFormat::Jsonl => Format::Jsonl,
            DatasetFormat::Json => Format::Json,
            DatasetFormat::Csv => Format::Csv,
            DatasetFormat::Tsv => Format::Tsv,
            DatasetFormat::Yaml => Format::Yaml,
        }
    }
}

/// What to do about rows that are no samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnBadRow {
    /// List them all and evaluate nothing
    Fail,
    /// Go on without them and count them
    Skip,
}

/// How a policy is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum ValidationArg {
    Strict,
    Lenient,
    None,
}

impl ValidationArg {
    /// The name as the manifest has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ValidationArg::Strict => "strict",
            ValidationArg::Lenient => "lenient",
            ValidationArg::None => "none",
        }
    }
}

impl From<ValidationArg> for Validation {
    fn from(validation: ValidationArg) -> Self {
        match validation {
            ValidationArg::Strict => Validation::Strict,
            ValidationArg::Lenient => Validation::Lenient,
            ValidationArg::None => Validation::None,
        }
    }
}

/// What standard output gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum OutputFormat {
    Table,
    Json,
    Jsonl,
    Csv,
    Markdown,
}

/// Kinds of samples to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowKind {
    /// False positives
    Fp,
    /// False negatives
    Fn,
    /// Flagged, but with another decision than expected
    Mismatch,
    /// Samples that could not be evaluated
    Errors,
    /// Every sample
    All,
    /// None
    None,
}

impl ShowKind {
    /// The kind in the report; none for `none`.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            ShowKind::Fp => Some(Kind::FalsePositive),
            ShowKind::Fn => Some(Kind::FalseNegative),
            ShowKind::Mismatch => Some(Kind::Mismatch),
            ShowKind::Errors => Some(Kind::Error),
            ShowKind::All => Some(Kind::All),
            ShowKind::None => None,
        }
    }
}

fn context(name: &str) -> Result<Context, String> {
    Context::from_name(name).ok_or_else(|| format!("expected one of {}", Context::names()))
}

fn decision(name: &str) -> Result<Decision, String> {
    Decision::from_name(&name.to_ascii_uppercase())
        .filter(|d| *d != Decision::Allow)
        .ok_or_else(|| "expected WARN, BLOCK, REDACT or TRANSFORM".to_owned())
}

/// A key given as PEM text or as the name of a file that holds it; an empty one (a variable that is set to nothing) is
/// none.
fn key_text(given: Option<&str>) -> Result<Option<String>, String> {
    match given.filter(|key| !key.trim().is_empty()) {
        None => Ok(None),
        Some(pem) if pem.contains("-----BEGIN") => Ok(Some(pem.to_owned())),
        Some(path) => match std::fs::read_to_string(path) {
            Ok(pem) => Ok(Some(pem)),
            Err(e) => Err(format!("{path}: the public key cannot be read: {e}")),
        },
    }
}

impl RunArgs {
    /// The gates, short forms after the expressions.
    ///
    /// # Errors
    /// When an expression cannot be read.
    pub fn gates(&self) -> Result<Vec<Gate>, GateError> {
        let mut gates = self.fail_on.iter().map(|e| Gate::parse(e)).collect::<Result<Vec<_>, _>>()?;
        gates.extend(self.min_accuracy.map(min_accuracy));
        gates.extend(self.max_fp_rate.map(max_fp_rate));
        gates.extend(self.max_fn.map(max_fn));
        Ok(gates)
    }

    /// What to take from the policy file and how to check it.
    #[must_use]
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            scope: self.scope.clone(),
            tenant: self.tenant.clone(),
            app: self.app.clone(),
            agent: self.agent.clone(),
            env: self.env.clone(),
            validation: self.validation.into(),
        }
    }

    /// What a bundle must prove. As in the runtime, a key by itself asks for a signature.
    ///
    /// # Errors
    /// When the key's file cannot be read.
    pub fn signature_rules(&self) -> Result<SignatureRules, String> {
        let public_key = key_text(self.public_key.as_deref())?;
        Ok(SignatureRules {
            require_signature: self.require_signature || public_key.is_some(),
            require_signature_v2: self.require_signature_v2,
            public_key,
        })
    }

    /// How the engine runs.
    ///
    /// # Errors
    /// When the scorecard key's file cannot be read.
    pub fn engine_options(&self) -> Result<EngineOptions, String> {
        Ok(EngineOptions {
            timing: !self.no_timing,
            certify: self.certify,
            scorecard_key: key_text(self.scorecard_key.as_deref())?,
        })
    }

    /// The flags that change what is evaluated or how it is counted, as the manifest records them.
    #[must_use]
    pub fn flags_that_matter(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut each = |name: &str, values: &[String]| flags.extend(values.iter().map(|v| format!("--{name} {v}")));
        each("map", &self.map);
        each("label", &self.label);
        each("only", &self.only);
        each("skip", &self.skip);
        each("by", &self.by);
        let mut one = |name: &str, value: Option<String>| flags.extend(value.map(|v| format!("--{name} {v}")));
        one("context", (self.context.name() != "input").then(|| self.context.name().to_owned()));
        one("positive-decision", self.positive_decision.map(|d| d.name().to_owned()));
        one("limit", self.limit.map(|n| n.to_string()));
        one("on-bad-row", (self.on_bad_row == OnBadRow::Skip).then(|| "skip".to_owned()));
        one("repeat", (self.repeat > 1).then(|| self.repeat.to_string()));
        one("calibration-bins", self.bins.calibration_bins.map(|n| n.to_string()));
        one("score-bins", self.bins.score_bins.map(|n| n.to_string()));
        one("warmup", (self.warmup > 0).then(|| self.warmup.to_string()));
        flags.extend(self.certify.then(|| "--certify".to_owned()));
        flags.extend(self.scorecard_key.as_ref().map(|_| "--scorecard-key".to_owned()));
        flags
    }
}
