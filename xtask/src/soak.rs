use crate::house::{cargo, must, output, root, shown, target};
use crate::matrix::{self, When};
use crate::peers;
use crate::test::version;
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Something that takes too long for every commit.
struct Soak {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Vec<String>>,
}

const SOAKS: &[Soak] = &[
    Soak {
        name: "simnet",
        about: "TFTP over simulated bad networks with many more seeds: every file whole, goodput by loss and window",
        run: simnet,
    },
    Soak {
        name: "interop",
        about: "peers that take long: TFTP past block 65,535, SFTP by sshfs, rclone and russh-sftp",
        run: interop,
    },
    Soak {
        name: "tools",
        about: "pyATS, unicon and Genie, Ansible's cisco.ios against emulated devices: parsed, configured, saved, reloaded",
        run: tools,
    },
    Soak { name: "malformed", about: "a million malformed datagrams against a live server", run: malformed },
    Soak { name: "many", about: "18,000 lock-step transfers open at once", run: many },
    Soak {
        name: "devices",
        about: "10,000 emulated devices in one process, 200 of which copy an image at once",
        run: devices,
    },
    Soak {
        name: "rehearsals",
        about: "upgrades of twins of every model, with every fault at every step",
        run: rehearsals,
    },
    Soak { name: "floods", about: "forged requests from everywhere, until the budget is spent", run: floods },
    Soak {
        name: "users",
        about: "10,000 users in files and in the configuration: start, memory, logins cold and warm",
        run: users,
    },
    Soak {
        name: "tree",
        about: "a million files under a quota: when it listens, how long the count takes, what it costs",
        run: tree,
    },
    Soak { name: "model", about: "random sessions beside the plain model (MODEL_RUNS, 2000)", run: model },
    Soak { name: "rates", about: "rates over 10 s, for one and for a hundred transfers", run: rates },
    Soak {
        name: "systemd",
        about: "the units and the commands of docs/operations.md under a real systemd, the Containerfile's steps, in namespaces",
        run: systemd,
    },
    Soak {
        name: "ftp",
        about: "10,000 control connections that say nothing; 1,000 clients that pull one image of 64 MiB at once",
        run: ftp,
    },
    Soak { name: "large", about: "5 GiB through TFTP and FTP, both ends hashed", run: large },
    Soak {
        name: "ssh",
        about: "5 GiB over SFTP across our key exchanges, with OpenSSH and with ourselves",
        run: ssh,
    },
    Soak {
        name: "upgrades",
        about: "upgrades of each model killed behind every entry of their journal and gone on with",
        run: upgrades,
    },
    Soak { name: "fuzz", about: "each fuzz target for a while (FUZZ_SECONDS, 60)", run: fuzz },
];

/// `cargo xtask soak [GROUP]…`: puts the figures of what ran into `docs/soak.md`; those of other groups stay.
pub(crate) fn run(wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|w| !SOAKS.iter().any(|s| s.name == **w)) {
        let list: Vec<String> = SOAKS.iter().map(|s| format!("{} ({})", s.name, s.about)).collect();
        bail!("no soak '{unknown}'; there are: {}", list.join(", "));
    }
    let place = root().join("docs/soak.md");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let rustc = version(Command::new("rustc").arg("--version"));
    for soak in SOAKS.iter().filter(|s| wanted.is_empty() || wanted.iter().any(|w| w == s.name)) {
        println!("── {}: {}", soak.name, soak.about);
        let date = version(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]));
        let begin = Instant::now();
        let lines = (soak.run)().with_context(|| soak.name)?;
        let took = begin.elapsed().as_secs();
        let figures =
            format!("{took} s. {date}, {cores} cores, {rustc}.\n\n```\n{}\n```\n", lines.join("\n"));
        println!("{figures}");
        // What ran stays known where a later group fails.
        let old = fs::read_to_string(&place).unwrap_or_default();
        fs::write(&place, page(&old, soak.name, &figures))?;
    }
    Ok(())
}

const HEAD: &str = "\
# Soaks

What takes too long for every commit: `cargo xtask soak` runs all of it, `cargo xtask soak GROUP…` some. Each section is
written by the run that it tells of; a test that fails there fails the run.

