use super::connect::Connections;
use super::crypto_key::CryptoKey;
use super::graph::graph;
use super::operator::Operator;
use super::table::Id;
use crate::Typed;
use crate::config::Section;
use crate::device::LineId;
use crate::faults::Fate;
use crate::ifs::offers;
use crate::session::{Leave, Tty};
use ios_cli::editor::{Event, Input};
use ios_cli::pager::Filter;
use ios_cli::text::ports::render_descriptions;
use ios_cli::{Match, Modes, Outcome, Scope};
use std::time::{Duration, SystemTime};
use store::VPath;

/// A person (or program) that has passed the login of a line.
pub(crate) struct Exec<'a> {
    pub(crate) tty: &'a mut Tty,
    pub(crate) mode: Modes,
    pub(crate) section: Section,
    pub(crate) privilege: u8,
    /// A directory of flash.
    pub(crate) cwd: VPath,
    /// The name given at login.
    pub(crate) user: Option<String>,
    /// Something was changed since configuration mode was entered.
    pub(crate) configured: bool,
    /// To other hosts.
    pub(crate) connections: Connections,
}

/// Runs the EXEC on a line until it is left.
pub(crate) fn run_session(tty: &mut Tty, privilege: u8, user: Option<String>) -> Leave {
    let mut exec = Exec::new(tty, privilege, user);
    loop {
        if let Err(leave) = exec.turn() {
            return leave;
        }
    }
}

/// Runs one line that came with the request for it, without prompt, echo or ` --More-- `. Whatever comes of it, it is over
/// then.
pub(crate) fn run_command(tty: &mut Tty, privilege: u8, user: String, line: &str) {
    tty.resize(Some(0), None);
    tty.hear_nothing();
    let mut exec = Exec::new(tty, privilege, Some(user));
    // The line's end, which nobody typed.
    if exec.tty.print("\n").is_ok() {
        let (Ok(()) | Err(_)) = exec.command(line);
    }
}

/// What `help` prints.
const HELP: &str = "\
A question mark '?' asks for help at any place of a command. If nothing
matches, the list is empty: go back until '?' shows what is possible.
There are two kinds of help:
1. Full help, behind a blank: 'show ?' describes every argument that may
   come next.
2. Partial help, behind the first letters of a word: 'show pr?' lists the
   arguments that begin so.

";

/// What the prompt says inside a block that is only kept.
fn block_prompt(head: &str) -> &'static str {
    let words: Vec<&str> = head.split_whitespace().collect();
    match words[..] {
        ["router", ..] => "config-router",
        ["vlan", ..] => "config-vlan",
        ["class-map", ..] => "config-cmap",
        ["policy-map", ..] => "config-pmap",
        ["route-map", ..] => "config-route-map",
        ["redundancy", ..] => "config-red",
        ["ip", "access-list", "standard", ..] => "config-std-nacl",
        ["ip", "access-list", ..] => "config-ext-nacl",
        ["ip", "vrf", ..] => "config-vrf",
        ["ip", "dhcp", ..] => "dhcp-config",
        ["crypto", "pki", ..] => "ca-trustpoint",
        ["crypto", ..] => "config-crypto-map",
        _ => "config-archive",
    }
}

impl<'a> Exec<'a> {
    fn new(tty: &'a mut Tty, privilege: u8, user: Option<String>) -> Exec<'a> {
        Exec {
            tty,
            mode: Modes::EXEC,
            section: Section::Global,
            privilege,
            cwd: VPath::root(),
            user,
            configured: false,
            connections: Connections::default(),
        }
    }
}

impl Exec<'_> {
    /// One line that nobody typed: for IOS the line's `autocommand`.
    fn command(&mut self, line: &str) -> Result<(), Leave> {
        self.heard("", line);
        self.tty.limit(self.idle());
        self.fated(line, |exec| exec.commanded(line))
    }

    fn commanded(&mut self, line: &str) -> Result<(), Leave> {
        let offers = offers(self.tty.device.profile());
        let scope = Scope { mode: self.mode, privilege: self.privilege, offers: &offers };
        let outcome = graph(self.tty.device.profile()).read(&scope, line);
        match outcome {
            Outcome::Empty => Ok(()),
            Outcome::Match(found) => self.run(&found, line),
            Outcome::Invalid { .. } => {
                self.tty.print(&format!("Line has invalid autocommand \"{}\"\n", line.trim()))
            }
            Outcome::Ambiguous | Outcome::Incomplete => {
                let text = outcome.complaint(line, 0).expect("a complaint");
                self.tty.print(&text)
            }
        }
    }

