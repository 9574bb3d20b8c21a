//! The `show` commands that are not about files.

use super::exec::Exec;
use super::table::Id;
use crate::Device;
use crate::boot::switch::BOOT;
use crate::cables::Line;
use crate::config::BootSource;
use crate::profile::View;
use crate::texts;
use clock::civil::Civil;
use ios_cli::Match;
use ios_cli::text::{bootvar, clock as clock_text, interfaces};
use std::time::UNIX_EPOCH;

impl Exec<'_> {
    pub(super) fn show(&mut self, id: Id) -> String {
        match id {
            Id::ShowVersion => self.show_version(),
            Id::ShowRunning | Id::WriteTerminal => {
                format!("Building configuration...\n\n{}", self.running_shown())
            }
            Id::ShowStartup => match self.tty.device.startup() {
                Some(text) => {
                    let total = self.tty.device.profile().nvram.total.get();
                    format!("Using {} out of {total} bytes\n{text}", text.len())
                }
                None => "startup-config is not present\n".into(),
            },
            Id::ShowBootvar => self.show_bootvar(),
            Id::ShowBoot => self.show_boot(),
            Id::ShowSwitch => self.show_switch(),
            Id::ShowVtp => self.show_vtp(),
            Id::ShowInterfaceBrief => summary_of(&self.tty.device),
            Id::ShowFileSystems => self.show_file_systems(),
            _ => String::new(),
        }
    }

    /// The running configuration as a file.
    pub(super) fn running_text(&self) -> String {
        self.tty.device.running(|r| texts::configuration(r)).unwrap_or_default()
    }

    /// `show running-config linenum`
    pub(super) fn show_running_numbered(&self) -> String {
        let text = self.running_text();
        let lines: String = (1..).zip(text.lines()).map(|(n, line)| format!("{n:>3} : {line}\n")).collect();
        format!("Building configuration...\n\nCurrent configuration : {} bytes\n{lines}\n", text.len())
    }

    fn running_shown(&self) -> String {
        let text = self.running_text();
        format!("Current configuration : {} bytes\n{text}\n", text.len())
    }

    /// `show running-config interface X`: that block alone.
    pub(super) fn show_running_interface(&self, found: &Match<Id>) -> String {
        let name = found.arg("name").and_then(|a| a.interface()).map(ToString::to_string).unwrap_or_default();
        let text = self.running_text();
        let mut block = text.lines().skip_while(|l| l.strip_prefix("interface ") != Some(&name));
        let Some(head) = block.next() else { return "% Invalid interface\n".into() };
        let mut shown = format!("!\n{head}\n");
        for line in block.take_while(|l| l.starts_with(' ')) {
            shown.push_str(line);
            shown.push('\n');
        }
        shown.push_str("end\n\n");
        format!("Building configuration...\n\nCurrent configuration : {} bytes\n{shown}", shown.len())
    }

    pub(super) fn show_hosts(&self) -> String {
        let config = self.tty.device.running_config();
        let domain = config.domain();
        let lookup = if config.domain_lookup { "domain service" } else { "static mappings" };
        let mut out = format!(
            "Default domain is {}\nName/address lookup uses {lookup}\nName servers are 255.255.255.255\n\n\
             Codes: UN - unknown, EX - expired, OK - OK, ?? - revalidate\n       \
             temp - temporary, perm - permanent\n       \
             NA - Not Applicable None - Not defined\n\n\
             Host                      Port  Flags      Age Type   Address(es)\n",
            domain.unwrap_or("not set")
        );
        for line in config.kept.iter().filter_map(|line| line.strip_prefix("ip host ")) {
            let (name, addresses) = line.split_once(' ').unwrap_or((line, ""));
            out.push_str(&format!("{name:<25} None  (perm, OK)  0   IP    {addresses}\n"));
        }
        out
    }

    fn show_version(&self) -> String {
        let register = self.tty.device.state().monitor.register;
        let returned_by = self.tty.device.state().monitor.returned_by.clone();
        let device = &self.tty.device;
        device.running(|r| texts::version_of(device, r, register, &returned_by).render()).unwrap_or_default()
    }

    /// `flash0:a.bin,1;`: what boots next, as the loader's variable has it.
    pub(super) fn boot_variable(&self) -> String {
        if self.tty.device.profile().boot.view != View::Bootvar {
            let state = self.tty.device.state();
            let list = state.monitor.get(BOOT).unwrap_or_default().trim_end_matches(';');
            return if list.is_empty() { String::new() } else { format!("{list};") };
        }
        self.boot_images().iter().map(bootvar::Image::render).collect()
    }

    fn boot_images(&self) -> Vec<bootvar::Image> {
        // The variable is what the saved configuration says; `boot system` alone changes nothing yet.
        let saved = self.tty.device.saved_config();
        let flash = self.tty.device.profile().flash.prefix();
        let images = saved.boot.iter().map(|line| {
            // `boot system flash NAME` is kind 1, `boot system FS:NAME` kind 12 with its name as typed.
            let by_name = line.0.trim().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("flash "));
            let (file, number) = match line.source() {
                BootSource::Flash(Some(file)) if by_name => (format!("{flash}{file}"), 1),
                BootSource::Flash(None) => (flash.into(), 1),
                BootSource::Flash(Some(_)) | BootSource::Elsewhere(_) => (line.0.trim().to_owned(), 12),
            };
            bootvar::Image { file, number: Some(number) }
        });
        images.collect()
    }

    pub(super) fn show_clock(&self, detail: bool) -> String {
        let clock = clock_of(&self.tty.device);
        if detail { clock.detail(source_of(&self.tty.device)) } else { clock.render() }
    }

    fn show_bootvar(&self) -> String {
        let next = self.tty.device.state().monitor.register;
        let now = self.tty.device.running(|r| r.register).unwrap_or(next);
        bootvar::BootVar {
            boot: Some(self.boot_images()),
            config_file: Some(String::new()),
            bootldr: None,
            register: Some(now),
            next: (next != now).then_some(next),
            manual: None,
        }
        .render()
    }
}