";

/// The page with other figures of one group.
fn page(old: &str, ran: &str, figures: &str) -> String {
    let body = |name: &str| {
        if name == ran {
            return Some(figures);
        }
        let (_, rest) = old.split_once(&format!("\n## {name}: "))?;
        let (_about, rest) = rest.split_once("\n\n")?;
        Some(rest.split("\n## ").next().unwrap_or(rest))
    };
    let mut page = String::from(HEAD);
    page.push_str("| group | what it does | took |\n|---|---|---|\n");
    for Soak { name, about, .. } in SOAKS {
        let took = body(name).and_then(|body| body.split(". ").next()).unwrap_or("not run yet");
        page.push_str(&format!(
            "| [{name}](#{}) | {about} | {took} |\n",
            anchor(&format!("{name}: {about}"))
        ));
    }
    for Soak { name, about, .. } in SOAKS {
        if let Some(body) = body(name) {
            page.push_str(&format!("\n## {name}: {about}\n\n{}\n", body.trim()));
        }
    }
    page
}

/// What a heading is called in links: small letters, digits and `-`.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Runs a test binary and keeps the lines that begin with `soak:` and libtest's results.
fn figures(command: &mut Command) -> Result<Vec<String>> {
    let text = output(command)?;
    print!("{text}");
    let kept: Vec<String> = text
        .lines()
        .filter_map(|l| match l.split_once("soak: ") {
            // libtest's `test NAME ... ` may stand before a test's first line.
            Some((_, figure)) => Some(figure),
            None => l.starts_with("test result").then_some(l),
        })
        .filter(|l| !l.contains(" 0 passed"))
        .map(String::from)
        .collect();
    if kept.is_empty() {
        bail!("{} ran nothing", shown(command));
    }
    Ok(kept)
}

/// `cargo test` of one test file, in the build that `cargo xtask test` uses.
fn test_file(name: &str) -> Command {
    let mut c = cargo();
    c.args(["test", "--quiet", "--workspace", "--test", name, "--", "--nocapture"]);
    c
}

/// In 100,000 seeds no side repeats itself in vain for 60 s (in seed 142240 it does: a time-out that is one).
fn simnet() -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (name, seeds) in [("tftp", "100000"), ("fuzz", "20000"), ("goodput", "30")] {
        lines.extend(figures(test_file(name).env("SIMNET_SEEDS", seeds))?);
    }
    Ok(lines)
}

/// Other people's TFTP and SFTP, with those that are compiled first, and rollover with each of TFTP.
fn interop() -> Result<Vec<String>> {
    peers::compiled()?;
    let rows = target().join(When::Soak.directory());
    if rows.exists() {
        fs::remove_dir_all(&rows)?;
    }
    must(cargo().args(["build", "--quiet", "--workspace", "--bin", "towline"]))?;
    let mut lines = Vec::new();
    for file in ["tftp_clients", "tftp_servers", "sftp_more_clients"] {
        let mut c = test_file(file);
        c.env("E2E_SOAK", "1").env("E2E_BUILT", "1").env("E2E_MATRIX", When::Soak.directory());
        lines.extend(figures(&mut c)?);
    }
    matrix::check(When::Soak)?;
    Ok(lines)
}

/// A test file that does more with `E2E_SOAK`, its tests one after the other: the figures are of one alone.
fn longer(file: &str) -> Result<Vec<String>> {
    must(cargo().args(["build", "--quiet", "--workspace", "--bin", "towline"]))?;
    figures(test_file(file).arg("--test-threads=1").env("E2E_SOAK", "1").env("E2E_BUILT", "1"))
}

fn tools() -> Result<Vec<String>> {
    peers::testers()?;
    must(cargo().args(["build", "--quiet", "--workspace", "--bin", "towline"]))?;
    figures(test_file("device").args(["pyats", "ansible::"]).env("E2E_SOAK", "1").env("E2E_BUILT", "1"))
}

fn malformed() -> Result<Vec<String>> {
    longer("tftp_malformed")
}

fn many() -> Result<Vec<String>> {
    longer("tftp_many")
}

fn devices() -> Result<Vec<String>> {
    longer("topology")
}