    /// One prompt: reads until a line is run.
    fn turn(&mut self) -> Result<(), Leave> {
        self.tty.limit(self.idle());
        let prompt = self.prompt();
        loop {
            let offers = offers(self.tty.device.profile());
            let scope = Scope { mode: self.mode, privilege: self.privilege, offers: &offers };
            match self.tty.next_event(Input::Command, &prompt)? {
                Event::Help(before) => {
                    let help = graph(self.tty.device.profile()).help(&scope, &before);
                    self.tty.page(&help.0)?;
                    self.tty.editor.redisplay();
                }
                Event::Tab(before) => {
                    let whole = graph(self.tty.device.profile()).complete_word(&scope, &before);
                    self.tty.editor.complete(whole.as_deref());
                }
                Event::Line(line) => {
                    self.heard(&prompt, &line);
                    return self.fated(&line, |exec| exec.line(&line, prompt.len()));
                }
                Event::CtrlZ(line) => {
                    // The text before Ctrl-Z is run first.
                    if !line.trim().is_empty() && self.mode.is_config() {
                        self.heard(&prompt, &line);
                        self.fated(&line, |exec| exec.line(&line, prompt.len()))?;
                    }
                    return self.end();
                }
                Event::Interrupt(_) => return self.end(),
                Event::Key(_) => {}
            }
        }
    }

    /// Does what was typed, or what became of it on request.
    fn fated(&mut self, line: &str, run: impl FnOnce(&mut Self) -> Result<(), Leave>) -> Result<(), Leave> {
        match self.tty.device.fate_of(line) {
            None => return run(self),
            Some(Fate::Late(time)) => {
                self.tty.pause(time)?;
                return run(self);
            }
            Some(Fate::Refused) => return self.tty.print("Command authorization failed.\n\n"),
            Some(Fate::Crash) => {
                self.tty.device.restart("a crash, on request");
                return Err(Leave::Restart);
            }
            Some(Fate::LostAnswer) => run(self)?,
            Some(Fate::CutOff) => {}
        }
        self.tty.cut().store(true, std::sync::atomic::Ordering::SeqCst);
        // Whoever looks next is gone.
        self.tty.interrupted(Duration::ZERO).map(drop)
    }

    /// Keeps what was typed, for whoever asks what a client sent.
    fn heard(&self, prompt: &str, line: &str) {
        if !line.trim().is_empty() {
            self.tty.device.heard.note(Typed {
                at: SystemTime::now(),
                line: self.line_name(),
                user: self.user.clone(),
                prompt: prompt.to_owned(),
                text: line.to_owned(),
            });
        }
    }

    /// How long nobody may type: `exec-timeout`, 10 minutes by default.
    fn idle(&self) -> Option<Duration> {
        let config = self.tty.device.running_config();
        let line = config.line(&self.line_name())?;
        let set = line.kept.iter().find_map(|l| {
            let mut words =
                l.strip_prefix("exec-timeout ")?.split(' ').map(|n| n.parse::<u64>().unwrap_or(0));
            Some(words.next().unwrap_or(0) * 60 + words.next().unwrap_or(0))
        });
        let off = line.kept.iter().any(|l| l == "no exec-timeout");
        match set {
            _ if off => None,
            Some(0) => None,
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => Some(Duration::from_secs(600)),
        }
    }

    /// `con 0`, `vty 1`: as in the configuration.
    pub(crate) fn line_name(&self) -> String {
        self.tty.line.name()
    }

    /// `console`, `vty1`: as in messages.
    pub(crate) fn by(&self) -> String {
        match self.tty.line {
            LineId::Console => "console".into(),
            LineId::Vty(n) => format!("vty{n}"),
        }
    }

    /// Who changed something: the user, else the line.
    pub(crate) fn who(&self) -> String {
        self.user.clone().unwrap_or_else(|| self.by())
    }

