//! What is asked of devices that run: what they are, what clients did to them, what is to go wrong.
//!
//! The socket and its lines are those of `control`; who may ask is decided there. A new question is a variant of [`Asked`]
//! and its arm in [`Desk`]'s one match.

use crate::control::{self, Answers, Said};
use crate::events::timestamp;
use crate::exit::{Exit, Failure};
use device::{Device, Fault, Mode};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A question about a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name; none: the only one, or all.
    pub device: Option<String>,
    /// What is asked.
    pub asked: Asked,
}

/// What is asked.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Asked {
    /// What is it, and what runs? One [`Line::Device`].
    Device,
    /// What was typed at its prompts? One [`Line::Command`] for each.
    Commands,
    /// What did it copy? One [`Line::Copy`] for each.
    Copies,
    /// What is in flash? One [`Line::File`] for each.
    Files,
    /// What does it run with? One [`Line::Configuration`].
    Configuration,
    /// What is wrong with it? One [`Line::Wrong`] for each.
    Faults,
    /// Something goes wrong from now on.
    Fault {
        /// As for `towline device --fault`.
        fault: String,
    },
    /// Nothing is wrong any more, or not that.
    ClearFaults {
        /// A fault as it was set, or what all are called that are meant; none: all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// Switches it off and on.
    PowerCycle,
}

/// A line of an answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Line {
    /// A device.
    Device {
        /// Its name in the lab.
        device: String,
        /// Where it is; none of one that is not of a lab.
        address: Option<Ipv4Addr>,
        /// Its model.
        profile: String,
        /// `ios`, `rommon` or `off`.
        mode: String,
        /// Of the running IOS.
        version: Option<String>,
        /// The file it was loaded from.
        image: Option<String>,
        /// Its host name.
        hostname: String,
        /// The register of the next boot: `0x2102`.
        register: String,
        /// `boot system` lines of the saved configuration.
        boot: Vec<String>,
        /// Whether the running configuration differs from the saved one.
        modified: bool,
        /// Octets free in flash.
        free: u64,
    },
    /// A command.
    Command {
        /// The device.
        device: String,
        /// When: RFC 3339, UTC, by the host's clock.
        at: String,
        /// `con 0`, `vty 1`.
        line: String,
        /// Who.
        user: Option<String>,
        /// The prompt; of one command over SSH there is none.
        prompt: String,
        /// As it came.
        text: String,
    },
    /// A copy.
    Copy {
        /// The device.
        device: String,
        /// `tftp://10.0.0.1/x.bin`.
        source: String,
        /// `flash:x.bin`.
        destination: String,
        /// How many octets; none where it failed.
        octets: Option<u64>,
        /// Why it failed, as the device printed it.
        error: Option<String>,
    },
    /// A file of flash.
    File {
        /// The device.
        device: String,
        /// From the root of flash.
        name: String,
        /// Octets.
        octets: u64,
        /// Of its octets.
        sha512: String,
    },
    /// The running configuration.
    Configuration {
        /// The device.
        device: String,
        /// Its lines.
        text: String,
    },
    /// Something that is wrong.
    Wrong {
        /// The device.
        device: String,
        /// As for `towline device --fault`.
        fault: String,
    },
    /// That this was all.
    Done,
    /// That it could not be done.
    Refused(control::Fault),
}

impl Said for Line {
    fn last(ended: Result<(), &Failure>) -> Line {
        match ended {
            Ok(()) => Line::Done,
            Err(failure) => Line::Refused(failure.into()),
        }
    }

    fn ended(&self) -> Option<Result<(), Failure>> {
        match self {
            Line::Done => Some(Ok(())),
            Line::Refused(fault) => Some(Err(fault.into())),
            _ => None,
        }
    }
}

/// A device that can be asked.
pub struct Known {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: Option<Ipv4Addr>,
    /// The device.
    pub device: Arc<Device>,
}

/// Who answers.
pub struct Desk(pub Vec<Known>);

impl Desk {
    /// Those that are meant.
    fn meant(&self, name: Option<&str>) -> Result<Vec<&Known>, Failure> {
        let Some(name) = name else { return Ok(self.0.iter().collect()) };
        let by_address = |known: &&Known| known.address.is_some_and(|address| address.to_string() == name);
        let found: Vec<&Known> =
            self.0.iter().filter(|known| known.name == name || by_address(known)).collect();
        if found.is_empty() {
            let some: Vec<&str> = self.0.iter().take(5).map(|known| known.name.as_str()).collect();
            let more = if self.0.len() > 5 { ", …" } else { "" };
            let way_out = format!("there are {}{more}", some.join(", "));
            return Err(Failure::new(Exit::Absent, name, "there is no such device here", way_out));
        }
        Ok(found)
    }
}

