//! The patterns of dangerous code, as a table.

use super::language::Language::{self, JavaScript, Python, Shell, Sql};
use super::windows;
use crate::api::Severity::{self, High, Low, Medium};
use crate::engine::EvalError;
use crate::text::{CasedPattern, FoldedPattern, Gate, NeedleSet, Text};

/// How a rule finds its code.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A pattern in either case.
    Folded(&'static str),
    /// A pattern in either case that has no rare literal but this.
    Behind(&'static str, &'static str),
    /// A pattern that minds case.
    Cased(&'static str),
    /// A function over folded code, behind a literal.
    Scan(fn(&[u8]) -> bool, &'static str),
}
use Form::{Behind, Cased, Folded, Scan};

/// A rule: `class` is what follows `code.` in its id.
pub(super) struct Rule {
    pub language: Language,
    pub class: &'static str,
    pub id: &'static str,
    pub severity: Severity,
    pub form: Form,
    /// Code that fires it, code that does not.
    #[cfg_attr(not(test), allow(dead_code))]
    pub examples: [&'static str; 2],
}

macro_rules! rules {
    ($($language:ident $class:literal $severity:ident $form:expr, $hit:literal, $miss:literal;)*) => {
        /// All rules, the languages one after the other.
        pub(super) const RULES: &[Rule] = &[$(Rule {
            language: $language,
            class: $class,
            id: concat!("code.", $class),
            severity: $severity,
            form: $form,
            examples: [$hit, $miss],
        }),*];
    };
}

/// A quoted statement that ends its string and is added to.
const CONCATENATION: &str = r#"["'](?:select|insert|update|delete)\b[^"']{0,200}["']\s*\+"#;

#[rustfmt::skip]
rules! {
    Python "command_injection" High Folded(r"\bos\.system\s*\("), "os.system (x)", "xos.system(x)";
    Python "command_injection" High Folded(r"\bos\.popen\s*\("), "OS.popen(x)", "os.popen2(x)";
    Python "command_injection" High Folded(r"\bsubprocess\.(?:call|run|popen)\s*\([^)]*shell\s*=\s*true"), "subprocess.run(x,\nshell = True", "subprocess.run(f(x), shell=True)";
    Python "command_injection" High Folded(r"\b(?:eval|exec)\s*\("), "exec (x)", "reexec(x)";
    Python "command_injection" Medium Folded(r"\b__import__\s*\("), "__import__('os')", "x__import__('os')";
    Python "sql_injection" High Folded(r#"f["'](?:select|insert|update|delete|drop)\b[^"']*\{"#), "f'select {x}'", "f'select \" {x}'";
    Python "sql_injection" High Folded(CONCATENATION), "'select x'\n+ y", "'select x' y";
    Python "sql_injection" Medium Scan(windows::quoted_format, "%s"), "'select %s where % (x", "'select %s' % (x";
    Python "sql_injection" High Scan(windows::formatted_statement, ".format"), ".format(x) reselect x", ".format(x); select x";
    Python "insecure_deserialization" High Folded(r"\bpickle\.(?:loads?|unpickler)\s*\("), "pickle.loads(x)", "pickle.dump(x)";
    Python "insecure_deserialization" High Folded(r"\byaml\.(?:unsafe_)?load\s*\("), "yaml.load(x)", "yaml.safe_load(x)";
    Python "insecure_deserialization" High Folded(r"\bmarshal\.loads?\s*\("), "marshal.load(x)", "marshal.dump(x)";
    Python "path_traversal" High Cased(r"open\s*\([^)]*\.\.[/\\]"), "reopen('../x')", "OPEN('../x')";
    Python "path_traversal" High Folded(r"open\s*\([^)]*\+\s*(?:request|user|input|param)"), "open(a + user_name)", "open(a) + user";
    Python "ssrf" Medium Folded(r#"\brequests\.(?:get|post|put|delete|patch)\s*\([^)]*(?:\+|\.format|f["'])"#), "requests.get(f'x')", "requests.head(f'x')";
    Python "ssrf" Medium Folded(r#"\burllib\.request\.urlopen\s*\([^)]*(?:\+|\.format|f["'])"#), "urllib.request.urlopen(a+b)", "urllib.request.urlopen(a)+b";

    JavaScript "xss" High Folded(r"\.innerhtml\s*="), "a.innerHTML =", "innerHTML =";
    JavaScript "xss" High Folded(r"\.outerhtml\s*="), "a.outerHTML=", "a.outerHTML.x=";
    JavaScript "xss" High Folded(r"\bdocument\.write\s*\("), "document.write(x)", "document.writeln(x)";
    JavaScript "xss" Medium Folded(r"dangerouslysetinnerhtml"), "xdangerouslySetInnerHTMLx", "setInnerHTML";
    JavaScript "command_injection" High Folded(r"\beval\s*\("), "eval(x)", "medieval(x)";
    JavaScript "command_injection" High Folded(r"\bnew\s+function\s*\("), "new Function(x)", "newFunction(x)";
    JavaScript "command_injection" Medium Folded(r#"\bsettimeout\s*\(\s*["'`]"#), "setTimeout( 'x')", "setTimeout(x)";
    JavaScript "command_injection" Medium Folded(r#"\bsetinterval\s*\(\s*["'`]"#), "setInterval(`x`)", "setInterval(x)";
    JavaScript "command_injection" High Folded(r"\bchild_process\.exec\s*\("), "child_process.exec(x)", "child_process.execFile(x)";
    JavaScript "sql_injection" High Folded(r"`(?:select|insert|update|delete)\b[^`]*\$\{"), "`select ${x}`", "`select` ${x}";
    JavaScript "sql_injection" High Folded(CONCATENATION), "\"delete x\" +", "\"deleted x\" +";
    JavaScript "prototype_pollution" Medium Folded(r"__proto__|constructor\s*\[|prototype\s*\["), "the prototype [fig]", "prototype.x";

    Sql "sql_injection" High Folded(CONCATENATION), "'update x'+", "'update x";
    Sql "sql_injection" High Folded(r"\bunion\s+(?:all\s+)?select\b"), "union all select", "reunion select";
    Sql "sql_injection" High Folded(r";\s*(?:drop|delete|truncate|alter|create)\s+"), "; create something", "; creates something";
    Sql "sql_injection" Low Folded(r"--\s*(?:\n|\z)"), "x -- \ny", "x -- y";
    Sql "sql_injection" High Behind(r#"\bor\s+["']\s*["']\s*=\s*["']\s*["']"#, "="), "or '' = ''", "or 'a' = 'a'";
    Sql "sql_injection" High Behind(r"\bor\s+1\s*=\s*1\b", "="), "or 1 = 1", "or 1=10";
    Sql "sql_injection" High Folded(r"\bwaitfor\s+delay\b|\bsleep\s*\(\d+\)"), "sleep(8)", "sleep()";

    Shell "command_injection" High Folded(r"\beval\s+"), "eval x", "evaluate x";
    Shell "command_injection" High Folded(r"\bcurl\b.+\|\s*(?:ba)?sh\b"), "curl x |\nbash", "curl\n| sh";
    Shell "command_injection" High Folded(r"\bwget\b.+\|\s*(?:ba)?sh\b"), "wget x | sh", "wget | shell";
    Shell "insecure_permissions" Medium Cased(r"\bchmod\s+777\b"), "chmod  777 x", "CHMOD 777 x";
    Shell "insecure_permissions" Medium Cased(r"\bchmod\s+666\b"), "chmod 666", "chmod 0666";
    Shell "command_injection" Low Folded(r#"\$\{?\w(?:[^"]|\z)"#), "costs $50", "\"$H\"";
    Shell "command_injection" Medium Folded(r"`[^`]*\$\w[^`]*`"), "`ls $x`", "`ls ${x}`";
}

/// A rule's pattern, compiled.
#[derive(Debug)]
pub(super) enum Finder {
    Folded(FoldedPattern),
    Cased(CasedPattern),
    Scan(fn(&[u8]) -> bool, Gate),
}

impl Finder {
    pub(super) fn new(form: Form, needles: &mut NeedleSet) -> Result<Self, EvalError> {
        match form {
            Folded(pattern) => FoldedPattern::new(pattern, needles).map(Finder::Folded),
            Behind(pattern, needle) => FoldedPattern::with_gate(pattern, needles.gate([needle])).map(Finder::Folded),
            Cased(pattern) => CasedPattern::new(pattern, needles).map(Finder::Cased),
            Scan(scan, needle) => Ok(Finder::Scan(scan, needles.gate([needle]))),
        }
        .map_err(|e| EvalError::new(e.to_string()))
    }

    /// The prefilter gate.
    pub(super) fn gate(&self) -> Gate {
        match self {
            Finder::Folded(pattern) => pattern.gate(),
            Finder::Cased(pattern) => pattern.gate(),
            Finder::Scan(_, gate) => *gate,
        }
    }

    pub(super) fn is_in(&self, code: &Text<'_>) -> bool {
        match self {
            Finder::Folded(pattern) => pattern.is_match(code),
            Finder::Cased(pattern) => pattern.is_match(code),
            Finder::Scan(scan, gate) => code.is_open(*gate) && scan(code.folded()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_fires_on_its_example_only() {
        for rule in RULES {
            let mut needles = NeedleSet::new();
            let finder = Finder::new(rule.form, &mut needles).unwrap();
            let prefilter = needles.build();
            let fires = |code| finder.is_in(&Text::new(code, &prefilter));
            let [hit, miss] = rule.examples;
            assert!(fires(hit), "{} misses {hit:?}", rule.id);
            assert!(!fires(miss), "{} hits {miss:?}", rule.id);
        }
    }
}