    pub(crate) fn prompt(&self) -> String {
        let host = self.tty.device.running_config().hostname;
        let host = match self.tty.device.faults.prompt() {
            Some(odd) => format!("{host}{odd}"),
            None => host,
        };
        let prompt = self.mode.prompt(&host, self.privilege);
        match &self.section {
            Section::Kept(at) => {
                let config = self.tty.device.running_config();
                let head = config.blocks.get(*at).map_or("", |b| b.head.as_str());
                prompt.replace("(config-archive)", &format!("({})", block_prompt(head)))
            }
            Section::Interface(port) if port.parent().is_some() => {
                prompt.replace("(config-if)", "(config-subif)")
            }
            Section::Range(_) => prompt.replace("(config-if)", "(config-if-range)"),
            Section::Global | Section::Interface(_) | Section::Line(_) => prompt,
        }
    }

    /// Runs one line. `prompt` is the length of the prompt it was typed behind.
    pub(crate) fn line(&mut self, line: &str, prompt: usize) -> Result<(), Leave> {
        let offers = offers(self.tty.device.profile());
        let scope = Scope { mode: self.mode, privilege: self.privilege, offers: &offers };
        let outcome = graph(self.tty.device.profile()).read(&scope, line);
        if let Outcome::Invalid { .. } | Outcome::Incomplete | Outcome::Ambiguous = outcome
            && let Some((text, filter)) = self.overlaid_line(line)
            // A command that this user may not give is refused.
            && !matches!(graph(self.tty.device.profile()).read(&Scope { privilege: 15, ..scope }, line), Outcome::Match(_))
        {
            return self.filtered(&text, filter.as_ref());
        }
        let outcome = if self.is_short_for_many(line, &outcome) { Outcome::Ambiguous } else { outcome };
        match outcome {
            Outcome::Empty if self.mode == Modes::EXEC && line.trim().is_empty() => self.go_on(),
            Outcome::Empty => Ok(()),
            Outcome::Match(found) => self.run(&found, line),
            Outcome::Invalid { word: 0, .. } if self.mode == Modes::EXEC => {
                self.unknown(line, &outcome, prompt)
            }
            Outcome::Invalid { .. } if self.mode.is_config() && self.keep(line)? => Ok(()),
            Outcome::Incomplete if self.mode == Modes::EXEC && "show".starts_with(line.trim()) => {
                self.tty.print("% Type \"show ?\" for a list of subcommands\n")
            }
            Outcome::Invalid { .. } | Outcome::Ambiguous | Outcome::Incomplete => {
                let text = outcome.complaint(line, prompt).expect("a complaint");
                self.tty.print(&text)
            }
        }
    }

    /// An unknown first word in EXEC is taken for a host to connect to.
    fn unknown(&mut self, line: &str, outcome: &Outcome<Id>, prompt: usize) -> Result<(), Leave> {
        let word = line.split_whitespace().next().unwrap_or_default();
        let lookup = self.tty.device.running_config().domain_lookup;
        if line.split_whitespace().count() == 1 {
            if self.address_of(word).is_some() {
                return self.telnet(word);
            }
            // No name server answers: a real device waits some seconds here, nobody learns from that.
            let server = if lookup { "...domain server (255.255.255.255)" } else { "" };
            return self.tty.print(&format!(
                "Translating \"{word}\"{server}\n\
                 % Unknown command or computer name, or unable to find computer address\n\n"
            ));
        }
        let text = outcome.complaint(line, prompt).expect("a complaint");
        self.tty.print(&text)
    }

    /// Runs a command; the facts tell that it ran.
    pub(crate) fn run(&mut self, found: &Match<Id>, line: &str) -> Result<(), Leave> {
        self.tty.device.settling.wait();
        self.dispatch(found, line)?;
        if let Some(version) = self.tty.device.running(|r| r.facts.version.clone()) {
            self.tty.device.state().ran.insert((format!("{:?}", found.id), version));
        }
        Ok(())
    }