impl Answers for Desk {
    type Request = Question;
    type Said = Line;

    fn answer(
        &self,
        _: &transport::Caller,
        question: Question,
        say: &mut dyn FnMut(&Line) -> bool,
    ) -> Result<(), Failure> {
        let Question { device, asked } = question;
        let meant = self.meant(device.as_deref())?;
        let fault = match &asked {
            Asked::Fault { fault } => {
                let parsed = fault.parse::<Fault>();
                Some(parsed.map_err(|e| Failure::usage("fault", e, "docs/device.md has all"))?)
            }
            _ => None,
        };
        if let Some(fault) = &fault {
            for Known { name, device, .. } in &meant {
                fault
                    .fits(device.profile())
                    .map_err(|e| Failure::usage(name, e, "name one of these, or all"))?;
            }
        }
        if let Asked::ClearFaults { fault: Some(text) } = &asked {
            let taken = meant.iter().filter(|known| known.device.take_back(text)).count();
            return match taken {
                0 => Err(Failure::new(
                    Exit::Absent,
                    text,
                    "nothing of that is wrong",
                    "'faults' lists what is",
                )),
                _ => Ok(()),
            };
        }
        for Known { name, address, device } in meant {
            let lines = match &asked {
                Asked::Device => vec![about(name, *address, device)],
                Asked::Commands => commands(name, device),
                Asked::Copies => copies(name, device),
                Asked::Files => files(name, device),
                Asked::Configuration => {
                    vec![Line::Configuration { device: name.clone(), text: device.configuration() }]
                }
                Asked::Faults => device
                    .faults()
                    .iter()
                    .map(|fault| Line::Wrong { device: name.clone(), fault: fault.to_string() })
                    .collect(),
                Asked::Fault { .. } => {
                    fault.iter().for_each(|fault| device.set_fault(fault.clone()));
                    Vec::new()
                }
                Asked::ClearFaults { .. } => {
                    device.clear_faults();
                    Vec::new()
                }
                Asked::PowerCycle => {
                    device.power_cycle();
                    Vec::new()
                }
            };
            if !lines.iter().all(&mut *say) {
                break;
            }
        }
        Ok(())
    }
}

fn about(name: &str, address: Option<Ipv4Addr>, device: &Device) -> Line {
    let facts = device.facts();
    let (mode, version, image) = match facts.mode {
        Mode::Off => ("off", None, None),
        Mode::Rommon => ("rommon", None, None),
        Mode::Ios { version, file, .. } => ("ios", Some(version), Some(file)),
    };
    Line::Device {
        device: name.to_owned(),
        address,
        profile: device.profile().name.to_string(),
        mode: mode.to_owned(),
        version,
        image,
        hostname: facts.hostname,
        register: format!("{:#06x}", facts.register),
        boot: facts.startup_boot,
        modified: facts.modified,
        free: facts.free,
    }
}

fn commands(name: &str, device: &Device) -> Vec<Line> {
    let line = |typed: device::Typed| Line::Command {
        device: name.to_owned(),
        at: timestamp(typed.at),
        line: typed.line,
        user: typed.user,
        prompt: typed.prompt,
        text: typed.text,
    };
    device.heard().into_iter().map(line).collect()
}

fn copies(name: &str, device: &Device) -> Vec<Line> {
    let line = |copy: device::LastCopy| Line::Copy {
        device: name.to_owned(),
        source: copy.source,
        destination: copy.destination,
        octets: copy.result.as_ref().ok().copied(),
        error: copy.result.err(),
    };
    device.copies().into_iter().map(line).collect()
}

fn files(name: &str, device: &Device) -> Vec<Line> {
    let line = |file: device::FlashFile| {
        // One that was removed meanwhile is not there.
        let (_, sha512) = device.digests(&file.name)?;
        Some(Line::File { device: name.to_owned(), name: file.name, octets: file.len, sha512 })
    };
    device.facts().flash.into_iter().filter_map(line).collect()
}
