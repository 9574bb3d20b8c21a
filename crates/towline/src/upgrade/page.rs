//! A run as a page: one file without scripts and without anything from elsewhere, that can be read on a screen, printed and
//! kept. What it shows comes from devices: nothing of it is markup.

use super::story::{Came, Moment, Standing, Story, What};
use super::text;
use crate::figures::took;
use db::journal::RunKept;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::{Duration, UNIX_EPOCH};

/// Nothing is fetched, nothing runs, whatever a device says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Colours with words beside them, for who cannot tell them apart; on paper all that scrolls is laid out.
const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d0d7de;--faint:#59636e;--good:#1a7f37;--bad:#d1242f;--wait:#9a6700;--bar:#0b5cad}\
@media(prefers-color-scheme:dark){:root{--line:#3d444d;--faint:#9198a1;--good:#3fb950;--bad:#ff7b72;--wait:#d29922;--bar:#58a6ff}}\
body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2.5rem;border-top:1px solid var(--line);padding-top:1rem}h3{font-size:1rem}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}\
td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\
code,pre,.m{font-family:ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:13px;overflow-wrap:anywhere}\
pre{border:1px solid var(--line);padding:.6rem;max-height:28rem;overflow:auto;white-space:pre-wrap}\
.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}.faint{color:var(--faint)}\
.track{display:block;width:12rem;background:var(--line);height:.55rem;margin-top:.45rem}\
.bar{display:block;background:var(--bar);height:100%;min-width:2px}\
@media print{body{max-width:none;margin:0;font-size:11px}pre{max-height:none;overflow:visible}h2{break-before:page}tr,h3{break-inside:avoid}}";

/// Text that is no markup. What no screen shows is shown by its number.
struct Plain<'a>(&'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(c)?,
                // Marks that turn the direction of what follows are for people who would mislead.
                c if c.is_control()
                    || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
                {
                    write!(f, "{}", c.escape_default())?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Everything before the devices. `made` is when the page is made, milliseconds since 1970.
pub fn head(run: &RunKept, totals: &BTreeMap<String, u64>, made: i64) -> String {
    let mut out = String::new();
    let image = Plain(&run.run.image);
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width\"/>\n\
         <title>Upgrade {}: {image}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Upgrade {}: {image}</h1>\n\
         <p>{}. Begun {}; this page is of {}. All times are UTC.</p>\n\
         <p>The image is <code>{image}</code>, MD5 <code>{}</code>; towline {}.</p>\n",
        run.id,
        run.id,
        Plain(&text::counted(totals)),
        time(run.at),
        time(made),
        Plain(&run.run.md5),
        Plain(&run.version),
    );
    if let Some(at) = run.stop {
        let _ = writeln!(out, "<p class=\"wait\">Asked to stop at {}.</p>", time(at));
    }
    out.push_str(
        "<table>\n<thead><tr><th>Device</th><th>Outcome</th><th>Before</th><th>After</th><th>Took</th></tr></thead>\n<tbody>\n",
    );
    out
}

/// The device's row of the summary.
pub fn row(story: &Story, place: usize) -> String {
    let (class, word, why) = outcome(story);
    let version =
        |ran: &Option<super::record::Ran>| ran.as_ref().map_or("-", |ran| ran.version.as_str()).to_owned();
    format!(
        "<tr><td><a href=\"#d{place}\">{}</a></td><td class=\"{class}\">{}{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td></tr>\n",
        Plain(&text::name(story)),
        Plain(word),
        Plain(&if why.is_empty() { String::new() } else { format!(": {why}") }),
        Plain(&version(&story.before)),
        Plain(&version(&story.after)),
        took(story.took()),
    )
}

/// What is between the summary and the first device.
pub fn middle() -> &'static str {
    "</tbody>\n</table>\n"
}

/// What is behind the last device.
pub fn foot() -> &'static str {
    "</body>\n</html>\n"
}

