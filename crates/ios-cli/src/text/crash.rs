//! `test crash`, what a router says when its software crashes, and what ROMMON knows of it then.
//!
//! The menu is one of IOS 12.4, the exceptions are those that consoles of MIPS routers show, ROMMON's words those of its manuals.
//! Every address is made up, the same for the same crash; how `context` lays its columns out is not confirmed on a device.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Something was read or written where nothing is.
    Bus,
    /// Code was fetched from an odd address.
    Address,
    /// The software noticed that it cannot go on.
    Forced,
    /// It did not come back in time.
    Watchdog,
}

/// A row of the menu: the key, what it does, and what that comes to with its address.
type Selection = (char, &'static str, Option<(Kind, u32)>);

/// What `test crash` offers.
pub const MENU: &[Selection] = &[
    ('1', "Bus Error, due to invalid address access", Some((Kind::Bus, 0x0d0d_0d0d))),
    ('2', "Bus Error, due to parity error in Main memory", Some((Kind::Bus, 0x6200_0000))),
    ('3', "Bus Error, due to parity error in I/O memory", Some((Kind::Bus, 0x4100_0000))),
    ('4', "Address Error, due to fetching code from odd address", Some((Kind::Address, 0x6036_8519))),
    ('5', "Jump to zero", Some((Kind::Bus, 0))),
    ('6', "Software forced crash", Some((Kind::Forced, 0))),
    ('7', "Illegal read of address zero", Some((Kind::Bus, 0))),
    ('8', "Divide by zero", Some((Kind::Forced, 0))),
    ('9', "Corrupt memory", Some((Kind::Forced, 0))),
    ('C', "Enable crash router selection marked with (crash router)", None),
    ('R', "User enter read bus error address", Some((Kind::Bus, 0))),
    ('U', "User enter write bus error address", Some((Kind::Bus, 0))),
    ('W', "Software watchdog timeout (*** Watch Dog Timeout ***)", Some((Kind::Watchdog, 0))),
    ('w', "Process watchdog timeout (SYS-2-WATCHDOG)", Some((Kind::Forced, 0))),
    ('d', "Disable crashinfo collection", None),
    ('e', "Enable crashinfo collection", None),
    ('i', "Display contents of current crashinfo flash file", None),
    ('m', "Write crashinfo on crashinfo RAM", None),
    ('n', "Change crashinfo flash file name", None),
    ('q', "Exit crash menu", None),
    ('s', "Save crashinfo to current crashinfo flash file", None),
    ('c', "Close current crashinfo flash file", None),
    ('t', "Write crashinfo on console TTY", None),
    ('x', "Exit crash menu", None),
];

/// Before the menu, once.
pub const WARNING: &str = "
WARNING: Command selections marked with '(crash router)' will crash
         router when issued. However a selection 'C' will need to
         be issued IMMEDIATELY before these selections to enable them.
";

/// The menu; `? ` is asked behind it.
pub fn menu() -> String {
    let mut out =
        String::from("\nType the number for the selected crash:\n--------------------------------------\n");
    for (key, what, crash) in MENU {
        let mark = if crash.is_some() { "(crash router) " } else { "" };
        out += &format!(" {key}  {mark}{what}\n");
    }
    out + "\n"
}

/// Behind the menu.
pub const SELECT: &str = "? ";

/// What `R` and `U` ask.
pub const ADDRESS: &str = "Address [0]: ";

/// What `n` asks.
pub const FILE: &str = "Crashinfo file name: ";

/// What `i` says where there is none.
pub const NO_FILE: &str = "There is no crashinfo flash file\n";

/// A crash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Crash {
    /// What went wrong.
    pub kind: Kind,
    /// Where, if that means anything.
    pub address: u32,
}

/// How each is shown: its exception, signal and code; in `show version`; for `sysret`; where the software was.
const KINDS: &[(Kind, &str, u32, u32, &str, &str, u32)] = &[
    (Kind::Bus, "a Bus Error exception", 0xa, 0x8, "bus error at PC ", "bus error", 0x6036_8518),
    (
        Kind::Address,
        "an Address Error exception",
        0xa,
        0x10,
        "address error at PC ",
        "bus error",
        0x6036_8519,
    ),
    (
        Kind::Forced,
        "a Software forced crash",
        0x17,
        0x24,
        "error - a Software forced crash, PC ",
        "unknown",
        0x6012_f818,
    ),
    (
        Kind::Watchdog,
        "a Watch Dog Timeout",
        0x9,
        0x0,
        "error - a Watch Dog Timeout, PC ",
        "watchdog timeout",
        0x6012_f9a4,
    ),
];

