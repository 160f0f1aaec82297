//! `znyx-bench lint`: what is wrong or doubtful in policy files, without evaluating anything.

use crate::policy::{Issue, LoadOptions, PolicySource, Review, SignatureRules, Validation};
use anyhow::Context as _;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// Check policy files and bundles without evaluating anything
#[derive(Debug, clap::Args)]
pub struct LintArgs {
    /// Policy files (JSON or YAML, any shape), or a policy as inline JSON starting with `{`
    #[arg(value_name = "POLICY", required_unless_present = "bundle")]
    pub policies: Vec<String>,

    /// A published bundle, checked for version, hash and signatures; may be repeated
    #[arg(long, value_name = "FILE")]
    pub bundle: Vec<PathBuf>,

    /// The publisher's Ed25519 public key: a PEM file, or the PEM text itself. Given a key, bundles must be signed
    #[arg(
        long,
        value_name = "PEM",
        env = "ZNYX_BUNDLE_PUBLIC_KEY",
        hide_env_values = true,
        allow_hyphen_values = true
    )]
    pub public_key: Option<String>,

    /// Refuse bundles without a valid signature
    #[arg(long)]
    pub require_signature: bool,

    /// Check only this part of a policy file, a dotted path such as `tenants.acme.apps.bot`
    #[arg(long, value_name = "PATH", conflicts_with_all = ["tenant", "app", "agent", "env"])]
    pub scope: Option<String>,

    /// Check only what requests of this tenant get
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,

    /// Check only what requests of this app get
    #[arg(long, value_name = "NAME")]
    pub app: Option<String>,

    /// Check only what requests of this agent get
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,

    /// Check only what requests in this environment get
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,

    /// How to print the findings
    #[arg(long, value_enum, default_value_t = LintFormat::Human)]
    pub format: LintFormat,

    /// Fail on warnings and lint findings too
    #[arg(long)]
    pub deny_warnings: bool,
}

/// Output formats of `lint`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LintFormat {
    /// Findings grouped by file, with a count.
    Human,
    /// One JSON object with all files.
    Json,
}

/// What is said about one file.
#[derive(Debug, Serialize)]
struct FileFindings {
    path: String,
    valid: bool,
    blockers: Vec<Issue>,
    warnings: Vec<Issue>,
    lint: Vec<Issue>,
}

#[derive(Debug, Serialize)]
struct Findings {
    files: Vec<FileFindings>,
}

/// Reviews the files and writes the findings to `out`. Returns the exit code: 0 when all is well, 2 when a file is
/// unusable or, with `--deny-warnings`, when anything was found.
///
/// # Errors
/// When the public key cannot be read or `out` cannot be written.
pub fn run(args: &LintArgs, out: &mut dyn Write) -> anyhow::Result<u8> {
    let rules = args.signature_rules()?;
    let mut files = Vec::new();
    for arg in &args.policies {
        files.push(args.findings(&PolicySource::from_arg(arg), &rules, false));
    }
    for path in &args.bundle {
        files.push(args.findings(&PolicySource::File(path.clone()), &rules, true));
    }
    let findings = Findings { files };
    match args.format {
        LintFormat::Human => write_human(&findings, out)?,
        LintFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &findings)?;
            writeln!(out)?;
        }
    }
    let (errors, warnings, lint) = findings.counts();
    let refused = errors > 0 || (args.deny_warnings && warnings + lint > 0);
    Ok(if refused { 2 } else { 0 })
}

impl LintArgs {
    fn signature_rules(&self) -> anyhow::Result<SignatureRules> {
        let public_key = match self.public_key.as_deref().filter(|key| !key.trim().is_empty()) {
            None => None,
            Some(pem) if pem.contains("-----BEGIN") => Some(pem.to_owned()),
            Some(path) => {
                Some(std::fs::read_to_string(path).with_context(|| format!("reading the public key file {path}"))?)
            }
        };
        let require_signature = self.require_signature || public_key.is_some();
        Ok(SignatureRules { public_key, require_signature, require_signature_v2: false })
    }

    fn options(&self) -> LoadOptions {
        LoadOptions {
            scope: self.scope.clone(),
            tenant: self.tenant.clone(),
            app: self.app.clone(),
            agent: self.agent.clone(),
            env: self.env.clone(),
            validation: Validation::Strict,
        }
    }

    fn selects(&self) -> bool {
        [&self.scope, &self.tenant, &self.app, &self.agent, &self.env].iter().any(|part| part.is_some())
    }

    fn findings(&self, source: &PolicySource, rules: &SignatureRules, as_bundle: bool) -> FileFindings {
        let review = match source.read() {
            Err(error) => Review::of_error(&error),
            Ok(document) if as_bundle && !document.is_bundle() => Review::of_non_bundle(),
            Ok(document) if self.selects() => Review::of_selection(&document, rules, &self.options()),
            Ok(document) => Review::of_document(&document, rules),
        };
        FileFindings {
            path: source.origin(),
            valid: review.is_valid(),
            blockers: review.blockers,
            warnings: review.warnings,
            lint: review.lint,
        }
    }
}

impl FileFindings {
    /// Severity and finding, worst first.
    fn rows(&self) -> impl Iterator<Item = (&'static str, &Issue)> {
        let errors = self.blockers.iter().map(|i| ("error", i));
        errors.chain(self.warnings.iter().map(|i| ("warning", i))).chain(self.lint.iter().map(|i| ("lint", i)))
    }
}

impl Findings {
    fn counts(&self) -> (usize, usize, usize) {
        self.files.iter().fold((0, 0, 0), |(errors, warnings, lint), file| {
            (errors + file.blockers.len(), warnings + file.warnings.len(), lint + file.lint.len())
        })
    }
}

fn write_human(findings: &Findings, out: &mut dyn Write) -> std::io::Result<()> {
    for file in &findings.files {
        let rows: Vec<_> = file.rows().collect();
        if rows.is_empty() {
            writeln!(out, "{}: ok", printable(&file.path))?;
            continue;
        }
        writeln!(out, "{}", printable(&file.path))?;
        let width = rows.iter().map(|(_, issue)| issue.code.len()).max().unwrap_or(0);
        for (severity, issue) in rows {
            let place = if issue.loc.is_empty() { String::new() } else { format!("{}: ", printable(&issue.loc)) };
            writeln!(out, "  {severity:<7}  {:<width$}  {place}{}", issue.code, printable(&issue.message))?;
        }
    }
    let (errors, warnings, lint) = findings.counts();
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    writeln!(
        out,
        "{}: {}, {}, {}",
        count(findings.files.len(), "file"),
        count(errors, "error"),
        count(warnings, "warning"),
        count(lint, "lint finding")
    )
}

/// Keys and values come from files: control characters must not reach a terminal.
fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}
