//! `show ip route summary`

use super::Unread;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How many routes there are, and where they come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteSummary {
    /// `default (0x0)`, and over how many paths at most a packet may go; some versions say neither.
    pub table: Option<(String, u64)>,
    /// Whether there is a column for routes that were taken from other tables: up to IOS 12 there is none.
    pub has_replicates: bool,
    /// Where they come from, in the order of the device.
    pub sources: Vec<Source>,
    /// Networks that stand for what lies in them, and their octets; the device makes them itself.
    pub internal: Option<(u64, u64)>,
}

/// Routes of one origin.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Source {
    /// `connected`, `static`, `ospf 1`
    pub name: String,
    /// Routes to networks of their class, and to larger ones.
    pub networks: u64,
    /// Routes to parts of them.
    pub subnets: u64,
    /// Of them those that other tables have too.
    pub replicates: u64,
    /// Octets.
    pub overhead: u64,
    /// Octets.
    pub memory: u64,
    /// What stands below it: `Intra-area: 0 Inter-area: 0`
    pub more: Vec<String>,
}

impl Source {
    /// All of them.
    pub fn routes(&self) -> u64 {
        self.networks.saturating_add(self.subnets)
    }
}

const TABLE: &str = "IP routing table name is ";
const PATHS: &str = "IP routing table maximum-paths is ";
const HEADER: &str = "Route Source    Networks    Subnets     ";
const REPLICATES: &str = "Replicates  ";
const OCTETS: &str = "Overhead    Memory (bytes)";
const INTERNAL: &str = "internal";
const TOTAL: &str = "Total";

impl RouteSummary {
    /// As the device prints it.
    pub fn render(&self) -> String {
        let mut out = String::new();
        if let Some((table, paths)) = &self.table {
            out += &format!("{TABLE}{table}\n{PATHS}{paths}\n");
        }
        let replicates = if self.has_replicates { REPLICATES } else { "" };
        out += &format!("{HEADER}{replicates}{OCTETS}\n");
        let mut total = Source { name: TOTAL.to_owned(), ..Source::default() };
        let mut internal = String::new();
        if let Some((networks, memory)) = self.internal {
            let gap = HEADER.len() + replicates.len() + 12;
            internal = format!("{:<gap$}{memory}\n", format!("{INTERNAL:<16}{networks}"));
            (total.networks, total.memory) = (networks, memory);
        }
        for source in &self.sources {
            out += &self.row(source);
            source.more.iter().for_each(|line| out += &format!("  {line}\n"));
            for (sum, of) in [
                (&mut total.networks, source.networks),
                (&mut total.subnets, source.subnets),
                (&mut total.replicates, source.replicates),
                (&mut total.overhead, source.overhead),
                (&mut total.memory, source.memory),
            ] {
                *sum = sum.saturating_add(of);
            }
        }
        out + &internal + &self.row(&total)
    }

    fn row(&self, of: &Source) -> String {
        let Source { name, networks, subnets, replicates, overhead, memory, .. } = of;
        let replicates = if self.has_replicates { format!("{replicates:<12}") } else { String::new() };
        format!("{name:<15} {networks:<11} {subnets:<11} {replicates}{overhead:<11} {memory}\n")
    }

    /// Reads it, whatever stands before.
    ///
    /// # Errors
    /// It has no header or no total, or a line of it is no origin.
    pub fn parse(text: &str) -> Result<RouteSummary, Unread> {
        let mut out =
            RouteSummary { table: None, has_replicates: false, sources: Vec::new(), internal: None };
        let mut lines = text.lines().map(str::trim_end);
        let mut table = None;
        let header = lines.by_ref().find(|line| {
            if let Some(name) = line.trim_start().strip_prefix(TABLE) {
                table = Some(name.to_owned());
            }
            if let (Some(name), Some(paths)) = (&table, line.trim_start().strip_prefix(PATHS)) {
                out.table = paths.parse().ok().map(|paths| (name.clone(), paths));
            }
            line.trim_start().starts_with(HEADER.trim_end())
        });
        let first = || text.lines().next().unwrap_or_default();
        let header = header.ok_or_else(|| Unread::new("the header 'Route Source Networks …'", first()))?;
        out.has_replicates = header.contains(REPLICATES.trim_end());
        for line in lines {
            let bad = || Unread::new("where routes come from, and how many", line);
            // What stands below an origin is set off, and has a colon.
            if let Some(source) = out.sources.last_mut()
                && line.starts_with(' ')
                && line.contains(": ")
            {
                source.more.push(line.trim_start().to_owned());
                continue;
            }
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words[..] {
                [] => {}
                [TOTAL, ..] => return Ok(out),
                [INTERNAL, networks, memory] => {
                    let number = |text: &str| text.parse().map_err(|_| bad());
                    out.internal = Some((number(networks)?, number(memory)?));
                }
                _ => out.sources.push(source(&words, out.has_replicates).ok_or_else(bad)?),
            }
        }
        Err(Unread::new("the line 'Total'", text.lines().next_back().unwrap_or_default()))
    }
}

/// `ospf 1  0  15  0  900  2760`: a name that may have two words, and numbers.
fn source(words: &[&str], has_replicates: bool) -> Option<Source> {
    let columns = if has_replicates { 5 } else { 4 };
    let (name, numbers) = words.split_at_checked(words.len().checked_sub(columns).filter(|n| *n > 0)?)?;
    let numbers = numbers.iter().map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()?;
    let name = name.join(" ");
    match numbers[..] {
        [networks, subnets, replicates, overhead, memory] => {
            Some(Source { name, networks, subnets, replicates, overhead, memory, more: Vec::new() })
        }
        [networks, subnets, overhead, memory] => {
            Some(Source { name, networks, subnets, replicates: 0, overhead, memory, more: Vec::new() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn real_tables_are_printed_as_they_are_read() {
        let text = include_str!("../../tests/data/show_ip_route_summary.txt");
        let summary = RouteSummary::parse(text).expect("a summary");
        let routes: Vec<_> = summary.sources.iter().map(|s| (s.name.as_str(), s.routes())).collect();
        assert_eq!(
            routes,
            [
                ("connected", 41),
                ("static", 3),
                ("application", 0),
                ("nhrp", 0),
                ("eigrp 65329", 3_016),
                ("ospf 20", 1)
            ]
        );
        assert_eq!(summary.table, Some(("default (0x0)".to_owned(), 32)));
        assert_eq!(summary.sources[5].more.len(), 2);
        assert_eq!(summary.render(), text);
        let old = include_str!("../../tests/data/show_ip_route_summary_ios12.txt");
        let summary = RouteSummary::parse(old).expect("a summary");
        assert_eq!((summary.has_replicates, summary.internal), (false, Some((3, 3_468))));
        assert_eq!(summary.sources[1].routes(), 3);
        assert_eq!(summary.render(), old);
    }

    #[test]
    fn what_is_cut_off_is_no_summary() {
        let text = include_str!("../../tests/data/show_ip_route_summary.txt");
        let cut = text.split_once("Total").expect("a total").0;
        let unread = RouteSummary::parse(cut).expect_err("no total");
        assert!(unread.to_string().contains("'Total'"), "{unread}");
        for text in ["", "Default gateway is 10.0.0.1\n", &text.replace("41", "many")] {
            assert!(RouteSummary::parse(text).is_err(), "{text}");
        }
    }
}
