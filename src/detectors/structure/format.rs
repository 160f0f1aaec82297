//! The values of the keyword `format` that are known.

use crate::text::chars;

/// Whether a text has the format; any text has an unknown one.
pub(super) fn has_format(text: &str, format: &str) -> bool {
    match format {
        "email" => is_email(text),
        "uri" => text.starts_with("http://") || text.starts_with("https://"),
        "date" => shape(text, "dddd-dd-dd").is_some_and(at_the_end),
        "date-time" => shape(text, "dddd-dd-ddTdd:dd:dd").is_some(),
        "uuid" => shape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx").is_some_and(at_the_end),
        _ => true,
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        let mut inner = host.chars();
        inner.next();
        inner.next_back();
        !user.is_empty() && !host.contains('@') && inner.as_str().contains('.')
    })
}

/// What follows where the text begins with the shape: `d` is a decimal digit of any script, `x` a hexadecimal one.
fn shape<'t>(text: &'t str, shape: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    let fits = shape.chars().all(|wanted| {
        rest.next().is_some_and(|c| match wanted {
            'd' => chars::is_digit(c),
            'x' => c.is_ascii_hexdigit(),
            _ => c == wanted,
        })
    });
    if fits { Some(rest.as_str()) } else { None }
}

/// Python's `$`: the end, or the line feed before it.
fn at_the_end(rest: &str) -> bool {
    matches!(rest, "" | "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_as_loose_as_the_reference() {
        for (format, fits, fails) in [
            (
                "email",
                &["a@b.c", " @ . ", "a@.b.c", "é@b..c"] as &[&str],
                &["a@b", "a@b.", "a@.b", "@b.c", "a@b@c.d", "a@."] as &[&str],
            ),
            ("uri", &["http://", "https://x y"], &["HTTP://x", "ftp://x", " http://x"]),
            ("date", &["2024-99-99", "٢٠٢٤-01-01\n"], &["2024-1-01", "2024-01-01 ", "2024-01-01\n\n"]),
            (
                "date-time",
                &["2024-01-01T00:00:00", "9999-99-99T99:99:99 anything"],
                &["2024-01-01t00:00:00", "2024-01-01"],
            ),
            ("uuid", &["0123ABCD-0000-0000-0000-0123456789ab\n"], &["0123ABCD-0000-0000-0000-0123456789ag", ""]),
            ("ipv4", &["x"], &[]),
        ] {
            for text in fits {
                assert!(has_format(text, format), "{format} {text:?}");
            }
            for text in fails {
                assert!(!has_format(text, format), "{format} {text:?}");
            }
        }
    }
}
