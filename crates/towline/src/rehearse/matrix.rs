//! What can go wrong at which step of an upgrade, and how one ends then that does right: a table.

use device::Fault;
use upgrade::{Facts, Plan, State, Tolerance};

/// How an upgrade may end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It runs the image.
    Upgraded,
    /// It was put back.
    RolledBack,
    /// A person has to look.
    Held,
    /// Nothing was done.
    Abandoned,
}

use End::{Abandoned, Held, RolledBack, Upgraded};

impl End {
    /// As outcomes are called: `rolled-back`.
    pub fn name(self) -> &'static str {
        match self {
            Upgraded => "upgraded",
            RolledBack => "rolled-back",
            Held => "held",
            Abandoned => "abandoned",
        }
    }
}

/// A row: the faults, of which each is one rehearsal, and the ends that are right. `IMAGE` stands for the new image's name.
struct Row {
    /// Of the ladder; `survey` is before it.
    step: &'static str,
    /// What is typed when they begin; nothing: they are there from the beginning.
    typed: &'static str,
    faults: &'static [&'static str],
    right: &'static [End],
    /// They take away what was there before: where none of that has to be there again, nothing goes wrong.
    takes_away: bool,
}

const fn row(
    step: &'static str,
    typed: &'static str,
    faults: &'static [&'static str],
    right: &'static [End],
) -> Row {
    Row { step, typed, faults, right, takes_away: false }
}

/// What takes away all that was there before.
const fn lost(step: &'static str, typed: &'static str) -> Row {
    let faults = &["link-down all", "no-link-after-boot all"];
    Row { step, typed, faults, right: &[RolledBack], takes_away: true }
}

/// Sessions that are lost and devices that crash cost a try, and are gone on from.
const PASSING: &[&str] = &["cut-off", "lost-answer", "crash", "silent 2s", "noise 50ms"];

const ROWS: &[Row] = &[
    row(
        "survey",
        "",
        &["noise 50ms", "prompt (maintenance)", "clock -86400", "slow-flash 4M", "loss 10 127.0.0.1"],
        &[Upgraded],
    ),
    // Nothing has begun yet.
    row("survey", "show version", &["cut-off", "crash", "refuse"], &[Abandoned]),
    row("survey", "", &["full-flash 10000", "aaa-down"], &[Abandoned]),
    row("make-room", "delete", PASSING, &[Upgraded]),
    row("make-room", "delete", &["refuse"], &[Upgraded]),
    row("transfer", "copy", PASSING, &[Upgraded]),
    row("transfer", "copy", &["drop-session 1", "drop-session 50", "drop-session 99"], &[Upgraded]),
    row("transfer", "copy", &["reload-in-copy 50", "refuse", "bad-sectors", "slow-flash 4M"], &[Upgraded]),
    // What does not pass is given up, and nothing is changed.
    row("transfer", "copy", &["full-flash 10000", "bad-sectors 9", "refuse 99"], &[Held]),
    row("verify", "verify", PASSING, &[Upgraded]),
    row("verify", "verify", &["refuse"], &[Upgraded]),
    row("set-boot", "boot system", PASSING, &[Upgraded]),
    row("set-boot", "boot system", &["refuse"], &[Upgraded]),
    row("save", "write", PASSING, &[Upgraded]),
    row("save", "write", &["refuse", "busy-nvram"], &[Upgraded]),
    // It can be neither saved nor put back.
    row("save", "write", &["busy-nvram 99"], &[Held]),
    row("reload", "reload", PASSING, &[Upgraded]),
    row("reload", "reload", &["refuse", "slow-boot 3s", "clock -86400"], &[Upgraded]),
    row("reload", "reload", &["damaged IMAGE"], &[RolledBack]),
    lost("reload", "reload"),
    // Nobody can log in, or nothing runs: a person has to go there.
    row("reload", "reload", &["boot-fails", "boot-fails 1", "aaa-down"], &[Held]),
    row("add", "install add", PASSING, &[Upgraded]),
    row("activate", "install activate", &["cut-off", "lost-answer", "silent 2s", "noise 50ms"], &[Upgraded]),
    // It restarts, and runs what it ran: nobody can know that the new packages were not even tried.
    row("activate", "install activate", &["crash"], &[RolledBack]),
    row("activate", "install activate", &["slow-boot 3s"], &[Upgraded]),
    row("activate", "install activate", &["boot-fails", "aaa-down"], &[Held]),
    lost("activate", "install activate"),
    row("commit", "install commit", PASSING, &[Upgraded]),
];

