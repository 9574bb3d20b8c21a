//! What was seen of a server of FTP, line by line and as an event.

use super::ftp::FtpReport;
use super::report::{failure, findings};
use crate::events::{Event, FtpExamined};
use crate::exit::{Exit, Failure};
use crate::figures::took;
use std::time::Duration;

impl FtpReport {
    /// What was seen and found, as lines.
    pub fn lines(&self, elapsed: Duration) -> Vec<String> {
        let mut lines = Vec::new();
        if let (Some(server), Some(greeting)) = (self.server, &self.greeting) {
            lines.push(format!("{server} says {greeting}"));
        }
        if !self.features.is_empty() {
            lines.push(format!("features      {}", self.features.join(", ")));
        }
        for tried in &self.ways {
            let words = match &tried.result {
                Ok(()) => "works",
                Err(why) => why,
            };
            lines.push(format!("{:<13} {words}", tried.way));
        }
        lines.extend(self.advertised.map(|told| format!("227 names     {told}")));
        lines.extend(self.tls.iter().map(|tls| format!("TLS           {tls}")));
        if !self.versions.is_empty() {
            lines.push(format!("takes         {}", self.versions.join(", ")));
        }
        lines.extend(self.certificate.iter().map(|of| format!("certificate   SHA-256 {of}")));
        let rows = [
            (
                self.resumes,
                "resumes       ",
                ["no", "data connections go on from the control connection's session"],
            ),
            (
                self.binds,
                "bound         ",
                ["no: others' data connections are taken", "others' data connections are turned away"],
            ),
            (self.says_end, "end           ", ["without close_notify", "with close_notify"]),
        ];
        lines.extend(
            rows.iter()
                .filter_map(|(is, name, words)| is.map(|is| format!("{name}{}", words[usize::from(is)]))),
        );
        lines.extend(findings(&self.found));
        let wrong = self.found.iter().any(|found| found.exit() != Exit::Done);
        let verdict = if wrong { "something is wrong" } else { "nothing wrong" };
        lines.push(format!("{verdict} ({})", took(elapsed)));
        lines
    }

    /// The gravest finding as the command's failure; nothing where nothing is wrong.
    pub fn failure(&self, url: &str) -> Option<Failure> {
        failure(&self.found, url)
    }

    /// What was seen, for programs.
    pub fn event(&self, url: String, elapsed: Duration) -> Event {
        let way = |name: &str| {
            let tried = self.ways.iter().find(|tried| tried.way == name)?;
            Some(tried.result.as_ref().map_or_else(Clone::clone, |()| String::from("works")))
        };
        Event::FtpExamined(FtpExamined {
            url,
            server: self.server.map(|at| at.to_string()),
            seconds: elapsed.as_secs_f64(),
            greeting: self.greeting.clone(),
            features: (!self.features.is_empty()).then(|| self.features.join(", ")),
            epsv: way("EPSV"),
            pasv: way("PASV"),
            active: way("active"),
            advertised: self.advertised.map(|told| told.to_string()),
            tls: self.tls.clone(),
            versions: (!self.versions.is_empty()).then(|| self.versions.join(", ")),
            certificate: self.certificate.clone(),
            resumes: self.resumes.map(word),
            binds: self.binds.map(word),
            close_notify: self.says_end.map(word),
        })
    }
}

fn word(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
