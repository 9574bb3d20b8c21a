//! Types the lesson itself, and judges how it went.

use super::lesson::{At, Course, steps};
use super::names::NEW_VERSION;
use super::scene::Scene;
use super::typist::{Show, console};
use gate::Protocol;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for the console: a copy of the lesson's image, a boot, a timeout of R1.
const PATIENCE: Duration = Duration::from_secs(180);

/// A line of a script that is not typed: power off and on, and a break while it boots.
const OFF_AND_ON: &str = "{off and on, break}";

/// How a scripted lesson went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The session, line by line.
    pub session: Vec<String>,
    /// What was looked at, and whether it was so.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// In words.
    pub what: String,
    /// Whether it is so.
    pub holds: bool,
}

impl Report {
    /// Whether everything is as it should be.
    pub fn passed(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|c| c.holds)
    }
}

/// Types `course` on R1's console.
pub fn run(scene: &Arc<Scene>, course: Course, show: Show) -> Report {
    let (typist, keyboard) = console(show);
    let device = scene.device.clone();
    let r1 = std::thread::spawn(move || device.console(Box::new(keyboard)));
    let mut checks = Vec::new();
    'steps: for step in steps(course) {
        let ready = (step.ready, None);
        let lines = step.script.iter().map(|(at, text)| (*at, Some(*text)));
        for (at, text) in lines.chain([ready]) {
            match typist.wait(at, PATIENCE) {
                Ok(()) => {}
                // What is broken on purpose may end a dialog before its last question.
                Err(_) if course == Course::Broken && matches!(at, At::Ask(_)) => break,
                Err(stuck) => {
                    checks.push(Check { what: format!("{}: {stuck}", step.title), holds: false });
                    break 'steps;
                }
            }
            if text == Some(OFF_AND_ON) {
                typist.break_at_boot();
                scene.device.power_cycle();
            } else if let Some(text) = text {
                typist.line(&scene.names.fill(text));
            }
        }
        let holds = step.goal.holds(&scene.state(), &scene.names);
        checks.push(Check { what: format!("step '{}' is done", step.title), holds });
        if !holds && course != Course::Broken {
            break;
        }
    }
    let session = typist.session();
    if !matches!(course, Course::Scenario(_)) {
        checks.extend(verdict(scene, course));
    }
    drop(typist);
    // A panic of R1 has been printed; the checks tell what it left.
    let _ = r1.join();
    Report { session, checks }
}

/// What must hold at the end, whatever the console showed.
fn verdict(scene: &Scene, course: Course) -> Vec<Check> {
    let names = &scene.names;
    let state = scene.state();
    let running = state.version.as_deref().unwrap_or("nothing");
    let mut checks = vec![
        Check {
            what: format!("R1 runs {NEW_VERSION} (it runs {running})"),
            holds: state.version.as_deref() == Some(NEW_VERSION),
        },
        Check {
            what: String::from("the SHA-512 of the image in R1's flash is the one of the server's file"),
            holds: scene.device.digests(&names.new).is_some_and(|(_, sha512)| sha512 == scene.sha512()),
        },
    ];
    let path = format!("/{}", names.new);
    let octets = |protocol| match scene.served() {
        Some(served) => served
            .iter()
            .filter(|s| s.protocol == protocol && s.path == path && s.complete)
            .map(|s| s.octets)
            .sum(),
        // Somebody else's servers have no audit of ours: what R1 received is what there is.
        None => match protocol {
            Protocol::Tftp => state.tftp_octets,
            Protocol::Ftp => state.ftp_octets,
            // The device copies over no other.
            Protocol::Http | Protocol::Sftp | Protocol::Scp => 0,
        },
    };
    let by = if scene.served().is_some() { "the servers' audit" } else { "R1's traffic" };
    let protocols: &[Protocol] = match course {
        Course::Whole => &[Protocol::Tftp, Protocol::Ftp, Protocol::Scp],
        Course::Foreign | Course::Firewall => &[Protocol::Tftp, Protocol::Ftp],
        Course::Broken | Course::Scenario(_) => &[Protocol::Tftp],
    };
    for &protocol in protocols {
        let sum: u64 = octets(protocol);
        checks.push(Check {
            what: format!("{by} shows {} octets over {protocol} ({sum} seen)", names.size),
            holds: sum == names.size,
        });
    }
    checks
}