/// A rehearsal: what goes wrong in it, and how it may end.
#[derive(Clone, Debug)]
pub struct Case {
    /// The step in which it goes wrong; of faults that somebody else chose none.
    pub step: Option<&'static str>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// The ends that are right; none: nobody says which are.
    pub right: &'static [End],
}

impl Case {
    /// Nothing goes wrong.
    pub fn smooth() -> Case {
        Case { step: None, faults: Vec::new(), right: &[Upgraded] }
    }

    /// What goes wrong, as it is written.
    pub fn shown(&self) -> String {
        match self.faults.as_slice() {
            [] => "nothing goes wrong".to_owned(),
            faults => faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        }
    }
}

/// Each fault at each step of a plan at which it can do something. `is_watched`: what was there before has to be there again.
pub fn at_every_step(plan: &Plan, image: &str, is_watched: bool) -> Vec<Case> {
    let is_done = |row: &&Row| row.step == "survey" || plan.actions.iter().any(|a| a.step == row.step);
    let mut cases = vec![Case::smooth()];
    for row in ROWS.iter().filter(is_done) {
        for text in row.faults {
            let text = text.replace("IMAGE", image);
            let text = if row.typed.is_empty() { text } else { format!("when {}: {text}", row.typed) };
            // A test reads them all.
            let Ok(fault) = text.parse() else { continue };
            let right = if row.takes_away && !is_watched { &[Upgraded] } else { row.right };
            cases.push(Case { step: Some(row.step), faults: vec![fault], right });
        }
    }
    cases
}

/// Whether a device with these facts misses it when all its links stay away, and more of that than may.
pub fn is_watched(facts: &Facts, tolerance: &Tolerance) -> bool {
    let gone = Facts { up: Some(Vec::new()), neighbours: Some(Vec::new()), ..facts.clone() };
    !State::of(facts).lost(&gone, tolerance).is_empty()
}

/// The rehearsals of a file: each line one, faults with `;` between them, `#` before a comment.
///
/// # Errors
/// The line, counted from 1, and what is wrong with it.
pub fn read(text: &str) -> Result<Vec<Case>, (usize, String)> {
    let mut cases = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let faults: Result<Vec<Fault>, _> = line.split(';').map(|fault| fault.trim().parse()).collect();
        let faults = faults.map_err(|e: device::BadFault| (n + 1, e.to_string()))?;
        cases.push(Case { step: None, faults, right: &[] });
    }
    Ok(cases)
}

/// The table of the docs.
#[cfg(test)]
pub(crate) fn table() -> String {
    let mut out = String::from("| step | begins with | fault | how it ends then |\n|---|---|---|---|\n");
    for Row { step, typed, faults, right, .. } in ROWS {
        let typed = if typed.is_empty() { "–".to_owned() } else { format!("`{typed}`") };
        let faults: Vec<String> = faults.iter().map(|fault| format!("`{fault}`")).collect();
        let right: Vec<String> = right.iter().map(|end| format!("`{}`", end.name())).collect();
        out += &format!("| `{step}` | {typed} | {} | {} |\n", faults.join(", "), right.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_table_is_one_and_its_step_is_of_the_ladder() {
        for row in ROWS {
            let is_step =
                upgrade::STEPS.iter().chain(&upgrade::INSTALL_STEPS).any(|step| step.name == row.step);
            assert!(is_step || row.step == "survey", "{}", row.step);
            for text in row.faults {
                let fault = text.replace("IMAGE", "new.bin").parse::<Fault>();
                assert!(fault.is_ok(), "{text}: {fault:?}");
            }
            assert!(!row.right.is_empty());
        }
        // Each kind of fault that an upgrade of one image can meet.
        for (word, ..) in device::FAULTS {
            let is_there =
                ROWS.iter().flat_map(|row| row.faults).any(|text| text.split(' ').next() == Some(word));
            let is_left_out = ["any-image", "haste", "when"].contains(word);
            assert!(is_there != is_left_out, "{word}");
        }
    }

    #[test]
    fn the_docs_show_the_table() {
        let doc = include_str!("../../../../docs/upgrade.md");
        assert!(doc.contains(&table()), "put this into docs/upgrade.md:\n{}", table());
    }

    #[test]
    fn a_file_has_a_rehearsal_on_each_line() {
        let text = "# mine\n\nwhen copy: cut-off; noise 50ms\nboot-fails 1   # once\n";
        let cases = read(text).expect("two");
        assert_eq!(
            cases.iter().map(Case::shown).collect::<Vec<_>>(),
            ["when copy: cut-off; noise 50ms", "boot-fails 1"]
        );
        let (line, why) = read("boot-fails\nnonsense 3\n").expect_err("no fault");
        assert!(line == 2 && why.contains("'nonsense 3' is no fault"), "{line}: {why}");
    }
}