/// All of a device.
pub fn section(story: &Story, place: usize) -> String {
    let (class, word, why) = outcome(story);
    let mut out = format!(
        "<h2 id=\"d{place}\">{}</h2>\n<p><strong class=\"{class}\">{}</strong>{}</p>\n<table>\n<tbody>\n",
        Plain(&text::name(story)),
        Plain(word),
        Plain(&if why.is_empty() { String::new() } else { format!(": {why}") }),
    );
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "<tr><th>{name}</th><td class=\"m\">{}</td></tr>", Plain(value));
        }
    };
    fact("Serial number", story.serial.as_deref().unwrap_or_default());
    for (when, ran) in [("before", &story.before), ("after", &story.after)] {
        let Some(ran) = ran else { continue };
        fact(&format!("Model {when}"), &ran.model);
        fact(&format!("Version {when}"), &ran.version);
        fact(&format!("Image {when}"), &ran.image);
        fact(&format!("Boots {when}"), &text::boots(&ran.boot));
    }
    for watched in story.watched() {
        fact("Watched", &watched.line());
    }
    fact("MD5 by the device", story.md5.as_deref().unwrap_or_default());
    if story.claims > 1 {
        fact("At work on it", &format!("{} processes, one after the other", story.claims));
    }
    out.push_str("</tbody>\n</table>\n");
    if !story.moments.is_empty() {
        out.push_str("<h3>What was done</h3>\n<table>\n<thead><tr><th>At</th><th>Step</th><th>What</th><th>Took</th><th></th></tr></thead>\n<tbody>\n");
        let longest = story.moments.iter().filter_map(time_of).max().unwrap_or_default();
        for moment in &story.moments {
            out.push_str(&moment_row(moment, longest));
        }
        out.push_str("</tbody>\n</table>\n");
    }
    match &story.configuration {
        None => {}
        Some(change) if change.lines.is_empty() => {
            out.push_str("<h3>Configuration</h3>\n<p>As it was before.</p>\n");
        }
        Some(change) => {
            let _ = writeln!(
                out,
                "<h3>Configuration</h3>\n<p>{}; secrets are left out.</p>\n<pre>{}</pre>",
                text::counts(change),
                Plain(&change.lines)
            );
        }
    }
    for strange in &story.strange {
        let _ = writeln!(out, "<p class=\"bad\">Not understood: {}</p>", Plain(strange));
    }
    if !story.transcript.is_empty() {
        let _ = writeln!(
            out,
            "<h3>What was typed and said</h3>\n<p class=\"faint\">Secrets are left out.</p>\n<pre>{}</pre>",
            Plain(&story.transcript)
        );
    }
    out
}

fn moment_row(moment: &Moment, longest: Duration) -> String {
    let at = time(moment.at);
    let remark = |class: &str, text: &str| {
        format!(
            "<tr><td class=\"n\">{at}</td><td colspan=\"4\" class=\"{class}\">{}</td></tr>\n",
            Plain(text)
        )
    };
    match &moment.what {
        What::Deed { step, what, took: time, came } => {
            let (class, came) = match came {
                Came::Done => ("", String::new()),
                Came::Failed(why) => ("bad", format!(": failed: {why}")),
                Came::UnderWay => ("wait", String::from(": under way")),
                Came::Unknown => ("wait", String::from(": nobody knows what came of it")),
            };
            let share = match time {
                Some(time) if !longest.is_zero() => 100.0 * time.as_secs_f64() / longest.as_secs_f64(),
                Some(_) | None => 0.0,
            };
            format!(
                "<tr><td class=\"n\">{at}</td><td>{step}</td><td><span class=\"m\">{}</span><span class=\"{class}\">{}</span></td>\
                 <td class=\"n\">{}</td><td><span class=\"track\"><span class=\"bar\" style=\"width:{share:.1}%\"></span></span></td></tr>\n",
                Plain(what),
                Plain(&came),
                time.map_or_else(|| String::from("-"), took),
            )
        }
        What::TurnedBack(why) => remark("bad", &format!("Put back from here on: {why}")),
        What::Resumed => remark("faint", "Gone on with from here."),
        What::Note(text) => remark("faint", text),
    }
}

fn time_of(moment: &Moment) -> Option<Duration> {
    match &moment.what {
        What::Deed { took, .. } => *took,
        What::TurnedBack(_) | What::Resumed | What::Note(_) => None,
    }
}

/// Its class, its word and the reason.
fn outcome(story: &Story) -> (&'static str, &str, &str) {
    match &story.standing {
        Standing::Waiting => ("faint", "waiting", ""),
        Standing::AtWork { by } => ("wait", "at work", by),
        Standing::Left => ("bad", "left", "whoever was at work on it stopped"),
        Standing::Ended { outcome, why } => {
            let class = match outcome.as_str() {
                "upgraded" | "already-there" => "good",
                "rolled-back" | "held" => "bad",
                _ => "wait",
            };
            (class, outcome, why)
        }
    }
}

/// `2026-11-27 18:02:11`
fn time(at: i64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(u64::try_from(at).unwrap_or_default());
    let stamp = crate::events::timestamp(at);
    stamp[..19].replace('T', " ")
}
