//! `towline recipe`: lines to type, made from what is known here.
//!
//! - `upgrade`: a device's image, from the room it needs to the version that runs.
//! - `dhcp`: where a TFTP server is, for other people's DHCP servers.

pub mod dhcp;
pub mod upgrade;

/// One step of a runbook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What it is about.
    pub title: String,
    /// What to look at before and after: paragraphs.
    pub says: Vec<String>,
    /// What is typed.
    pub lines: Vec<Line>,
}

/// One typed line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// The line; empty: Enter alone.
    pub text: String,
    /// How the question begins that this answers; `None`: it is typed at a prompt.
    pub answers: Option<&'static str>,
}

/// The whole as text that can be typed: comments begin with `!`, which IOS ignores.
pub fn text(head: &[String], steps: &[Step]) -> String {
    let mut out = String::new();
    let comment = |out: &mut String, line: &str| {
        out.push_str(format!("! {line}").trim_end());
        out.push('\n');
    };
    for line in head {
        comment(&mut out, line);
    }
    for (n, step) in steps.iter().enumerate() {
        comment(&mut out, "");
        comment(&mut out, &format!("{}. {}", n + 1, step.title));
        for line in step.says.iter().flat_map(|s| wrapped(s)) {
            comment(&mut out, &format!("   {line}"));
        }
        for line in &step.lines {
            out.push_str(&line.text);
            out.push('\n');
        }
    }
    out
}

/// A paragraph in lines that fit behind a prompt and `!    ` on a console of 80 columns.
fn wrapped(paragraph: &str) -> Vec<String> {
    const WIDTH: usize = 66;
    let mut lines: Vec<String> = Vec::new();
    for word in paragraph.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
