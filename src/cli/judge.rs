//! `znyx-bench scorecard --judge`: a scorecard made earlier, judged by the gate as it stands now. No sample is evaluated.

use super::scorecard::{DONE, NOT_CERTIFIED, ScorecardArgs, ScorecardFormat, not_an_input, write_file};
use super::terminal::Terminal;
use crate::metrics::{Tier, TierVerdict, judge, parse_iso};
use crate::report::scorecard::write_tiers;
use crate::report::style::visible;
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// Both verdicts on a scorecard.
#[derive(Debug, Serialize)]
struct Judgement {
    /// Whether the detector may warn.
    advisory: TierVerdict,
    /// Whether it may block and redact.
    enforcement: TierVerdict,
}

/// Judges the scorecard in `file`: what `--out` writes, or a scorecard alone.
///
/// # Errors
/// The file is no scorecard, a value in it is of the wrong kind, or something cannot be written.
pub fn run(args: &ScorecardArgs, file: &Path, out: &mut dyn Write) -> anyhow::Result<u8> {
    let place = file.display();
    not_an_input(args)?;
    let text = std::fs::read_to_string(file).with_context(|| format!("{place}: the scorecard cannot be read"))?;
    let document: Value = serde_json::from_str(&text)
        .map_err(|e| anyhow::anyhow!("{place}:{}:{}: this is no JSON: {e}", e.line(), e.column()))?;
    let card = document.get("scorecard").filter(|card| card.is_object()).unwrap_or(&document);
    if !card.is_object() {
        bail!("{place}: expected a scorecard, which is an object; `znyx-bench scorecard --out` writes one");
    }
    // A card made for a category is judged by its bounds unless another is named.
    let category = args.category.as_deref().or_else(|| card["category"].as_str());
    let now = now(args)?;
    let verdict = |tier| judge(card, tier, category, now).with_context(|| place.to_string());
    let judgement = Judgement { advisory: verdict(Tier::Advisory)?, enforcement: verdict(Tier::Enforcement)? };
    let json = serde_json::to_string_pretty(&judgement)? + "\n";
    if let Some(path) = &args.out {
        write_file(path, &json)?;
    }
    match args.format {
        ScorecardFormat::Json => out.write_all(json.as_bytes())?,
        ScorecardFormat::Table => {
            writeln!(out, "Scorecard {}", visible(&place.to_string()))?;
            write_tiers(&judgement.advisory, &judgement.enforcement, Terminal::new(args.color).style(), out)?;
        }
    }
    let passed = match args.tier {
        None => true,
        Some(Tier::Advisory) => judgement.advisory.passed,
        Some(Tier::Enforcement) => judgement.enforcement.passed,
    };
    Ok(if passed { DONE } else { NOT_CERTIFIED })
}

/// The moment at which a scorecard is made or judged: `--now`, else the environment's `SOURCE_DATE_EPOCH` (seconds
/// since 1970, the convention of reproducible builds), else the clock.
///
/// # Errors
/// What is given is no time.
pub fn now(args: &ScorecardArgs) -> anyhow::Result<Timestamp> {
    if let Some(now) = args.now {
        return Ok(now);
    }
    let Some(seconds) = std::env::var_os("SOURCE_DATE_EPOCH").filter(|s| !s.is_empty()) else {
        return Ok(Timestamp::now());
    };
    let seconds = seconds.to_string_lossy();
    let moment = seconds.trim().parse().ok().and_then(|s| Timestamp::from_second(s).ok());
    moment.with_context(|| {
        format!("SOURCE_DATE_EPOCH is {seconds:?}, expected seconds since 1970 such as 1767225600 (or unset it)")
    })
}

/// A time as `--now` takes it.
///
/// # Errors
/// The text is no ISO 8601 time.
pub fn moment(text: &str) -> Result<Timestamp, String> {
    parse_iso(text).ok_or_else(|| "expected an ISO 8601 time such as 2026-06-01T00:00:00Z".to_owned())
}

/// A tier by its name.
///
/// # Errors
/// There is no such tier.
pub fn tier(name: &str) -> Result<Tier, String> {
    Tier::from_name(name).map_err(|e| e.to_string())
}