/// How many frames a stack has that is shown.
const FRAMES: u32 = 7;

impl Crash {
    fn row(self) -> &'static (Kind, &'static str, u32, u32, &'static str, &'static str, u32) {
        KINDS.iter().find(|row| row.0 == self.kind).expect("every kind has its row")
    }

    fn pc(self) -> u32 {
        self.row().6
    }

    /// What stands behind `System returned to ROM by `.
    pub fn returned_by(self) -> String {
        let (pc, text) = (self.pc(), self.row().4);
        match self.kind {
            Kind::Bus | Kind::Address => format!("{text}0x{pc:X}, address 0x{:X}", self.address),
            Kind::Forced | Kind::Watchdog => format!("{text}0x{pc:X}"),
        }
    }

    /// What the boot loader prints of it.
    pub fn exception(self) -> String {
        let (_, name, signal, code, ..) = *self.row();
        format!(
            "\n*** System received {name} ***\nsignal= {signal:#x}, code= {code:#x}, context= 0x61a38354\n\
             PC = {:#010x}, Cause = 0x1820, Status Reg = 0x34018002\n\n",
            self.pc()
        )
    }

    /// The frames of its stack, the youngest first: its pointer, where it was, octets.
    fn frames(self) -> Vec<(u32, u32, u32)> {
        let mut at = 0x6421_90b8_u32;
        let frame = |n: u32| {
            let size = if n == 0 { 0 } else { 24 + 8 * (n % 3) };
            let pc = if n == 0 { self.pc() } else { self.pc().wrapping_add(0x1_9a34 * n) & !3 };
            let shown = (at, pc, size);
            at += size;
            shown
        };
        (0..FRAMES).map(frame).collect()
    }

    /// ROMMON's `stack`.
    pub fn stack(self) -> String {
        let frames = self.frames();
        let (sp, pc, _) = frames[0];
        let mut out = format!(
            "Kernel Level Stack Trace:\nInitial SP = {sp:#010x}, Initial PC = {pc:#010x}, RA = {:#010x}\n",
            frames[1].1
        );
        for (n, (fp, pc, size)) in frames.iter().enumerate() {
            out += &format!("Frame {n} : FP= {fp:#010x}, PC= {pc:#010x}, {size:4} bytes\n");
        }
        out
    }

    /// ROMMON's `frame N`; `None`: there is no such frame.
    pub fn frame(self, number: usize) -> Option<String> {
        let (sp, pc, size) = *self.frames().get(number)?;
        let mut out = format!("Stack Frame {number}, SP = {sp:#010x}, Size = {size} bytes\n");
        for at in (0..size).step_by(4) {
            let word = if at + 4 == size { pc } else { self.made_up(sp + at) };
            out += &format!("[{:#010x} : sp + {at:#05x}] = {word:#010x}\n", sp + at);
        }
        Some(out)
    }

    /// ROMMON's `context`.
    pub fn context(self) -> String {
        let mut out = String::from("Kernel Level Context:\n");
        let (left, right) = REGISTERS.split_at(REGISTERS.len() / 2);
        let value = |name: &str| match name {
            "zero" => 0,
            "sp" => self.frames()[0].0,
            "ra" => self.frames()[1].1,
            "epc" | "errpc" => self.pc(),
            "sreg" => 0x3401_8002,
            "cause" => 0x1820,
            "badv" => self.address,
            name => self.made_up(name.bytes().map(u32::from).sum()),
        };
        for (a, b) in left.iter().zip(right) {
            out += &format!("{a:<5}: 00000000 {:08x} | {b:<5}: 00000000 {:08x}\n", value(a), value(b));
        }
        out
    }

    /// ROMMON's `sysret`, behind so many returns.
    pub fn sysret(self, count: u64) -> String {
        let frames = self.frames();
        let mut out = returned(count, self.row().5, self.pc(), self.address);
        for n in 0..8 {
            let (fp, pc, _) = frames.get(n).copied().unwrap_or_default();
            out += &format!("FP: {fp:#010x}, PC: {pc:#010x}\n");
        }
        out
    }

    /// What the file of a crash says of it, behind the lines that name the software.
    pub fn information(self, software: &str) -> String {
        format!(
            "CRASH INFO:\n\n{software}\nSystem was restarted by {}\n{}{}\n{}",
            self.returned_by(),
            self.exception(),
            self.stack(),
            self.context()
        )
    }

    /// Some word, the same each time.
    fn made_up(self, of: u32) -> u32 {
        let mixed = (of ^ self.pc()).wrapping_mul(0x9e37_79b1);
        0x6000_0000 | ((mixed ^ (mixed >> 15)) & 0x03ff_fffc)
    }
}