/// `show ip interface brief`.
pub(crate) fn summary_of(device: &Device) -> String {
    let config = device.running_config();
    let saved = device.startup().map(|_| device.saved_config());
    // Where an address comes from: the startup configuration, or somebody's hand.
    let method = |i: &crate::config::Interface| {
        let same =
            |c: &crate::Config| c.interfaces.iter().any(|s| s.name == i.name && s.address == i.address);
        match &saved {
            Some(saved) if same(saved) => "NVRAM",
            _ if i.address.is_some() => "manual",
            _ => "unset",
        }
    };
    let brief = |i: &crate::config::Interface| interfaces::Brief {
        name: i.name.to_string(),
        address: i.address.map(|(a, _)| a),
        method: method(i).into(),
        status: device.line(&i.name).status(),
        protocol: device.line(&i.name) == Line::Up,
    };
    interfaces::render(&config.in_tables().into_iter().map(brief).collect::<Vec<_>>())
}

/// The clock as it is.
pub(super) fn clock_of(device: &Device) -> clock_text::Clock {
    let now = device.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    clock_text::Clock {
        trust: match device.clock_is_set() {
            true => clock_text::Trust::Authoritative,
            false => clock_text::Trust::NotSet,
        },
        civil: Civil::from_unix(i64::try_from(now.as_secs()).unwrap_or(0)),
        millis: u16::try_from(now.subsec_millis()).unwrap_or(0),
        zone: "UTC".into(),
    }
}

/// Where the clock has its time from.
pub(super) fn source_of(device: &Device) -> clock_text::Source {
    if device.clock_is_set() { clock_text::Source::User } else { clock_text::Source::None }
}
