//! What is asked for, and the facts that come of it.

use super::session::{Fault, Session};
use clock::Duration;
use ios_cli::image_name::ImageName;
use ios_cli::text::boot_variables::BootVariables;
use ios_cli::text::bootvar::BootVar;
use ios_cli::text::catalyst::parse_stack;
use ios_cli::text::dir::Listing;
use ios_cli::text::install::{AutoAbort, Summary};
use ios_cli::text::interfaces;
use ios_cli::text::neighbours::{Cdp, Lldp, parse_cdp, parse_lldp};
use ios_cli::text::path_list::PathList;
use ios_cli::text::route_summary::RouteSummary;
use ios_cli::text::version::Version;
use upgrade::{Boot, Facts, File, FileSystem, Installed, Member, Mode, Neighbour, Routes, Standing};

/// How long nothing may come of a command: `show running-config` of a large device thinks for a while.
const QUIET: Duration = Duration::from_secs(60);
/// Lines of a configuration that differ without anybody having changed it.
const VOLATILE: [&str; 7] = [
    // Of what wrote it: behind an upgrade it is another.
    "version ",
    "! Last configuration change at ",
    "! NVRAM config last updated at ",
    "! No configuration change since last restart",
    "Building configuration",
    "Current configuration",
    "Using ",
];

/// What a device said to each command.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Texts {
    /// `show version`
    pub version: String,
    /// `show bootvar`, or `show boot` where that is not known.
    pub boot: String,
    /// `dir` of the file system that the image lies in.
    pub dir: String,
    /// `show running-config`; `None`: it refuses.
    pub running: Option<String>,
    /// `show startup-config`; `None`: it refuses.
    pub startup: Option<String>,
    /// `show reload`; `None`: it refuses.
    pub reload: Option<String>,
    /// `show ip interface brief`; `None`: it refuses.
    pub interfaces: Option<String>,
    /// `show cdp neighbors detail`; `None`: it refuses.
    pub cdp: Option<String>,
    /// `show lldp neighbors`; `None`: it refuses.
    pub lldp: Option<String>,
    /// `show ip route summary`; `None`: it refuses.
    pub routes: Option<String>,
    /// `show install summary`, in install mode.
    pub install: Option<String>,
    /// `show switch`; `None`: it refuses, for it is no stack.
    pub switch: Option<String>,
}

/// Somebody around a device, as the device shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Around {
    /// What CDP says of it; of one that only LLDP tells, as much of that as there is.
    pub says: Cdp,
    /// Whether CDP tells it.
    pub cdp: bool,
    /// Whether LLDP does.
    pub lldp: bool,
}

/// How a device is told what to boot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BootBy {
    /// A line for each image, behind those that are there.
    Lines,
    /// One line with all of them, that takes the place of what was there, and counts at once.
    Path,
}

/// A text that was not understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unreadable {
    /// The command that it is the answer to.
    pub command: &'static str,
    /// Expected and found.
    pub why: String,
}

/// Asks a device for its facts.
///
/// # Errors
/// See [`Fault`].
pub fn survey(session: &mut Session) -> Result<Facts, Fault> {
    let hostname = session.hostname().to_owned();
    let version = needed(session, "show version")?;
    let unreadable =
        |why: ios_cli::text::Unread| Fault::Unreadable { command: "show version", why: why.to_string() };
    let image = Version::parse(&version).map_err(unreadable)?.image_file;
    let boot = boot(session)?;
    let dir = match file_system(&image) {
        Some(name) => needed(session, &format!("dir {name}"))?,
        None => needed(session, "dir")?,
    };
    let texts = Texts {
        version,
        boot,
        dir,
        running: if_known(session, "show running-config")?,
        startup: if_known(session, "show startup-config")?,
        reload: if_known(session, "show reload")?,
        interfaces: if_known(session, "show ip interface brief")?,
        cdp: if_known(session, "show cdp neighbors detail")?,
        lldp: if_known(session, "show lldp neighbors")?,
        routes: if_known(session, "show ip route summary")?,
        install: match image.ends_with("packages.conf") {
            true => if_known(session, "show install summary")?,
            false => None,
        },
        switch: if_known(session, "show switch")?,
    };
    let facts = read(&texts, &hostname)?;
    session.texts = Some(texts);
    Ok(facts)
}

/// The same, where nothing but files of flash has changed since it was asked last.
///
/// # Errors
/// See [`Fault`].
pub fn survey_flash(session: &mut Session, facts: &Facts) -> Result<Facts, Fault> {
    let Some(mut texts) = session.texts.take() else { return survey(session) };
    texts.dir = needed(session, &format!("dir {}", facts.flash.name))?;
    let facts = read(&texts, session.hostname())?;
    session.texts = Some(texts);
    Ok(facts)
}

