//! Dates as they are written, and as days since 1970.

use jiff::civil::{DateTime, date};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How dates are written, without a time; of those that fit, the first. Days before months only where no month is meant.
const DATES: [&str; 17] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%b %d %Y",
    "%b %d, %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%Y%m%d",
    "%B %d, %Y",
    "%B %d %Y",
    "%d %B %Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
];

/// How a time follows a date.
const TIMES: [&str; 16] = [
    "",
    " %H:%M:%S",
    "T%H:%M:%S",
    " %H:%M",
    "T%H:%M",
    "T%H:%M:%SZ",
    " %H:%M:%S%.f",
    "T%H:%M:%S%.f",
    "T%H:%M:%S%.fZ",
    " %H:%M:%S%.f%:z",
    "T%H:%M:%S%.f%:z",
    " %H:%M:%S%.f%z",
    "T%H:%M:%S%.f%z",
    " %H:%M:%S%.f UTC",
    " %I:%M %p",
    " %I:%M:%S %p",
];

/// The first format in which all of `texts` are dates.
pub(crate) fn format_of<'a>(texts: impl Iterator<Item = &'a [u8]> + Clone) -> Option<String> {
    let first = texts.clone().next()?;
    // What is a number is no date, and what has no digit neither: most columns of text end here.
    if !first.iter().any(u8::is_ascii_digit) || first.len() < 6 {
        return None;
    }
    let formats = DATES
        .iter()
        .flat_map(|date| TIMES.iter().map(move |time| format!("{date}{time}")));
    let mut formats = formats.filter(|format| days(first, format).is_some());
    formats.find(|format| texts.clone().all(|text| days(text, format).is_some()))
}

/// The days since 1970 that `text` is, written as `format` says; of UTC where it has an offset from it.
pub(crate) fn days(text: &[u8], format: &str) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let parsed = strtime::parse(format, text).ok()?;
    let day = parsed.to_date().ok()?;
    // Two digits are no year of the first century.
    let year = day.year();
    if (0..1000).contains(&year) && !text.contains(&format!("{year:04}")) {
        return None;
    }
    let time = parsed.to_time().unwrap_or_default();
    let whole = (day - date(1970, 1, 1)).get_days();
    let second = time.duration_since(jiff::civil::Time::midnight());
    let offset = parsed.offset().map_or(0, |offset| offset.seconds());
    Some(f64::from(whole) + (second.as_secs_f64() - f64::from(offset)) / DAY)
}

/// `days` since 1970 as `format` writes them, to the second.
pub(crate) fn text(days: f64, format: &str) -> Option<String> {
    let whole = days.floor();
    if !days.is_finite() {
        return None;
    }
    let day = date(1970, 1, 1)
        .checked_add(Span::new().try_days(whole as i64).ok()?)
        .ok()?;
    let seconds = ((days - whole) * DAY).round() as i64;
    // A date alone is the nearer midnight.
    let has_time = format.contains("%H") || format.contains("%I");
    let seconds = match has_time {
        true => seconds,
        false => (days - whole).round() as i64 * DAY as i64,
    };
    let moment: DateTime = day
        .to_datetime(jiff::civil::Time::midnight())
        .checked_add(SignedDuration::from_secs(seconds))
        .ok()?;
    strtime::format(format, &moment.to_zoned_datetime(TimeZone::UTC).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_and_days_are_dates() {
        let check = |text: &str, format: &str, expected: f64| {
            let texts = [text.as_bytes()];
            assert_eq!(format_of(texts.iter().copied()).as_deref(), Some(format));
            let obtained = days(text.as_bytes(), format).expect("a date");
            assert!((obtained - expected).abs() < 1e-9, "{text}: {obtained}");
            assert_eq!(super::text(obtained, format).as_deref(), Some(text));
        };
        check("1970-01-02", "%Y-%m-%d", 1.0);
        check("2000-03-01", "%Y-%m-%d", 11_017.0);
        check("1969-12-31", "%Y-%m-%d", -1.0);
        check("31.12.1970", "%d.%m.%Y", 364.0);
        check("12/31/1970", "%m/%d/%Y", 364.0);
        check("31/12/1970", "%d/%m/%Y", 364.0);
        check("Jun 12 1998", "%b %d %Y", 10_389.0);
        check("1970-01-02 06:00:00", "%Y-%m-%d %H:%M:%S", 1.25);
        check("1970-01-02T12:30", "%Y-%m-%dT%H:%M", 1.0 + 12.5 / 24.0);
        check(
            "1970-01-02 01:30 PM",
            "%Y-%m-%d %I:%M %p",
            1.0 + 13.5 / 24.0,
        );
        check("1970-01-02T06:00:00+00:00", "%Y-%m-%dT%H:%M:%S%.f%:z", 1.25);
        check("January 02, 1970", "%B %d, %Y", 1.0);
        check("12/31/70", "%m/%d/%y", 364.0);
        for text in ["Adelie", "12", "12.5", "abc def 12", "1970-13-01", ""] {
            assert_eq!(format_of([text.as_bytes()].into_iter()), None, "{text}");
        }
    }

    #[test]
    fn offsets_from_utc_and_parts_of_seconds_count() {
        let check = |text: &str, format: &str, seconds: f64| {
            assert_eq!(
                format_of([text.as_bytes()].into_iter()).as_deref(),
                Some(format)
            );
            let obtained = days(text.as_bytes(), format).expect("a date");
            assert!(
                (obtained * DAY - seconds).abs() < 1e-6,
                "{text}: {obtained}"
            );
        };
        check("1970-01-01T02:00:00+02:00", "%Y-%m-%dT%H:%M:%S%.f%:z", 0.0);
        check(
            "1970-01-01 00:00:01.5-0100",
            "%Y-%m-%d %H:%M:%S%.f%z",
            3601.5,
        );
        check("1970-01-01T00:00:00.25Z", "%Y-%m-%dT%H:%M:%S%.fZ", 0.25);
    }

    #[test]
    fn days_out_of_range_have_no_text() {
        for days in [f64::NAN, 1e30, -1e30, 4e6] {
            assert_eq!(text(days, "%Y-%m-%d"), None, "{days}");
        }
    }
}