fn rehearsals() -> Result<Vec<String>> {
    let mut c = cargo();
    c.args(["test", "--quiet", "--package", "towline", "--lib", "ends_as_it_should", "--", "--nocapture"]);
    figures(c.env("TOWLINE_REHEARSE_ALL", "1"))
}

fn floods() -> Result<Vec<String>> {
    longer("tftp_adversaries")
}

fn users() -> Result<Vec<String>> {
    longer("users_many")
}

fn model() -> Result<Vec<String>> {
    let runs = std::env::var("MODEL_RUNS").unwrap_or_else(|_| "2000".into());
    let mut door = cargo();
    door.args(["test", "--quiet", "--package", "gate", "--lib", "tests::random", "--", "--nocapture"]);
    let mut lines = figures(door.env("TOWLINE_SEED", "fresh").env("TOWLINE_MODEL_RUNS", runs))?;
    must(cargo().args(["build", "--quiet", "--workspace", "--bin", "towline"]))?;
    let mut wire = test_file("model");
    wire.env("TOWLINE_SEED", "fresh").env("E2E_SOAK", "1").env("E2E_BUILT", "1");
    lines.extend(figures(&mut wire)?);
    Ok(lines)
}

fn ftp() -> Result<Vec<String>> {
    Ok([longer("ftp_adversaries")?, longer("ftp_burst")?].concat())
}

fn tree() -> Result<Vec<String>> {
    longer("tree_many")
}

fn rates() -> Result<Vec<String>> {
    longer("limits")
}

fn systemd() -> Result<Vec<String>> {
    Ok([longer("systemd")?, longer("packages")?].concat())
}

fn large() -> Result<Vec<String>> {
    longer("large")
}

fn ssh() -> Result<Vec<String>> {
    longer("sftp_large")
}

fn upgrades() -> Result<Vec<String>> {
    longer("upgrade")
}

fn fuzz() -> Result<Vec<String>> {
    let seconds = std::env::var("FUZZ_SECONDS").unwrap_or_else(|_| "60".into());
    let fuzz = |arguments: &[&str]| {
        let mut c = Command::new("cargo");
        c.arg("+nightly").arg("fuzz").args(arguments).current_dir(root()).stdin(Stdio::null());
        c
    };
    let targets =
        output(&mut fuzz(&["list"])).context("cargo install cargo-fuzz, rustup toolchain install nightly")?;
    let mut lines = Vec::new();
    for name in targets.lines() {
        let limit = format!("-max_total_time={seconds}");
        // What it finds goes here; the committed seeds are only read.
        let found = target().join("fuzz-found").join(name);
        fs::create_dir_all(&found)?;
        let (found, seeds) = (found.display().to_string(), format!("fuzz/corpus/{name}"));
        let mut run = fuzz(&["run", name, &found, &seeds, "--", &limit, "-print_final_stats=1"]);
        let out = run.stderr(Stdio::piped()).output().with_context(|| shown(&run))?;
        let text = String::from_utf8_lossy(&out.stderr);
        if !out.status.success() {
            bail!("{name} crashed:\n{text}");
        }
        let stat =
            |key: &str| text.lines().find_map(|l| l.strip_prefix(key)).unwrap_or("?").trim().to_owned();
        lines.push(format!(
            "{name}: {} executions in {seconds} s, no crash",
            stat("stat::number_of_executed_units:")
        ));
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_one_group_leaves_the_figures_of_the_others() {
        let first = page("", "large", "78 s. 2026-01-01, 2 cores.\n\n```\n5 GiB\n```\n");
        let both = page(&first, "rates", "40 s. 2026-02-01, 2 cores.\n\n```\n1 %\n```\n");
        for text in ["## large: 5 GiB", "78 s. 2026-01-01", "40 s. 2026-02-01", "| not run yet |", "| 40 s |"]
        {
            assert!(both.contains(text), "{text} in {both}");
        }
        assert_eq!(both.matches("## large").count(), 1);
        assert_eq!(page(&both, "rates", "40 s. 2026-02-01, 2 cores.\n\n```\n1 %\n```\n"), both);
        assert_eq!(anchor("large: 5 GiB through TFTP"), "large-5-gib-through-tftp");
    }
}
