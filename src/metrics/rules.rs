//! Expected rule ids against those that fired: the right outcome for the right reason.

/// Whether the rule `actual` meets the expectation `expected`: the id itself or one below it. An id without a dot
/// names a detector and so meets all of its rules (`jailbreak` meets `jailbreak.roleplay`).
#[must_use]
pub fn rule_meets(expected: &str, actual: &str) -> bool {
    actual.strip_prefix(expected).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether every expected id is met by an actual one and, where nothing is expected, nothing fired.
#[must_use]
pub fn rules_match<E: AsRef<str>, A: AsRef<str>>(expected: &[E], actual: &[A]) -> bool {
    if expected.is_empty() {
        return actual.is_empty();
    }
    expected.iter().all(|e| actual.iter().any(|a| rule_meets(e.as_ref(), a.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detector_meets_its_rules_and_a_rule_what_is_below_it() {
        assert!(rule_meets("jailbreak", "jailbreak.roleplay"));
        assert!(rule_meets("pii.iban", "pii.iban"));
        assert!(rule_meets("pii.iban", "pii.iban.de"));
        assert!(!rule_meets("pii.iban", "pii.ibanx"));
        assert!(!rule_meets("pii.iban", "pii"));
        assert!(!rule_meets("jail", "jailbreak.roleplay"));
    }

    #[test]
    fn an_empty_expectation_wants_silence() {
        assert!(rules_match::<&str, &str>(&[], &[]));
        assert!(!rules_match::<&str, &str>(&[], &["pii.email"]));
        assert!(rules_match(&["pii"], &["secrets.key", "pii.email"]));
        assert!(!rules_match(&["pii", "toxicity"], &["pii.email"]));
    }
}
