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
    Soak { name: "simnet", about: "the simulated network with many more seeds", run: simnet },
    Soak { name: "interop", about: "TFTP peers that take long, files past block 65,535", run: interop },
    Soak { name: "malformed", about: "a million malformed datagrams against a live server", run: malformed },
    Soak { name: "many", about: "18,000 lock-step transfers open at once", run: many },
    Soak { name: "floods", about: "forged requests from everywhere, until the budget is spent", run: floods },
    Soak { name: "users", about: "10,000 users in files and in the configuration", run: users },
    Soak { name: "model", about: "random sessions beside the plain model (MODEL_RUNS, 2000)", run: model },
    Soak { name: "rates", about: "rates over 10 s, for one and for a hundred transfers", run: rates },
    Soak { name: "large", about: "5 GiB through TFTP and FTP, both ends hashed", run: large },
    Soak { name: "fuzz", about: "each fuzz target for a while (FUZZ_SECONDS, 60)", run: fuzz },
];

/// `cargo xtask soak [GROUP]…`: writes `docs/soak.md` when all of them ran.
pub(crate) fn run(wanted: &[String]) -> Result<()> {
    if let Some(unknown) = wanted.iter().find(|w| !SOAKS.iter().any(|s| s.name == **w)) {
        let list: Vec<String> = SOAKS.iter().map(|s| format!("{} ({})", s.name, s.about)).collect();
        bail!("no soak '{unknown}'; there are: {}", list.join(", "));
    }
    let mut report = format!(
        "# The last soak\n\nWritten by `cargo xtask soak`. {}, {} cores, {}.\n\n",
        version(Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"])),
        std::thread::available_parallelism().map_or(0, usize::from),
        version(Command::new("rustc").arg("--version")),
    );
    for soak in SOAKS.iter().filter(|s| wanted.is_empty() || wanted.iter().any(|w| w == s.name)) {
        println!("── {}: {}", soak.name, soak.about);
        let begin = Instant::now();
        let lines = (soak.run)().with_context(|| soak.name)?;
        let took = begin.elapsed().as_secs();
        report.push_str(&format!(
            "## {}: {}\n\n{took} s.\n\n```\n{}\n```\n\n",
            soak.name,
            soak.about,
            lines.join("\n")
        ));
    }
    print!("{report}");
    if wanted.is_empty() {
        fs::write(root().join("docs/soak.md"), report.trim_end().to_owned() + "\n")?;
    }
    Ok(())
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

/// Other people's TFTP, with those that are compiled first, and rollover with each.
fn interop() -> Result<Vec<String>> {
    peers::compiled()?;
    let rows = target().join(When::Soak.directory());
    if rows.exists() {
        fs::remove_dir_all(&rows)?;
    }
    must(cargo().args(["build", "--quiet", "--workspace", "--bin", "towline"]))?;
    let mut lines = Vec::new();
    for file in ["tftp_clients", "tftp_servers"] {
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

fn malformed() -> Result<Vec<String>> {
    longer("tftp_malformed")
}

fn many() -> Result<Vec<String>> {
    longer("tftp_many")
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

fn rates() -> Result<Vec<String>> {
    longer("limits")
}

fn large() -> Result<Vec<String>> {
    longer("large")
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
