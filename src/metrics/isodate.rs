//! Dates as Python's `datetime.fromisoformat` reads them.

use jiff::civil::{Date, ISOWeekDate, Time, Weekday};
use jiff::{SignedDuration, Timestamp};

/// The moment an ISO 8601 text names: a date (calendar or week, extended or basic form), optionally followed by any
/// one character and a time, optionally with an offset; without one it is UTC. None when it is not such a text.
///
/// Stricter than ISO 8601 where Python is (no ordinal dates, no hour 24, upper-case `Z` only) and laxer where Python
/// is (any separator). Below the microsecond digits are dropped.
#[must_use]
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let (date, rest) = split_date(text)?;
    let mut chars = rest.chars();
    let (time, offset) = match chars.next() {
        None => (Time::midnight(), SignedDuration::ZERO),
        Some(_) => split_time(chars.as_str())?,
    };
    let utc = date.to_datetime(time).checked_sub(offset).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(utc).ok()
}

/// The moment in Python's `isoformat`, UTC, microseconds left out when zero.
#[must_use]
pub fn python_iso(moment: Timestamp) -> String {
    let utc = jiff::tz::Offset::UTC.to_datetime(moment);
    let micros = utc.subsec_nanosecond() / 1000;
    let format = if micros == 0 { "%Y-%m-%dT%H:%M:%S+00:00" } else { "%Y-%m-%dT%H:%M:%S.%6f+00:00" };
    utc.strftime(format).to_string()
}

fn split_date(text: &str) -> Option<(Date, &str)> {
    let year = i16::try_from(digits(text, 0, 4)?).ok()?;
    let bytes = text.as_bytes();
    let dashed = bytes.get(4) == Some(&b'-');
    let at = if dashed { 5 } else { 4 };
    if bytes.get(at) == Some(&b'W') {
        let week = i8::try_from(digits(text, at + 1, 2)?).ok()?;
        let after = at + 3;
        // The day is optional, and its dash must follow the example of the first.
        let day_at = if dashed && bytes.get(after) == Some(&b'-') { after + 1 } else { after };
        let has_day = (!dashed || day_at > after) && bytes.get(day_at).is_some_and(u8::is_ascii_digit);
        let (day, end) = if has_day { (digits(text, day_at, 1)?, day_at + 1) } else { (1, after) };
        let weekday = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
        let date = week_date(year, week, weekday)?;
        return Some((date, text.get(end..)?));
    }
    let month = digits(text, at, 2)?;
    let day_at = if dashed { at + 3 } else { at + 2 };
    if dashed && bytes.get(at + 2) != Some(&b'-') {
        return None;
    }
    let day = digits(text, day_at, 2)?;
    if year == 0 {
        return None;
    }
    let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    Some((date, text.get(day_at + 2..)?))
}

fn week_date(year: i16, week: i8, weekday: Weekday) -> Option<Date> {
    ISOWeekDate::new(year, week, weekday).ok().map(ISOWeekDate::date)
}

fn split_time(text: &str) -> Option<(Time, SignedDuration)> {
    let zone = text.find(['+', '-', 'Z']);
    let (clock, offset) = match zone {
        None => (text, SignedDuration::ZERO),
        Some(at) => (&text[..at], offset(&text[at..])?),
    };
    // A blank before the offset is passed over, as is an empty fraction.
    let clock = if zone.is_some() { clock.strip_suffix([' ', '.', ',']).unwrap_or(clock) } else { clock };
    let (hour, minute, second, micros) = clock_parts(clock)?;
    let time = Time::new(
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        i32::try_from(micros).ok()?.checked_mul(1000)?,
    );
    Some((time.ok()?, offset))
}

fn offset(text: &str) -> Option<SignedDuration> {
    if text == "Z" {
        return Some(SignedDuration::ZERO);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hour, minute, second, micros) = clock_parts(rest)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    Some(SignedDuration::from_micros((seconds * 1_000_000 + i64::from(micros)) * sign))
}

/// Hour, minute, second and microsecond of `HH[:MM[:SS]]` or `HH[MM[SS]]` with an optional fraction, which counts as
/// one of seconds wherever it stands.
fn clock_parts(text: &str) -> Option<(u32, u32, u32, u32)> {
    let (whole, micros) = match text.split_once(['.', ',']) {
        None => (text, 0),
        Some((whole, fraction)) => (whole, micros(fraction)?),
    };
    let parts = match (whole.len(), whole.contains(':')) {
        (2, false) => [Some(0), None, None],
        (4, false) => [Some(0), Some(2), None],
        (6, false) => [Some(0), Some(2), Some(4)],
        (5, true) if colons(whole, &[2]) => [Some(0), Some(3), None],
        (8, true) if colons(whole, &[2, 5]) => [Some(0), Some(3), Some(6)],
        _ => return None,
    };
    let part = |at: Option<usize>| at.map_or(Some(0), |at| digits(whole, at, 2));
    Some((part(parts[0])?, part(parts[1])?, part(parts[2])?, micros))
}

