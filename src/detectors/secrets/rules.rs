//! The table of secrets: what each one looks like.
//!
//! In the examples, `<24>` stands for 24 letters and digits and `<h32>` for 32 hex digits, so that no file of this
//! project contains anything that looks like a key.

use crate::text::token::{ANY, AsciiSet, Form, Piece};
use Grammar::{Cased, Folded, HexWord, Token};
use Piece::{Digits, Lit, Run, Value};

/// A kind of secret.
#[derive(Debug)]
pub(super) struct Rule {
    /// `secrets.NAME`.
    pub id: &'static str,
    /// `secrets.base64_NAME`: the id when the secret was found inside base64.
    pub base64_id: &'static str,
    /// What it looks like.
    pub grammar: Grammar,
    /// What a match must satisfy beside its grammar.
    pub check: Option<fn(&str) -> bool>,
    /// Texts in which the rule fires.
    #[cfg(test)]
    pub hits: &'static [&'static str],
    /// Texts in which it does not.
    #[cfg(test)]
    pub misses: &'static [&'static str],
}

/// The ways in which a secret's look is written down.
#[derive(Debug)]
pub(super) enum Grammar {
    /// A literal and runs of characters, minding case.
    Token(&'static [Form]),
    /// A pattern in either case.
    Folded(&'static str),
    /// A pattern minding case.
    Cased(&'static str),
    /// A free-standing word of exactly 32 characters of the set, then perhaps more.
    HexWord(AsciiSet, Form),
}

macro_rules! rules {
    ($($name:literal, $grammar:expr, $check:expr, $hits:expr, $misses:expr;)*) => {
        &[$(Rule {
            id: concat!("secrets.", $name),
            base64_id: concat!("secrets.base64_", $name),
            grammar: $grammar,
            check: $check,
            #[cfg(test)]
            hits: &$hits,
            #[cfg(test)]
            misses: &$misses,
        }),*]
    };
}

const ALNUM: AsciiSet = AsciiSet::ALNUM;
const TOKEN: AsciiSet = AsciiSet::TOKEN;
const CAPS: AsciiSet = AsciiSet::UPPER_ALNUM;
const BASE64: AsciiSet = AsciiSet::BASE64;
const DASHED: AsciiSet = ALNUM.with(b"-");
const PADDED: AsciiSet = BASE64.with(b"=");
const DOPPLER: &[&str] = &["dp.st.", "dp.ct.", "dp.pt.", "dp.sa."];
/// A literal that begins and ends a JSON Web Token's parts.
const DOT: Piece = Lit(".");

/// A token that ends at a word edge.
const fn ends(starts: &'static [&'static str], rest: &'static [Piece]) -> Form {
    Form::new(starts, rest)
}

/// A token that may go on.
const fn open(starts: &'static [&'static str], rest: &'static [Piece]) -> Form {
    Form { starts, rest, edge_after: false }
}

/// All rules, in the order in which their hits are reported.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = rules![
    "openai_key", Token(&[ends(&["sk-"], &[Run(TOKEN, 20, ANY)])]), None,
        ["sk-<20>", "a-sk-<20>"], ["sk-<19>", "task-<20>"];
    "anthropic_key", Token(&[ends(&["sk-ant-"], &[Run(TOKEN, 20, ANY)])]), None,
        ["sk-ant-<20>"], ["sk-ant-<19>"];
    "azure_key", HexWord(AsciiSet::HEX, ends(&[], &[])), Some(super::is_random),
        ["key 0123456789abcdef0123456789ABCDEF;"], ["deadbeefdeadbeefdeadbeefdeadbeef", "<h33>", "_<h32>"];
    "google_api_key", Token(&[ends(&["AIza"], &[Run(TOKEN, 35, 35)])]), None,
        ["AIza<35>"], ["AIza<36>", "aiza<35>"];
    // The optional `v1-` is itself made of token characters: it changes no match.
    "openrouter_key", Token(&[ends(&["sk-or-"], &[Run(TOKEN, 32, ANY)])]), None,
        ["sk-or-<32>", "sk-or-v1-<32>"], ["sk-or-<31>"];
    "huggingface_token", Token(&[ends(&["hf_"], &[Run(ALNUM, 30, ANY)])]), None,
        ["hf_<30>"], ["hf_<29>", "hf_<30>_"];
    "xai_key", Token(&[ends(&["xai-"], &[Run(ALNUM, 60, ANY)])]), None, ["xai-<60>"], ["xai-<59>"];
    "mistral_key", Folded(r#"\bmistral[_-]?(?:api[_-]?)?key["':=\s]+[a-z0-9]{32}\b"#), None,
        ["Mistral_API-Key: \"<32>\"", "mistralkey=<32>"], ["my_mistral_key=<32>", "mistral_key=<33>"];
    "cohere_key", Folded(r#"\bcohere[_-]?(?:api[_-]?)?key["':=\s]+[a-z0-9]{40}\b"#), None,
        ["COHERE_API_KEY=<40>"], ["COHERE_API_KEY=<39>"];
    "replicate_token", Token(&[ends(&["r8_"], &[Run(ALNUM, 37, ANY)])]), None, ["r8_<37>"], ["r8_<36>"];
    "deepseek_key", Folded(r#"\bdeepseek[_-]?(?:api[_-]?)?key["':=\s]+[a-z0-9]{32,}\b"#), None,
        ["deepseek-key = <40>"], ["deepseek-key <31>"];
    "groq_key", Token(&[ends(&["gsk_"], &[Run(ALNUM, 48, ANY)])]), None, ["gsk_<48>"], ["gsk_<47>"];
    "github_pat_classic", Token(&[ends(&["ghp_"], &[Run(ALNUM, 30, ANY)])]), None, ["ghp_<36>"], ["ghp_<29>"];
    "github_oauth", Token(&[ends(&["gho_"], &[Run(ALNUM, 30, ANY)])]), None, ["gho_<30>"], ["xgho_<30>"];
    "github_pat_fine", Token(&[ends(&["github_pat_"], &[Run(ALNUM.with(b"_"), 22, ANY)])]), None,
        ["github_pat_<22>", "github_pat_<11>_<11>"], ["github_pat_<21>"];
    "github_app_token", Token(&[ends(&["ghs_", "ghu_"], &[Run(ALNUM, 30, ANY)])]), None,
        ["ghs_<30>", "ghu_<31>"], ["ghr_<30>"];
    "npm_token", Token(&[ends(&["npm_"], &[Run(ALNUM, 30, ANY)])]), None, ["npm_<36>"], ["npm_<29>"];
    "gitlab_pat", Token(&[ends(&["glpat-"], &[Run(TOKEN, 20, 20)])]), None,
        ["glpat-<20>", "glpat-<20>-x"], ["glpat-<21>"];
    "gitlab_runner", Token(&[ends(&["glrt-"], &[Run(TOKEN, 20, 20)])]), None, ["glrt-<20>"], ["glrt-<19>"];
    "linear_key", Token(&[ends(&["lin_api_", "lin_oauth_"], &[Run(ALNUM, 40, ANY)])]), None,
        ["lin_api_<40>", "lin_oauth_<41>"], ["lin_api_<39>"];
    "notion_token", Token(&[ends(&["ntn_"], &[Run(ALNUM, 40, ANY)]), ends(&["secret_"], &[Run(ALNUM, 43, 43)])]), None,
        ["ntn_<40>", "secret_<43>"], ["secret_<44>"];
    "stripe_secret", Token(&[ends(&["sk_live_", "sk_test_"], &[Run(ALNUM, 24, ANY)])]), None,
        ["sk_live_<24>", "sk_test_<24>"], ["sk_live_<23>"];
    "stripe_restricted", Token(&[ends(&["rk_live_", "rk_test_"], &[Run(ALNUM, 24, ANY)])]), None,
        ["rk_live_<24>"], ["rk_prod_<24>"];
    "stripe_publishable", Token(&[ends(&["pk_live_", "pk_test_"], &[Run(ALNUM, 24, ANY)])]), None,
        ["pk_test_<24>"], ["PK_TEST_<24>"];
    "twilio_account_sid", Token(&[ends(&["AC"], &[Run(AsciiSet::LOWER_HEX, 32, 32)])]), None,
        ["AC<h32>"], ["AC<h33>", "ac<h32>"];
    "twilio_api_key", Token(&[ends(&["SK"], &[Run(ALNUM, 28, 34)])]), None, ["SK<28>", "SK<34>"], ["SK<35>", "SK<27>"];
    "twilio_auth_token", Folded(r#"\btwilio[_-]?auth[_-]?token["':=\s]+[0-9a-f]{32}\b"#), None,
        ["TWILIO_AUTH_TOKEN='<h32>'"], ["TWILIO_TOKEN='<h32>'"];
    "sendgrid_key", Token(&[ends(&["SG."], &[Run(TOKEN, 20, ANY), DOT, Run(TOKEN, 35, ANY)])]), None,
        ["SG.<22>.<43>"], ["SG.<19>.<43>", "SG.<22>.<34>"];
    "mailgun_key", Token(&[ends(&["key-"], &[Run(ALNUM, 32, 32)])]), None, ["key-<32>"], ["key-<33>"];
    "mailchimp_key", HexWord(AsciiSet::LOWER_HEX, ends(&[], &[Lit("-us"), Run(AsciiSet::DIGIT, 1, 2)])), None,
        ["<h32>-us21"], ["<h32>-us210", "<h31>-us2"];
    "pagerduty_token", Folded(r#"\bpagerduty[_-]?(?:api[_-]?)?(?:token|key)["':=\s]+[a-z0-9+/=_-]{20,}\b"#), None,
        ["pagerduty_api_token=<20>", "PagerDutyKey: <20>"], ["pagerduty_token=<19>"];
    "slack_bot_token", Token(&[ends(&["xoxb-"], &[Digits(9, ANY), Lit("-"), Digits(9, ANY), Lit("-"), Run(ALNUM, 24, ANY)])]), None,
        ["xoxb-123456789-123456789-<24>"], ["xoxb-123456789-12345678-<24>"];
    "slack_user_token", Token(&[ends(&["xoxp-"], &[Digits(9, ANY), Lit("-"), Digits(9, ANY), Lit("-"), Digits(9, ANY), Lit("-"), Run(ALNUM, 32, ANY)])]), None,
        ["xoxp-123456789-123456789-123456789-<32>"], ["xoxp-123456789-123456789-<32>"];
    "slack_admin_token", Token(&[ends(&["xoxa-"], &[Run(DASHED, 40, ANY)])]), None, ["xoxa-2-<40>"], ["xoxa-<39>"];
    "slack_refresh_token", Token(&[ends(&["xoxr-"], &[Run(DASHED, 40, ANY)])]), None, ["xoxr-<40>"], ["xoxr-<39>_"];
    "slack_webhook", Token(&[ends(&["https://hooks.slack.com/services/T"], &[Run(CAPS, 8, ANY), Lit("/B"), Run(CAPS, 8, ANY), Lit("/"), Run(ALNUM, 24, 24)])]), None,
        ["https://hooks.slack.com/services/T01234567/B01234567/<24>"], ["https://hooks.slack.com/services/T0123456/B01234567/<24>"];
    "datadog_api_key", Folded(r#"\b(?:datadog[_-]?api[_-]?key|dd_api_key)["':=\s]+[0-9a-f]{32}\b"#), None,
        ["DD_API_KEY=<h32>", "datadog-api-key: <h32>"], ["DD-API-KEY=<h32>"];
    "datadog_app_key", Folded(r#"\b(?:datadog[_-]?app(?:lication)?[_-]?key|dd_app_key)["':=\s]+[0-9a-f]{40}\b"#), None,
        ["DD_APP_KEY=<h40>", "datadog_application_key=<h40>"], ["DD_APP_KEY=<h41>"];
    "hashicorp_vault", Token(&[ends(&["hvs.", "hvb."], &[Run(TOKEN, 24, ANY)])]), None, ["hvs.<24>"], ["hvr.<24>"];
    "doppler_token", Token(&[ends(DOPPLER, &[Run(TOKEN, 1, ANY), DOT, Run(TOKEN, 40, ANY)]), ends(DOPPLER, &[Run(TOKEN, 40, ANY)])]), None,
        ["dp.st.dev.<40>", "dp.pt.<43>", "dp.sa.<40>.x"], ["dp.xx.<43>", "dp.st.<39>"];
    "vercel_token", Folded(r#"\bvercel[_-]?(?:api[_-]?)?token["':=\s]+[a-z0-9]{24}\b"#), None,
        ["VERCEL_TOKEN=<24>"], ["VERCEL_TOKEN=<25>"];
    "heroku_api_key", Folded(r#"\bheroku[_-]?api[_-]?key["':=\s]+[0-9a-f-]{36}\b"#), None,
        ["HEROKU_API_KEY=01234567-89ab-cdef-0123-456789abcdef"], ["HEROKU_KEY=01234567-89ab-cdef-0123-456789abcdef"];
    "cloudflare_api_token", Folded(r#"\b(?:cloudflare[_-]?(?:api[_-]?)?token|cf_api_token)["':=\s]+[a-z0-9_-]{40}\b"#), None,
        ["CF_API_TOKEN=<40>", "cloudflare-token: <40>"], ["CF_API_TOKEN=<41>"];
    "generic_api_key", Folded(r#"\b(?:api[_-]?key|access[_-]?key)["':=\s]+[a-z0-9_-]{20,}\b"#), None,
        ["x-api-key: <20>", "ACCESSKEY='<20>'"], ["my_api_key=<20>", "apikey=<19>"];
    "jwt", Token(&[open(&["eyJ"], &[Run(TOKEN, 1, ANY), DOT, Run(TOKEN, 1, ANY), DOT, Run(TOKEN.with(b"+/="), 1, ANY)])]), Some(super::is_jwt),
        ["eyJh.eyJh.s", "eyJhbGci.eyJzdWIi.x="], ["eyJab.eyJh.s", "eyJh.abcde.s", "eyJh.eyJh", "xeyJh.eyJh.s"];
    "private_key", Cased(r"-----BEGIN[A-Z\s]+PRIVATE KEY-----"), None,
        ["-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN\n PRIVATE KEY-----"], ["-----BEGINPRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----"];
    "ssh_openssh_private", Cased("-----BEGIN OPENSSH PRIVATE KEY-----"), None,
        ["-----BEGIN OPENSSH PRIVATE KEY-----"], ["-----BEGIN openssh PRIVATE KEY-----"];
    "ssh_pkcs8_private", Cased("-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----"), None,
        ["-----BEGIN PRIVATE KEY-----", "-----BEGIN ENCRYPTED PRIVATE KEY-----"], ["-----BEGIN  PRIVATE KEY-----"];
    "ssh_ecdsa_private", Cased("-----BEGIN EC PRIVATE KEY-----"), None,
        ["-----BEGIN EC PRIVATE KEY-----"], ["-----BEGIN DSA PRIVATE KEY-----"];
    "ssh_ed25519_private", Cased(r"(?s)-----BEGIN OPENSSH PRIVATE KEY-----.{20,}ssh-ed25519"), None,
        ["-----BEGIN OPENSSH PRIVATE KEY-----\n<20>ssh-ed25519"], ["-----BEGIN OPENSSH PRIVATE KEY-----<19>ssh-ed25519"];
    "postgres_conn", Folded(r"postgres(?:ql)?://\S+"), None, ["xPostgreSQL://h"], ["postgres:// h"];
    "mongodb_conn", Folded(r"mongodb(?:\+srv)?://\S+"), None, ["mongodb+srv://u:p@h"], ["mongodb//h"];
    "mysql_conn", Folded(r"mysql://\S+"), None, ["MYSQL://h"], ["mysql:// "];
    "azure_conn", Folded("(?:accountkey|sharedaccesskey|sharedaccesssignature)=[a-z0-9+/=]{20,}"), None,
        ["StorageAccountKey=<20>", "SharedAccessSignature=<20>"], ["AccountKey=<19>"];
    "azure_sas", Cased(r"\?sv=\d{4}-\d{2}-\d{2}&\S*?sig=[A-Za-z0-9%]{40,}"), None,
        ["?sv=2022-11-02&ss=b&sig=<40>"], ["?sv=2022-11-02&ss=b &sig=<40>", "?sv=2022-11-2&sig=<40>"];
    "azure_storage_key", Folded(r#"\b(?:accountkey|storageaccountkey|azure_storage_key)["':=\s]+[a-z0-9+/]{86}=="#), None,
        ["AccountKey=<86>==", "azure_storage_key: <86>=="], ["AccountKey=<85>==", "xAccountKey=<86>=="];
    "aws_access_key", Token(&[ends(&["AKIA", "ASIA"], &[Run(CAPS, 16, 16)])]), None,
        ["AKIAABCDEFGHIJKLMNOP", "(ASIA0123456789012345)"], ["AKIAABCDEFGHIJKLMNOPQ", "AKIAabcdefghijklmnop"];
    "aws_secret_key", Token(&[ends(&["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"], &[Value(BASE64, 40, 40)])]), None,
        ["aws_secret_access_key = <40>"], ["Aws_secret_access_key = <40>", "aws_secret_access_key = <41>"];
    "aws_session_token", Token(&[open(&["aws_session_token", "AWS_SESSION_TOKEN"], &[Value(PADDED, 100, ANY)])]), None,
        ["aws_session_token=<100>", "AWS_SESSION_TOKEN===<99>"], ["aws_session_token=<99>"];
    "gcp_service_account", Cased(r#"(?s)"type"\s*:\s*"service_account".*?"private_key"\s*:\s*"-----BEGIN[^"]*?PRIVATE KEY-----"#), None,
        ["{\"type\": \"service_account\",\n \"private_key\":\"-----BEGIN PRIVATE KEY-----\\n"], ["\"type\": \"user\", \"private_key\":\"-----BEGIN PRIVATE KEY-----"];
];