    fn dispatch(&mut self, found: &Match<Id>, line: &str) -> Result<(), Leave> {
        match found.id {
            Id::Enable => self.enable(found),
            Id::Disable => {
                self.privilege = 1;
                Ok(())
            }
            Id::Exit => self.exit(),
            Id::End => self.end(),
            Id::Logout => self.log_out(),
            Id::Help => self.tty.page(HELP),
            Id::Terminal(what) => self.terminal(what, found),
            Id::Configure => self.configure(found),
            Id::Tclsh => self.tclsh(),
            Id::ArchiveConfig => self.archive_config(),
            Id::Replace => self.replace(found),
            Id::ConfirmChange => self.confirm_change(),
            Id::Revert => self.revert(found),
            Id::Copy => self.copy(found),
            Id::More => {
                let text = self.more(found)?;
                self.filtered(&text, found.filter.as_ref())
            }
            Id::Dir
            | Id::ShowFs
            | Id::ShowFileSystems
            | Id::WriteTerminal
            | Id::ShowVersion
            | Id::ShowRunning
            | Id::ShowRunningInterface
            | Id::ShowStartup
            | Id::ShowBootvar
            | Id::ShowBoot
            | Id::ShowVlan
            | Id::ShowSwitch
            | Id::ShowVtp
            | Id::ShowInstall
            | Id::ShowClock
            | Id::ShowPrivilege
            | Id::ShowInterfaceBrief
            | Id::ShowHistory
            | Id::ShowReload
            | Id::ShowUsers
            | Id::ShowIpSsh
            | Id::CryptoKey(CryptoKey::Show)
            | Id::ShowSsh
            | Id::ShowHosts
            | Id::ShowPorts
            | Id::ShowDescriptions
            | Id::ShowInventory
            | Id::Hardware(_)
            | Id::Network(_)
            | Id::Operator(Operator::FileInformation | Operator::TechSupport)
            | Id::ShowLogging
            | Id::ShowProcesses
            | Id::ShowMemory
            | Id::ShowSessions
            | Id::ShowDebugging
            | Id::Authenticity
            | Id::ShowArchive
            | Id::ShowDifferences
            | Id::ShowIncremental
            | Id::ShowRollbackTimer => {
                let text = self.output(found);
                self.timestamp()?;
                self.filtered(&text, found.filter.as_ref())
            }
            Id::Delete => self.delete(found),
            Id::Verify => self.verify(found),
            Id::Mkdir => self.mkdir(found),
            Id::Rmdir => self.rmdir(found),
            Id::Rename => self.rename(found),
            Id::Cd => self.cd(found),
            Id::Pwd => {
                let end = if self.cwd.is_root() { "" } else { "/" };
                let text = format!("{}{}{end}\n", self.flash(), self.cwd);
                self.tty.print(&text)
            }
            Id::WriteMemory => self.write_memory(),
            Id::Erase => self.erase(),
            Id::Squeeze => self.squeeze(found),
            Id::Undelete => self.undelete(found),
            Id::EraseFlash => self.erase_flash(found),
            Id::Format => self.format(found),
            Id::Fsck => self.fsck(found),
            Id::Reload => self.reload(found),
            Id::ReloadIn => self.reload_in(found, line),
            Id::ReloadAt => self.reload_at(found, line),
            Id::ReloadCancel => self.reload_cancel(),
            Id::TestCrash => self.test_crash(),
            Id::Setup => self.setup(),
            Id::Install => self.install(found),
            Id::Package => self.request_package(found),
            Id::Ping => self.ping(found),
            Id::Trace => self.traceroute(found),
            Id::Connect(what) => self.connect(what, found),
            Id::Debug(what) => self.debug(what, found),
            Id::Operator(what @ (Operator::ClockSet | Operator::Send | Operator::SendLog)) => {
                self.operate(what, found)
            }
            Id::CryptoKey(what @ (CryptoKey::Generate | CryptoKey::Zeroize)) => self.crypto_key(what, found),
            Id::Apply
            | Id::Interface
            | Id::Line
            | Id::SecretLine
            | Id::BannerLine
            | Id::IpAddress
            | Id::Register
            | Id::Username
            | Id::TftpServer => self.apply(found, line),
        }
    }