/// The same, where nothing but the configuration and what the next start tries has changed since: neither files nor what is up.
///
/// # Errors
/// See [`Fault`].
pub fn survey_boot(session: &mut Session) -> Result<Facts, Fault> {
    let Some(mut texts) = session.texts.take() else { return survey(session) };
    texts.version = needed(session, "show version")?;
    texts.boot = boot(session)?;
    for (text, command) in [
        (&mut texts.running, "show running-config"),
        (&mut texts.startup, "show startup-config"),
        (&mut texts.reload, "show reload"),
        (&mut texts.install, "show install summary"),
        (&mut texts.switch, "show switch"),
    ] {
        // What it does not know it has not learned.
        if text.is_some() {
            *text = if_known(session, command)?;
        }
    }
    let facts = read(&texts, session.hostname())?;
    session.texts = Some(texts);
    Ok(facts)
}

fn boot(session: &mut Session) -> Result<String, Fault> {
    match session.ask("show bootvar", QUIET)? {
        answer if answer.complaint.is_none() => Ok(answer.text),
        _ => needed(session, "show boot"),
    }
}

fn read(texts: &Texts, hostname: &str) -> Result<Facts, Fault> {
    texts.facts(hostname).map_err(|Unreadable { command, why }| Fault::Unreadable { command, why })
}

fn needed(session: &mut Session, command: &str) -> Result<String, Fault> {
    let answer = session.ask(command, QUIET)?;
    match answer.complaint {
        None => Ok(answer.text),
        Some(complaint) => Err(Fault::Complaint { command: command.to_owned(), complaint }),
    }
}

fn if_known(session: &mut Session, command: &str) -> Result<Option<String>, Fault> {
    let answer = session.ask(command, QUIET)?;
    Ok(Some(answer.text).filter(|_| answer.complaint.is_none()))
}

/// `flash0:` of `flash0:x.bin`; `None`: the image came over the network.
fn file_system(image: &str) -> Option<&str> {
    let end = image.find(':')? + 1;
    let is_network = image[end..].starts_with("//") || matches!(&image[..end], "tftp:" | "ftp:" | "http:");
    (!is_network).then(|| &image[..end])
}

