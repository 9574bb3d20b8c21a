//! `show processes cpu`, `show memory statistics`

use super::{Unread, between};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How busy the processor was, per cent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cpu {
    /// In five seconds.
    pub five_seconds: u8,
    /// Of that in interrupts.
    pub interrupts: u8,
    /// In a minute.
    pub minute: u8,
    /// In five.
    pub five_minutes: u8,
}

impl Cpu {
    /// As the device prints it, with these processes, which do nothing.
    pub fn render(self, processes: &[&str]) -> String {
        let mut out = format!(
            "CPU utilization for five seconds: {}%/{}%; one minute: {}%; five minutes: {}%\n \
             PID Runtime(ms)     Invoked      uSecs   5Sec   1Min   5Min TTY Process \n",
            self.five_seconds, self.interrupts, self.minute, self.five_minutes
        );
        for (n, name) in processes.iter().enumerate() {
            out.push_str(&format!(
                "{:>4} {:>11} {:>11} {:>10} {:>5}% {:>5}% {:>5}% {:>3} {name:<16} \n",
                n + 1,
                0,
                1,
                0,
                "0.00",
                "0.00",
                "0.00",
                0
            ));
        }
        out
    }

    /// Reads its first line.
    pub fn parse(text: &str) -> Result<Cpu, Unread> {
        let line = text.lines().find(|l| l.trim_start().starts_with("CPU utilization")).unwrap_or_default();
        let number = |before, after| between(line, before, after).and_then(|n| n.parse().ok());
        let read = || {
            Some(Cpu {
                five_seconds: number("five seconds: ", "%/")?,
                interrupts: number("%/", "%;")?,
                minute: number("one minute: ", "%;")?,
                five_minutes: number("five minutes: ", "%")?,
            })
        };
        read().ok_or_else(|| Unread::new("'CPU utilization for five seconds: …'", line))
    }
}

/// One pool of memory, octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pool {
    /// `Processor`, `I/O`
    pub name: String,
    /// Where it begins.
    pub head: u32,
    /// In all.
    pub total: u64,
    /// In use.
    pub used: u64,
}

/// As the device prints it.
pub fn render_memory(pools: &[Pool]) -> String {
    let mut out =
        String::from("                Head    Total(b)     Used(b)     Free(b)   Lowest(b)  Largest(b)\n");
    for p in pools {
        let free = p.total.saturating_sub(p.used);
        out.push_str(&format!(
            "{:>9}  {:>9X} {:>11} {:>11} {free:>11} {free:>11} {free:>11}\n",
            p.name, p.head, p.total, p.used
        ));
    }
    out
}

/// Reads it.
pub fn parse_memory(text: &str) -> Result<Vec<Pool>, Unread> {
    let pool = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, head, total, used, _, _, _] = words[..] else { return None };
        Some(Pool {
            name: name.to_owned(),
            head: u32::from_str_radix(head, 16).ok()?,
            total: total.parse().ok()?,
            used: used.parse().ok()?,
        })
    };
    let pools: Option<Vec<Pool>> = text
        .lines()
        .skip_while(|l| !l.contains("Total(b)"))
        .skip(1)
        .filter(|l| !l.trim().is_empty())
        .map(pool)
        .collect();
    pools.filter(|p| !p.is_empty()).ok_or_else(|| Unread::new("rows of seven figures", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_back() {
        let cpu = Cpu { five_seconds: 12, interrupts: 1, minute: 7, five_minutes: 0 };
        assert_eq!(Cpu::parse(&cpu.render(&["Chunk Manager", "Exec"])), Ok(cpu));
        assert!(Cpu::parse("CPU utilization for five seconds: x%/0%").is_err());
        let pool = |name: &str, head, total| Pool { name: name.into(), head, total, used: total / 3 };
        let pools =
            alloc::vec![pool("Processor", 0x23e0_ea20, 503_316_480), pool("I/O", 0xe90_0000, 33_554_432)];
        assert_eq!(parse_memory(&render_memory(&pools)), Ok(pools));
        assert!(parse_memory("").is_err());
    }
}