    /// The whole text of a command that only shows.
    pub(super) fn output(&mut self, found: &Match<Id>) -> String {
        if let Some(text) = self.overlaid(found) {
            return text;
        }
        match found.id {
            Id::Dir => self.dir(found),
            Id::ShowFs => self.show_fs(found),
            Id::ShowHistory => {
                let lines: Vec<String> = self.tty.editor.history().map(|l| format!("  {l}\n")).collect();
                lines.concat()
            }
            Id::ShowPrivilege => format!("Current privilege level is {}\n", self.privilege),
            Id::ShowUsers => self.show_users(),
            Id::ShowIpSsh => self.show_ip_ssh(),
            Id::CryptoKey(_) => self.show_keys(),
            Id::ShowSsh => self.show_ssh(),
            Id::ShowReload => self.show_reload(),
            Id::ShowHosts => self.show_hosts(),
            Id::ShowInstall => self.show_install(found),
            Id::ShowPorts => self.show_ports(found),
            Id::ShowDescriptions => render_descriptions(&self.ports()),
            Id::ShowInventory => self.show_inventory(),
            Id::Hardware(what) => self.show_hardware(what),
            Id::Network(what) => self.show_network(what),
            Id::Operator(what) => self.show_to_operator(what, found),
            Id::ShowLogging => self.show_logging(),
            Id::ShowProcesses => self.show_processes(),
            Id::ShowMemory => self.show_memory(),
            Id::ShowSessions => self.show_sessions(),
            Id::ShowDebugging => self.tty.device.debugging.shown(),
            Id::Authenticity => self.show_authenticity(found),
            Id::ShowArchive => self.show_archive(),
            Id::ShowDifferences => self.show_differences(found),
            Id::ShowIncremental => self.show_incremental(found),
            Id::ShowRollbackTimer => self.show_rollback_timer(),
            Id::ShowVlan => self.show_vlan(found.has("brief")),
            Id::ShowRunning if found.has("linenum") => self.show_running_numbered(),
            Id::ShowRunningInterface => self.show_running_interface(found),
            Id::ShowClock => self.show_clock(found.has("detail")),
            id => self.show(id),
        }
    }

    /// Shows text through what followed `|`.
    fn filtered(&mut self, text: &str, filter: Option<&Filter>) -> Result<(), Leave> {
        match filter {
            None => self.tty.page(text),
            Some(filter) => {
                if let Filter::Redirect(url) | Filter::Append(url) | Filter::Tee(url) = filter {
                    let append = matches!(filter, Filter::Append(_));
                    self.redirect(url, text, append)?;
                }
                self.tty.page(&filter.apply(text))
            }
        }
    }

    fn exit(&mut self) -> Result<(), Leave> {
        if self.mode == Modes::EXEC {
            return self.log_out();
        }
        if self.mode == Modes::CONFIG {
            return self.end();
        }
        self.mode = Modes::CONFIG;
        self.section = Section::Global;
        Ok(())
    }

    fn log_out(&mut self) -> Result<(), Leave> {
        if self.may_leave()? { Err(Leave::Logout) } else { Ok(()) }
    }

    /// Leaves configuration mode; the console is told.
    fn end(&mut self) -> Result<(), Leave> {
        if self.mode.is_config() {
            self.mode = Modes::EXEC;
            self.section = Section::Global;
            self.configured = false;
            let by = self.by();
            // "from console" is how the commands came, at whatever terminal they were typed.
            let text = match &self.user {
                Some(user) => format!("%SYS-5-CONFIG_I: Configured from console by {user} on {by}"),
                None => format!("%SYS-5-CONFIG_I: Configured from console by {by}"),
            };
            self.tty.device.log(&text);
        }
        Ok(())
    }

    fn enable(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let level = found.number("level").and_then(|n| u8::try_from(n).ok()).unwrap_or(15);
        if self.privilege >= level {
            self.privilege = level;
            return Ok(());
        }
        let Some(secret) = self.tty.device.running_config().enable else {
            // Without a secret the console may, the network may not.
            if self.tty.line == LineId::Console {
                self.privilege = level;
                return Ok(());
            }
            return self.tty.print("% No password set\n");
        };
        for _ in 0..3 {
            let typed = self.tty.ask_password("Password: ")?;
            if secret.matches(&typed) {
                self.privilege = level;
                return Ok(());
            }
        }
        self.tty.print("% Bad secrets\n\n")
    }

    fn show_users(&self) -> String {
        let mut out = String::from("    Line       User       Host(s)              Idle       Location\n");
        let mark = |own: bool| if own { '*' } else { ' ' };
        let console = self.tty.line == LineId::Console;
        if self.tty.device.console_taken.load(std::sync::atomic::Ordering::SeqCst) {
            out.push_str(&format!(
                "{}  0 con 0                idle                 00:00:00\n",
                mark(console)
            ));
        }
        let first = self.tty.device.profile().first_vty;
        for (n, sitting) in self.tty.device.vtys.taken() {
            let own = mark(self.tty.line == LineId::Vty(n));
            let user = sitting.user.unwrap_or_default();
            let from = sitting.from.map(|from| from.to_string()).unwrap_or_default();
            let line =
                format!("{own}{:>3} vty {n}     {user:<10} idle                 00:00:00 {from}", first + n);
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.push_str("\n  Interface    User               Mode         Idle     Peer Address\n\n");
        out
    }
}
