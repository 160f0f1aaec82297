//! Numbers as people read them.

use super::style::thousands;

/// A count with its noun.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// A share as a percentage: one decimal, more where the share is small but not nothing.
#[must_use]
pub fn percent(rate: f64) -> String {
    let p = rate * 100.0;
    if p > 0.0 && p < 0.1 { format!("{p:.3}%") } else { format!("{p:.1}%") }
}

/// Milliseconds with as many decimals as say something.
#[must_use]
pub fn millis(ms: f64) -> String {
    match ms {
        m if m >= 100.0 => format!("{m:.0}"),
        m if m >= 1.0 => format!("{m:.1}"),
        m => format!("{m:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!([counted(1, "gate", "gates"), counted(1200, "gate", "gates")], ["1 gate", "1,200 gates"]);
        assert_eq!([percent(0.0), percent(0.0004), percent(0.25), percent(1.0)], ["0.0%", "0.040%", "25.0%", "100.0%"]);
        assert_eq!([millis(0.0214), millis(4.26), millis(1234.5)], ["0.021", "4.3", "1234"]);
    }
}
