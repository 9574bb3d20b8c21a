use super::ledger::{Image, Ledger, LogEntry, Point, Running, Timer};

/// Where the ledger lies in flash.
pub const KEPT: &str = "/.installer/ledger";

impl Ledger {
    /// As text, a line for each fact.
    pub fn render(&self) -> String {
        let image = |i: &Image| format!("{} {} {}", i.release, i.conf, i.packages.join(" "));
        let mut out = String::new();
        match &self.running {
            Some(Running::Committed(i)) => out += &format!("committed {}\n", image(i)),
            Some(Running::Activated { image: i, back, timer }) => {
                out += &format!("activated {}\nback {}\n", image(i), image(back));
                out += &match timer {
                    Timer::Running { since, seconds } => format!("timer {since} {seconds}\n"),
                    Timer::Stopped => "timer stopped\n".into(),
                };
            }
            None => {}
        }
        out += &self.added.as_ref().map_or_else(String::new, |i| format!("added {}\n", image(i)));
        for point in &self.points {
            out += &format!("point {} {} {}\n", point.id, point.at, image(&point.image));
        }
        for entry in &self.log {
            let end = if entry.good { "good" } else { "failed" };
            out += &format!("log {} {} {} {end}\n", entry.operation, entry.from, entry.to);
        }
        out
    }

    /// Reads what [`Ledger::render`] wrote; lines that are not understood are dropped.
    pub fn parse(text: &str) -> Ledger {
        let mut ledger = Ledger::default();
        let (mut activated, mut back, mut timer) = (None, None, Timer::Stopped);
        for line in text.lines() {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let words: Vec<&str> = rest.split(' ').collect();
            match (word, &words[..]) {
                ("committed", words) => ledger.running = image(words).map(Running::Committed),
                ("activated", words) => activated = image(words),
                ("back", words) => back = image(words),
                ("timer", [since, seconds]) => {
                    if let (Ok(since), Ok(seconds)) = (since.parse(), seconds.parse()) {
                        timer = Timer::Running { since, seconds };
                    }
                }
                ("added", words) => ledger.added = image(words),
                ("point", [id, at, words @ ..]) => {
                    if let (Ok(id), Ok(at), Some(image)) = (id.parse(), at.parse(), image(words)) {
                        ledger.points.push(Point { id, at, image });
                    }
                }
                ("log", [operation, from, to, end]) => {
                    if let (Ok(from), Ok(to)) = (from.parse(), to.parse()) {
                        let good = *end == "good";
                        ledger.log.push(LogEntry { operation: (*operation).to_owned(), from, to, good });
                    }
                }
                _ => {}
            }
        }
        if let (Some(image), Some(back)) = (activated, back) {
            ledger.running = Some(Running::Activated { image, back, timer });
        }
        ledger
    }
}

fn image(words: &[&str]) -> Option<Image> {
    let [release, conf, packages @ ..] = words else { return None };
    let packages: Vec<String> = packages.iter().filter(|p| !p.is_empty()).map(|p| (*p).to_owned()).collect();
    (!packages.is_empty()).then(|| Image {
        release: (*release).to_owned(),
        conf: (*conf).to_owned(),
        packages,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(release: &str) -> Image {
        let packages = vec![format!("a.{release}.pkg"), format!("b.{release}.pkg")];
        Image { release: release.into(), conf: format!("{release}.conf"), packages }
    }

    #[test]
    fn a_ledger_is_read_back_in_every_state() {
        let mut ledger = Ledger::default();
        let mut states = vec![ledger.clone()];
        ledger.booted(10, image("17.06.01"));
        states.push(ledger.clone());
        ledger.add(image("17.09.04"));
        ledger.note(LogEntry { operation: "install_add".into(), from: 20, to: 25, good: true });
        states.push(ledger.clone());
        ledger.activate(30, image("17.09.04"), 7_200);
        states.push(ledger.clone());
        ledger.stop_timer();
        ledger.note(LogEntry { operation: "install_commit".into(), from: 40, to: 41, good: false });
        states.push(ledger.clone());
        ledger.keep(50);
        states.push(ledger);
        for ledger in states {
            assert_eq!(Ledger::parse(&ledger.render()), ledger);
        }
    }

    #[test]
    fn what_makes_no_sense_is_dropped() {
        let text = "committed\nactivated 1 2 3\ntimer x y\npoint 1\nlog a b\n\u{0}\nadded 17 c\n";
        assert_eq!(Ledger::parse(text), Ledger::default());
    }
}