impl Texts {
    /// What they say.
    ///
    /// # Errors
    /// One of them was not understood.
    pub fn facts(&self, hostname: &str) -> Result<Facts, Unreadable> {
        let unread = |command: &'static str| {
            move |e: ios_cli::text::Unread| Unreadable { command, why: e.to_string() }
        };
        let version = Version::parse(&self.version).map_err(unread("show version"))?;
        let dir = Listing::parse(&self.dir).map_err(unread("dir"))?;
        let boot = self.boot(&version)?;
        let mode = match version.image_file.ends_with("packages.conf") {
            true => Mode::Install,
            false => Mode::Bundle,
        };
        let release = version.layout.xe().map_or(version.version.clone(), |xe| xe.release.clone());
        let (platform, feature) = image_for(&version);
        // The licence's device is the chassis; elsewhere the board is all that is printed.
        let serial = version.udi.as_ref().map_or(version.board_id.clone(), |(_, serial)| serial.clone());
        let reason = version.reload_reason.clone().or_else(|| Some(version.returned_by.clone()));
        let flash = FileSystem {
            name: dir.directory.split('/').next().unwrap_or_default().to_owned(),
            total: dir.total,
            free: dir.free,
            files: dir.entries.iter().map(file).collect(),
        };
        Ok(Facts {
            hostname: hostname.to_owned(),
            model: version.model.clone(),
            serial: Some(serial).filter(|serial| !serial.is_empty()),
            version: release,
            platform,
            feature,
            image: version.image_file.clone(),
            mode,
            uptime: version.uptime,
            reason: reason.filter(|reason| !reason.is_empty()),
            memory: physical(&version).or_else(|| memory(&version.memory)),
            boot,
            flash,
            unsaved: self.unsaved(),
            reload: self.reload.as_deref().and_then(pending),
            members: self.members()?,
            up: self.interfaces.as_deref().and_then(up),
            neighbours: self.neighbours(),
            routes: self.routes.as_deref().and_then(routes),
            installed: self.install.as_deref().map(installed).transpose()?,
            digest: None,
        })
    }

    /// Who is around it, with all that is said of them.
    pub(super) fn around(&self) -> Vec<Around> {
        let cdp = self.cdp.as_deref().and_then(|text| parse_cdp(text).ok());
        let lldp = self.lldp.as_deref().and_then(|text| parse_lldp(text).ok());
        let who = |says: &Cdp| Neighbour { name: says.name.clone(), port: says.port.clone() };
        let cdp = cdp.into_iter().flatten();
        let mut all: Vec<Around> = cdp.map(|says| Around { says, cdp: true, lldp: false }).collect();
        for Lldp { name, port, theirs, .. } in lldp.into_iter().flatten() {
            let says = Cdp { name, port, theirs, ..Cdp::default() };
            match all.iter_mut().find(|one| who(&one.says).is(&who(&says))) {
                Some(one) => one.lldp = true,
                None => all.push(Around { says, cdp: false, lldp: true }),
            }
        }
        all
    }

    /// Who is around it; `None`: neither protocol says, or is understood. Of one that both tell CDP has the whole name.
    fn neighbours(&self) -> Option<Vec<Neighbour>> {
        let cdp = self.cdp.as_deref().and_then(|text| parse_cdp(text).ok());
        let lldp = self.lldp.as_deref().and_then(|text| parse_lldp(text).ok());
        if cdp.is_none() && lldp.is_none() {
            return None;
        }
        let cdp = cdp.into_iter().flatten().map(|n| Neighbour { name: n.name, port: n.port });
        let lldp = lldp.into_iter().flatten().map(|n| Neighbour { name: n.name, port: n.port });
        let mut all: Vec<Neighbour> = Vec::new();
        for one in cdp.chain(lldp) {
            if !all.iter().any(|other| other.is(&one)) {
                all.push(one);
            }
        }
        Some(all)
    }

    /// How this device is told what to boot.
    pub(super) fn boot_by(&self) -> BootBy {
        // A variable of the boot loader, which each line sets anew, of IOS-XE too.
        let is_path = ["BOOT path-list", "Boot Variables on next reload:"];
        if is_path.iter().any(|is| self.boot.contains(is)) { BootBy::Path } else { BootBy::Lines }
    }

    fn boot(&self, version: &Version) -> Result<Boot, Unreadable> {
        let unread = |e: ios_cli::text::Unread| Unreadable { command: "show boot", why: e.to_string() };
        let (register, next_register) = (None, None);
        if self.boot.contains("BOOT path-list") {
            let PathList { boot: images, manual, .. } = PathList::parse(&self.boot).map_err(unread)?;
            return Ok(Boot { images, configured: None, register, next_register, manual });
        }
        if self.boot.contains("Boot Variables on next reload:") {
            let variables = BootVariables::parse(&self.boot).map_err(unread)?;
            let next = variables.next.unwrap_or_default();
            let images = next.split(';').map(str::trim).filter(|image| !image.is_empty()).map(str::to_owned);
            let (images, configured) = (images.collect(), self.boot_lines());
            return Ok(Boot { images, configured, register, next_register, manual: variables.manual });
        }
        let variables = BootVar::parse(&self.boot)
            .map_err(|e| Unreadable { command: "show bootvar", why: e.to_string() })?;
        let images = variables.boot.unwrap_or_default().into_iter().map(|image| image.file).collect();
        // `show version` says what the next start finds, also where nothing is saved yet.
        let next_register = version.next_register.or(variables.next);
        let (configured, register) = (self.boot_lines(), Some(version.register));
        let manual = variables.manual.unwrap_or(false);
        Ok(Boot { images, configured, register, next_register, manual })
    }

    /// What the running configuration says of what is booted.
    fn boot_lines(&self) -> Option<Vec<String>> {
        let running = self.running.as_deref().filter(|text| is_whole(text))?;
        let lines = running.lines().filter_map(|line| line.trim_end().strip_prefix("boot system "));
        let images = lines.flat_map(|line| line.strip_prefix("switch all ").unwrap_or(line).split(';'));
        Some(
            images
                .map(|image| image.trim().replacen(' ', ":", 1))
                .filter(|image| !image.is_empty())
                .collect(),
        )
    }

    fn members(&self) -> Result<Vec<Member>, Unreadable> {
        let Some(text) = &self.switch else { return Ok(Vec::new()) };
        let (_, members) =
            parse_stack(text).map_err(|e| Unreadable { command: "show switch", why: e.to_string() })?;
        Ok(members.into_iter().map(|m| Member { number: m.number, state: m.state }).collect())
    }

    /// Whether the configurations differ; `None`: one of them was not shown, or not whole.
    fn unsaved(&self) -> Option<bool> {
        let (running, startup) = (self.running.as_deref()?, self.startup.as_deref()?);
        if !is_whole(running) {
            return None;
        }
        // Nothing is saved at all.
        if !is_whole(startup) {
            return startup.contains("not present").then_some(true);
        }
        Some(!is_same(running, startup))
    }
}

/// Platform and features of the images that a device runs: as the running one's name says, else as it calls itself.
fn image_for(version: &Version) -> (Option<String>, Option<String>) {
    if let Some(name) = ImageName::parse(&version.image_file) {
        return (Some(name.platform), Some(name.feature));
    }
    // C2900-UNIVERSALK9-M, CAT9K_IOSXE
    let id = version.image_id.to_ascii_lowercase();
    let mut parts = id.split(['-', '_']).filter(|part| !part.is_empty());
    (parts.next().map(str::to_owned), parts.next().filter(|part| *part != "m").map(str::to_owned))
}