fn colons(text: &str, places: &[usize]) -> bool {
    places.iter().all(|&at| text.as_bytes().get(at) == Some(&b':'))
}

fn micros(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(6)];
    // At most six digits and at least one, so neither the number nor the power overflows.
    Some(kept.parse::<u32>().ok()? * 10u32.pow(6 - u32::try_from(kept.len()).ok()?))
}

fn digits(text: &str, at: usize, len: usize) -> Option<u32> {
    let part = text.get(at..at + len)?;
    part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Option<String> {
        parse_iso(text).map(python_iso)
    }

    #[test]
    fn dates_and_times_are_read_as_python_reads_them() {
        for (text, moment) in [
            ("2026-05-01", "2026-05-01T00:00:00+00:00"),
            ("20260501", "2026-05-01T00:00:00+00:00"),
            ("2026-W18", "2026-04-27T00:00:00+00:00"),
            ("2026W18", "2026-04-27T00:00:00+00:00"),
            ("2026-W18-5", "2026-05-01T00:00:00+00:00"),
            ("2026W185", "2026-05-01T00:00:00+00:00"),
            ("2026-W53-7", "2027-01-03T00:00:00+00:00"),
            ("2026-W18-5T10:00", "2026-05-01T10:00:00+00:00"),
            ("2026W18T10", "2026-04-27T10:00:00+00:00"),
            ("2026-05-01T10", "2026-05-01T10:00:00+00:00"),
            ("2026-05-01T1000", "2026-05-01T10:00:00+00:00"),
            ("20260501T100000Z", "2026-05-01T10:00:00+00:00"),
            ("2026-05-01 10:00", "2026-05-01T10:00:00+00:00"),
            ("2026-05-01é10:00", "2026-05-01T10:00:00+00:00"),
            ("2026-05-01T10:00:00.123", "2026-05-01T10:00:00.123000+00:00"),
            ("2026-05-01T10:00:00,5", "2026-05-01T10:00:00.500000+00:00"),
            ("2026-05-01T10:00:00.1234567", "2026-05-01T10:00:00.123456+00:00"),
            ("2026-05-01T10.5", "2026-05-01T10:00:00.500000+00:00"),
            ("2026-05-01T10:00:00+01", "2026-05-01T09:00:00+00:00"),
            ("2026-05-01T10:00:00+0130", "2026-05-01T08:30:00+00:00"),
            ("2026-05-01T10:00:00+01:30:15.5", "2026-05-01T08:29:44.500000+00:00"),
            ("2026-05-01T10:00:00-08:00", "2026-05-01T18:00:00+00:00"),
            ("2026-05-01T10:00 +01:00", "2026-05-01T09:00:00+00:00"),
            ("2026-05-01T10:00:00.+01:00", "2026-05-01T09:00:00+00:00"),
            ("2026-05-01+01:00", "2026-05-01T01:00:00+00:00"),
        ] {
            assert_eq!(reads(text).as_deref(), Some(moment), "{text}");
        }
    }

    #[test]
    fn what_python_refuses_is_refused() {
        for text in [
            "",
            "2026",
            "2026-05",
            "202605",
            "2026-121",
            "2026-W185",
            "2026W18-5",
            "2026-W54-1",
            "2026-W18-0",
            "2026-W18-8",
            "2026-05-01Z",
            "2026-05-01T10:00z",
            "2026-05-01T",
            "2026-05-01T24:00",
            "2026-05-01T10:0",
            "2026-05-01T10:00:60",
            "2026-05-01T10:00:00.",
            "2026-05-01T10:00:00+24:00",
            "2026-05-01T10:00:00+1",
            "2026-05-01T10:00:00+01:3",
            "2026-05-01T10:00:00+",
            "2026-05-01TT10:00",
            "2026-05-01T10:00ZZ",
            "2026-05-01T10:0000",
            "2026-05-01T1000:00",
            "2026-02-29",
            "0000-01-01",
            "2026-5-1",
            " 2026-05-01",
            "2026-05-01 ",
            "２026-05-01",
            "20260501100000",
            "2026-05-0110:00",
            "2026-05-01T10:00:00.12a",
            "bogus",
        ] {
            assert_eq!(reads(text), None, "{text}");
        }
    }
}
