//! What may stay away behind a restart, as runs and plans keep it: `{"interfaces":0,"neighbours":0,"routes":"5%","settle_seconds":300}`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::time::Duration;
use upgrade::{Share, Tolerance};

/// What is not written is as usual.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Text {
    interfaces: u64,
    neighbours: u64,
    routes: String,
    settle_seconds: u64,
}

impl Default for Text {
    fn default() -> Text {
        Text::of(&Tolerance::default())
    }
}

impl Text {
    fn of(tolerance: &Tolerance) -> Text {
        Text {
            interfaces: tolerance.interfaces,
            neighbours: tolerance.neighbours,
            routes: share_text(tolerance.routes),
            settle_seconds: tolerance.settle.as_secs(),
        }
    }
}

/// For serde.
///
/// # Errors
/// Those of `to`.
pub fn serialize<S: Serializer>(tolerance: &Tolerance, to: S) -> Result<S::Ok, S::Error> {
    Text::of(tolerance).serialize(to)
}

/// For serde.
///
/// # Errors
/// It is not what is written.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tolerance, D::Error> {
    let Text { interfaces, neighbours, routes, settle_seconds } = Text::deserialize(from)?;
    let routes = share(&routes).map_err(serde::de::Error::custom)?;
    Ok(Tolerance { interfaces, neighbours, routes, settle: Duration::from_secs(settle_seconds) })
}

/// Whether nobody wished otherwise.
pub fn is_usual(tolerance: &Tolerance) -> bool {
    *tolerance == Tolerance::default()
}

/// `3`, `5%`.
///
/// # Errors
/// What it should be, for people.
pub fn share(text: &str) -> Result<Share, String> {
    let found = match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().filter(|n| *n <= 100).map(Share::Percent),
        None => text.parse().ok().map(Share::Count),
    };
    found.ok_or_else(|| String::from("a number, or 0% to 100%: 3, 5%"))
}

/// `3`, `5%`.
pub fn share_text(share: Share) -> String {
    match share {
        Share::Count(count) => count.to_string(),
        Share::Percent(percent) => format!("{percent}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Whole {
        #[serde(default, with = "super")]
        tolerance: Tolerance,
    }

    #[test]
    fn what_is_written_is_read_and_the_rest_is_as_usual() {
        let read = |text: &str| serde_json::from_str::<Whole>(text).map(|whole| whole.tolerance);
        let wide = Tolerance {
            interfaces: 2,
            neighbours: 3,
            routes: Share::Count(7),
            settle: Duration::from_secs(60),
        };
        let text = serde_json::to_string(&Text::of(&wide)).unwrap();
        assert_eq!(text, r#"{"interfaces":2,"neighbours":3,"routes":"7","settle_seconds":60}"#);
        assert_eq!(read(&format!("{{\"tolerance\":{text}}}")).unwrap(), wide);
        assert_eq!(read("{}").unwrap(), Tolerance::default());
        let one = Tolerance { interfaces: 1, ..Tolerance::default() };
        assert_eq!(read(r#"{"tolerance":{"interfaces":1}}"#).unwrap(), one);
        assert!(is_usual(&Tolerance::default()) && !is_usual(&one));
        let bad = read(r#"{"tolerance":{"routes":"101%"}}"#).unwrap_err().to_string();
        assert!(bad.contains("0% to 100%"), "{bad}");
    }
}
