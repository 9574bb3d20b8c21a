//! What of a device was watched, before and after: interfaces, neighbours, routes.

use super::record::Ran;
use std::collections::BTreeMap;

/// A kind of thing that was there before and has to be there again. Of what was not said both times nothing is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watched {
    /// `interfaces`, `neighbours`, `routes`
    pub what: &'static str,
    /// How many there were.
    pub before: u64,
    /// How many there are.
    pub after: u64,
    /// Each that is not there any more: `GigabitEthernet0/1`, `2 of ospf 1`.
    pub gone: Vec<String>,
    /// Each that was not there.
    pub came: Vec<String>,
}

/// All that is known of both times.
pub fn watched(before: &Ran, after: &Ran) -> Vec<Watched> {
    let mut all = Vec::new();
    for (what, before, after) in
        [("interfaces", &before.up, &after.up), ("neighbours", &before.neighbours, &after.neighbours)]
    {
        if let (Some(before), Some(after)) = (before, after) {
            all.push(Watched {
                what,
                before: before.len() as u64,
                after: after.len() as u64,
                gone: without(before, after),
                came: without(after, before),
            });
        }
    }
    if let (Some(before), Some(after)) = (&before.routes, &after.routes) {
        let sum =
            |routes: &BTreeMap<String, u64>| routes.values().fold(0_u64, |sum, n| sum.saturating_add(*n));
        all.push(Watched {
            what: "routes",
            before: sum(before),
            after: sum(after),
            gone: fewer(before, after),
            came: fewer(after, before),
        });
    }
    all
}

fn without(some: &[String], others: &[String]) -> Vec<String> {
    some.iter().filter(|name| !others.contains(name)).cloned().collect()
}

fn fewer(many: &BTreeMap<String, u64>, few: &BTreeMap<String, u64>) -> Vec<String> {
    let missing = |(source, n): (&String, &u64)| {
        let missing = n.saturating_sub(few.get(source).copied().unwrap_or(0));
        (missing > 0).then(|| format!("{missing} of {source}"))
    };
    many.iter().filter_map(missing).collect()
}

impl Watched {
    /// For people: `3 interfaces, 4 before; gone: Gi0/1`.
    pub fn line(&self) -> String {
        let Watched { what, before, after, gone, came } = self;
        let what = if *after == 1 { what.trim_end_matches('s') } else { what };
        let mut line = match gone.is_empty() && came.is_empty() {
            true => return format!("{after} {what}, the same as before"),
            false => format!("{after} {what}, {before} before"),
        };
        for (word, names) in [("gone", gone), ("new", came)] {
            if !names.is_empty() {
                line += &format!("; {word}: {}", names.join(", "));
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(up: Option<&[&str]>, routes: Option<&[(&str, u64)]>) -> Ran {
        Ran {
            up: up.map(|up| up.iter().map(ToString::to_string).collect()),
            routes: routes.map(|routes| routes.iter().map(|(of, n)| ((*of).to_owned(), *n)).collect()),
            ..Ran::default()
        }
    }

    #[test]
    fn what_went_and_what_came_is_named() {
        let before = ran(Some(&["Gi0/0", "Gi0/1"]), Some(&[("connected", 4), ("ospf 1", 40), ("static", 1)]));
        let after = ran(Some(&["Gi0/0", "Lo0"]), Some(&[("connected", 5), ("ospf 1", 38)]));
        let lines = |before, after| watched(before, after).iter().map(Watched::line).collect::<Vec<_>>();
        assert_eq!(
            lines(&before, &after),
            [
                "2 interfaces, 2 before; gone: Gi0/1; new: Lo0",
                "43 routes, 45 before; gone: 2 of ospf 1, 1 of static; new: 1 of connected"
            ]
        );
        assert_eq!(
            lines(&before, &before),
            ["2 interfaces, the same as before", "45 routes, the same as before"]
        );
        assert_eq!(lines(&before, &ran(None, None)), [""; 0], "what was not said is not compared");
    }
}
