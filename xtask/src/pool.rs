use crate::house::{cargo, shown};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many test binaries run at once. Each runs a test for every core; most of them wait for a peer or a timer,
/// and a file with one long test would leave the other cores idle.
const SIDE_BY_SIDE: usize = 3;

/// A line of `cargo test --no-run --message-format=json`, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    package_id: Option<String>,
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// One test binary.
struct Binary {
    program: PathBuf,
    /// Its package's directory, where cargo starts it.
    directory: PathBuf,
    /// The flags of `cargo test` that name it.
    flags: String,
}

/// Builds what these flags of `cargo test` take and runs the binaries, several side by side, each one's output in
/// one piece. Gives libtest's lines of results; which failed is an error, after all have run.
pub(crate) fn run(flags: &[String], results: &mut Vec<String>) -> Result<()> {
    let binaries = built(flags)?;
    let (next, told) = (AtomicUsize::new(0), Mutex::new((Vec::new(), Vec::new())));
    let work = || {
        while let Some(binary) = binaries.get(next.fetch_add(1, Ordering::Relaxed)) {
            let out = Command::new(&binary.program)
                .current_dir(&binary.directory)
                .env("CARGO_MANIFEST_DIR", &binary.directory)
                .env("E2E_BUILT", "1")
                .stdin(Stdio::null())
                .output();
            let (results, failed) = &mut *told.lock().expect("nobody panics with it");
            tell(binary, out, results, failed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(work);
        }
    });
    let (lines, failed) = told.into_inner().expect("nobody panicked with it");
    results.extend(lines);
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    Ok(())
}

/// Prints what a binary said, and notes its results and whether it failed.
fn tell(binary: &Binary, out: std::io::Result<Output>, results: &mut Vec<String>, failed: &mut Vec<String>) {
    println!("     Running {} ({})", binary.flags, binary.program.display());
    let again = format!("cargo test {}", binary.flags);
    match out {
        Ok(out) => {
            let text = String::from_utf8_lossy(&out.stdout);
            print!("{text}");
            eprint!("{}", String::from_utf8_lossy(&out.stderr));
            results.extend(text.lines().filter(|l| ran_something(l)).map(String::from));
            if !out.status.success() {
                println!("error: {again}: {}", out.status);
                failed.push(again);
            }
        }
        Err(e) => {
            println!("error: cannot start {}: {e}", binary.program.display());
            failed.push(again);
        }
    }
}

/// Whether this is libtest's last line, of a binary that has tests.
pub(crate) fn ran_something(line: &str) -> bool {
    line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed; 0 ignored")
}

/// The test binaries that these flags take, by name.
fn built(flags: &[String]) -> Result<Vec<Binary>> {
    let mut build = cargo();
    build.args(["test", "--no-run", "--message-format=json-render-diagnostics"]).args(flags);
    let out = build.stderr(Stdio::inherit()).output().with_context(|| shown(&build))?;
    if !out.status.success() {
        bail!("{} ended with {}", shown(&build), out.status);
    }
    let mut binaries = Vec::new();
    for line in String::from_utf8(out.stdout)?.lines() {
        let message: Message =
            serde_json::from_str(line).context("cargo's messages are not what they were")?;
        let (Some(program), Some(manifest), Some(target), Some(Profile { test: true })) =
            (message.executable, message.manifest_path, message.target, message.profile)
        else {
            continue;
        };
        let directory = manifest.parent().context("a manifest lies somewhere")?.to_path_buf();
        // `path+file:///dir#name@version`, or without the name where the directory is called so.
        let id = message.package_id.unwrap_or_default();
        let package = match id.rsplit_once('#').and_then(|(_, name)| name.split_once('@')) {
            Some((name, _)) => name.to_owned(),
            None => directory.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let which = match target.kind.first().map(String::as_str) {
            Some("test") => format!("--test {}", target.name),
            Some("bin") => format!("-p {package} --bin {}", target.name),
            Some(_) | None => format!("-p {package} --lib"),
        };
        binaries.push(Binary { program, directory, flags: which });
    }
    binaries.sort_by(|a, b| a.flags.cmp(&b.flags));
    Ok(binaries)
}