fn file(entry: &ios_cli::text::dir::Entry) -> File {
    File { name: entry.name.clone(), size: entry.size, is_directory: entry.is_directory() }
}

/// Asks for the running configuration, whole, without what stands before it.
///
/// # Errors
/// See [`Fault`]; one without `end` is not whole.
pub fn configuration(session: &mut Session) -> Result<String, Fault> {
    const COMMAND: &str = "show running-config";
    let text = needed(session, COMMAND)?;
    if !is_whole(&text) {
        let why = format!("expected a last line 'end', found '{}'", text.lines().last().unwrap_or_default());
        return Err(Fault::Unreadable { command: COMMAND, why });
    }
    Ok(itself(&text))
}

/// Asks for the saved configuration in the same way; `None`: nothing is saved, or it is not shown.
///
/// # Errors
/// See [`Fault`].
pub fn saved_configuration(session: &mut Session) -> Result<Option<String>, Fault> {
    let text = if_known(session, "show startup-config")?;
    Ok(text.filter(|text| is_whole(text)).map(|text| itself(&text)))
}

/// A configuration without what stands before it.
pub(super) fn itself(text: &str) -> String {
    const BEFORE: [&str; 3] = ["Building configuration", "Current configuration", "Using "];
    let is_before =
        |line: &&str| line.trim().is_empty() || BEFORE.iter().any(|begin| line.starts_with(begin));
    let mut whole = text.lines().skip_while(is_before).map(str::trim_end).collect::<Vec<_>>().join("\n");
    whole.push('\n');
    whole
}

/// Whether two configurations are the same but for lines that change of themselves.
pub fn is_same(a: &str, b: &str) -> bool {
    lines(a).eq(lines(b))
}

fn is_whole(configuration: &str) -> bool {
    configuration.lines().any(|line| line.trim_end() == "end")
}

/// What counts of a configuration.
fn lines(configuration: &str) -> impl Iterator<Item = &str> {
    let counts = |line: &&str| {
        !line.is_empty() && *line != "!" && !VOLATILE.iter().any(|begin| line.starts_with(begin))
    };
    configuration.lines().map(str::trim_end).filter(counts)
}

/// Octets of `4194304K bytes of physical memory.`, which IOS-XE says besides: what its IOS has is a part of it.
fn physical(version: &Version) -> Option<u64> {
    let kib = |line: &String| {
        line.strip_suffix(" bytes of physical memory.")?.trim().strip_suffix('K')?.parse::<u64>().ok()
    };
    version.inventory.iter().find_map(kib)?.checked_mul(1_024)
}

/// Octets of `491520K/32768K`: main memory and what of it is for packets.
fn memory(text: &str) -> Option<u64> {
    let kib = |part: &str| part.trim().strip_suffix('K')?.parse::<u64>().ok();
    let (main, packets) = text.split_once('/')?;
    kib(main)?.checked_add(kib(packets)?)?.checked_mul(1_024)
}

/// The interfaces that are up; `None`: they are not understood, which stops nothing.
fn up(text: &str) -> Option<Vec<String>> {
    let interfaces = interfaces::parse(text).ok()?;
    Some(interfaces.into_iter().filter(|i| i.protocol).map(|i| i.name).collect())
}

/// Where routes come from, and how many there are; `None`: it is not understood, or it does not route.
fn routes(text: &str) -> Option<Vec<Routes>> {
    let sources = RouteSummary::parse(text).ok()?.sources;
    let routes = sources.into_iter().map(|s| Routes { count: s.routes(), source: s.name });
    // What is configured and has none says nothing.
    Some(routes.filter(|routes| routes.count > 0).collect())
}

/// What is there in install mode.
fn installed(text: &str) -> Result<Installed, Unreadable> {
    let summary = Summary::parse(text)
        .map_err(|e| Unreadable { command: "show install summary", why: e.to_string() })?;
    let standing = |state| match state {
        'I' => Some(Standing::Inactive),
        'U' => Some(Standing::OnTrial),
        'C' => Some(Standing::Committed),
        'D' => Some(Standing::Leaving),
        _ => None,
    };
    // Updates of single packages stand beside the images.
    let images = summary.rows.into_iter().filter(|row| row.kind == "IMG");
    let versions = images.filter_map(|row| Some((row.name, standing(row.state)?))).collect();
    let timer = match summary.timer {
        AutoAbort::Inactive => None,
        AutoAbort::Active(_, seconds) => Some(seconds),
    };
    Ok(Installed { versions, timer })
}

/// The reload that is scheduled.
fn pending(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    (!line.starts_with("No reload is scheduled")).then(|| line.to_owned())
}