/// Registers, as `context` lists them.
const REGISTERS: [&str; 38] = [
    "zero", "AT", "v0", "v1", "a0", "a1", "a2", "a3", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "sreg",
    "epc", "cause", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "t8", "t9", "k0", "k1", "gp", "sp", "s8",
    "ra", "hi", "errpc", "badv",
];

/// `sysret` where the software did not crash.
pub fn no_crash(count: u64, by: &str) -> String {
    let reason = if by.starts_with("reload") { "user reload" } else { "reset" };
    let frames = "FP: 0x00000000, PC: 0x00000000\n".repeat(8);
    returned(count, reason, 0, 0) + &frames
}

fn returned(count: u64, reason: &str, pc: u32, address: u32) -> String {
    format!(
        "System Return Info:\ncount: {count},  reason: {reason}\npc:{pc:#x},  error address: {address:#x}\nStack Trace:\n"
    )
}

/// What ROMMON's debugging commands say where nothing has crashed.
pub fn invalid(command: &str) -> String {
    format!("{command}: kernel context state is invalid, can not proceed.\n")
}

/// Whether this is what a crash is called in `show version`.
pub fn is_crash(returned_by: &str) -> bool {
    KINDS.iter().any(|row| returned_by.starts_with(row.4))
}

/// Before the exception: where the crash is written down.
pub fn writing(file: &str) -> String {
    format!("\nWriting crashinfo to {file}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_selection_is_shown_with_its_mark() {
        let text = menu();
        for line in [
            "\n 1  (crash router) Bus Error, due to invalid address access\n",
            "\n C  Enable crash router selection marked with (crash router)\n",
            "\n x  Exit crash menu\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        let mut keys: Vec<char> = MENU.iter().map(|row| row.0).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), MENU.len(), "no key twice");
    }

    #[test]
    fn a_crash_is_told_the_same_everywhere() {
        for (_, _, crash) in MENU {
            let Some((kind, address)) = *crash else { continue };
            let crash = Crash { kind, address };
            let pc = format!("0x{:X}", crash.pc());
            assert!(crash.returned_by().contains(&pc) && is_crash(&crash.returned_by()), "{crash:?}");
            let pc = pc.to_lowercase();
            for text in [crash.exception(), crash.stack(), crash.sysret(3), crash.information("")] {
                assert!(text.contains(&pc), "{pc}: {text}");
            }
            assert!(crash.context().contains(&pc[2..]), "{}", crash.context());
        }
        assert!(!is_crash("reload") && !is_crash("power-on"));
    }

    #[test]
    fn frames_lie_behind_each_other_and_hold_where_to_return_to() {
        let crash = Crash { kind: Kind::Forced, address: 0 };
        let frames = crash.frames();
        for pair in frames.windows(2) {
            assert_eq!(pair[0].0 + pair[0].2, pair[1].0, "{frames:x?}");
        }
        let text = crash.frame(1).expect("there");
        assert!(
            text.starts_with(
                "Stack Frame 1, SP = 0x642190b8, Size = 32 bytes\n[0x642190b8 : sp + 0x000] = 0x6"
            )
        );
        assert!(text.ends_with(&format!("sp + 0x01c] = {:#010x}\n", frames[1].1)), "{text}");
        assert_eq!(crash.frame(FRAMES as usize), None);
    }
}
