//! Makes a signed bundle from a flat policy and an Ed25519 key.
//!
//! ```text
//! openssl genpkey -algorithm ed25519 -out key.pem
//! cargo run --example sign_bundle -- policy.json key.pem bundle.json public.pem
//! ```
//! Same policy and key, same bundle: nothing in it depends on the time or on chance.

use anyhow::{Context as _, bail};
use std::fs;
use znyx_bench::policy::{Bundle, BundleKey, Identity};
use znyx_bench::value::{Value, parse_json, parse_yaml, python_json};

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [policy, key, bundle_out, public_out] = args.as_slice() else {
        bail!("usage: sign_bundle POLICY PRIVATE_KEY.pem BUNDLE_OUT.json PUBLIC_OUT.pem");
    };
    let text = fs::read_to_string(policy).with_context(|| format!("reading {policy}"))?;
    let value = match parse_json(&text) {
        Ok(value) => value,
        Err(_) => parse_yaml(&text).with_context(|| policy.clone())?,
    };
    let Value::Map(policies) = value else { bail!("{policy} holds {}, expected an object", value.kind()) };
    let key = BundleKey::from_pem(&fs::read_to_string(key).with_context(|| format!("reading {key}"))?)?;

    let identity = Identity {
        bundle_id: "example-bundle-1".into(),
        org_id: "example-org".into(),
        project_id: "example-project".into(),
        environment: "prod".into(),
        published_at: "2026-01-01T00:00:00+00:00".into(),
    };
    let mut bundle = Bundle::create(policies, Default::default(), &identity);
    bundle.sign(&key);
    fs::write(bundle_out, python_json(&bundle.to_value(), false) + "\n")
        .with_context(|| format!("writing {bundle_out}"))?;
    fs::write(public_out, key.public_pem()).with_context(|| format!("writing {public_out}"))
}
