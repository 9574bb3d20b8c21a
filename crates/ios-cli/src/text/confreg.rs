//! `confreg` of ROMMON: what the register says, and the questions that change it.

use alloc::format;
use alloc::string::String;

/// The bits that are asked for, in the order of the questions, with their words.
const BITS: [(u16, &str); 6] = [
    (0x8000, "diagnostic mode"),
    (0x4000, "use net in IP bcast address"),
    (0x2000, "load rom after netboot fails"),
    (0x0400, "use all zero broadcast"),
    // Set: a break has no effect once IOS runs.
    (0x0100, "break/abort has effect"),
    (0x0040, "ignore system config info"),
];

/// Bits 5, 12 and 11, and the rate that they are.
const RATES: [(u16, u32); 8] = [
    (0x0000, 9_600),
    (0x0800, 4_800),
    (0x1000, 1_200),
    (0x1800, 2_400),
    (0x0020, 19_200),
    (0x0820, 38_400),
    (0x1020, 57_600),
    (0x1820, 115_200),
];
const RATE: u16 = 0x1820;

/// Before the first answer, and behind the last.
pub const CHANGE: &str = "do you wish to change the configuration? y/n  [n]:  ";

fn is_on(register: u16, bit: u16) -> bool {
    // The break's bit says the opposite.
    (register & bit != 0) != (bit == 0x0100)
}

/// What a register says; `default` is the name that its boot field stands for: `cisco2-C2900`.
pub fn summary(register: u16, default: &str) -> String {
    let on: String =
        BITS.iter().filter(|(bit, _)| is_on(register, *bit)).map(|(_, words)| format!("{words}\n")).collect();
    let rate = RATES.iter().find(|(bits, _)| register & RATE == *bits).map_or(9_600, |(_, rate)| *rate);
    let boot = match register & 0xf {
        0 => "the ROM Monitor".into(),
        1 => "the boot helper image".into(),
        _ => format!("image specified by the boot system commands\n      or default to: {default}"),
    };
    format!(
        "\n           Configuration Summary\n   (Virtual Configuration Register: {register:#06x})\nenabled are:\n{on}console baud: {rate}\nboot: {boot}\n\n"
    )
}

/// The questions behind [`CHANGE`], one answer at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Questions {
    register: u16,
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Bit(usize),
    ChangeRate,
    Rate,
    ChangeBoot,
    Boot,
    Over,
}

impl Questions {
    /// About this register.
    pub fn new(register: u16) -> Questions {
        Questions { register, at: At::Bit(0) }
    }

    /// The register as the answers have made it.
    pub fn register(&self) -> u16 {
        self.register
    }

    /// What is asked now; `None`: nothing any more.
    pub fn ask(&self) -> Option<String> {
        Some(match self.at {
            At::Bit(n) => {
                let (bit, words) = BITS[n];
                let change = if is_on(self.register, bit) { "disable" } else { "enable " };
                format!("{change} \"{words}\"? y/n  [n]:  ")
            }
            At::ChangeRate => "change console baud rate? y/n  [n]:  ".into(),
            At::Rate => {
                let now = RATES.iter().position(|(bits, _)| self.register & RATE == *bits).unwrap_or(0);
                format!(
                    "enter rate: 0 = 9600,  1 = 4800,  2 = 1200,  3 = 2400\n            4 = 19200, 5 = 38400, 6 = 57600, 7 = 115200  [{now}]:  "
                )
            }
            At::ChangeBoot => "change the boot characteristics? y/n  [n]:  ".into(),
            At::Boot => format!(
                "enter to boot:\n 0 = ROM Monitor\n 1 = the boot helper image\n 2-15 = boot system\n    [{}]:  ",
                self.register & 0xf
            ),
            At::Over => return None,
        })
    }

    /// Takes the answer to it; what is none asks again.
    pub fn answer(&mut self, text: &str) {
        let yes = text.starts_with(['y', 'Y']);
        let number = text.parse::<usize>().ok();
        self.at = match (self.at, number) {
            (At::Bit(n), _) => {
                if yes {
                    self.register ^= BITS[n].0;
                }
                if n + 1 < BITS.len() { At::Bit(n + 1) } else { At::ChangeRate }
            }
            (At::ChangeRate, _) => {
                if yes {
                    At::Rate
                } else {
                    At::ChangeBoot
                }
            }
            (At::Rate, Some(n)) if n < RATES.len() => {
                self.register = self.register & !RATE | RATES[n].0;
                At::ChangeBoot
            }
            (At::Rate, _) if text.is_empty() => At::ChangeBoot,
            (At::ChangeBoot, _) => {
                if yes {
                    At::Boot
                } else {
                    At::Over
                }
            }
            (At::Boot, Some(n)) if n < 16 => {
                self.register = self.register & !0xf | u16::try_from(n).unwrap_or(2);
                At::Over
            }
            (At::Boot, _) if text.is_empty() => At::Over,
            (at @ (At::Rate | At::Boot | At::Over), _) => at,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(register: u16, answers: &[&str]) -> (u16, String) {
        let (mut questions, mut said) = (Questions::new(register), String::new());
        let mut answers = answers.iter();
        while let Some(question) = questions.ask() {
            let answer = answers.next().unwrap_or(&"");
            said += &format!("{question}{answer}\n");
            questions.answer(answer);
        }
        (questions.register(), said)
    }

    #[test]
    fn a_summary_of_0x2102_and_of_others() {
        assert_eq!(
            summary(0x2102, "cisco2-C2900"),
            "
           Configuration Summary
   (Virtual Configuration Register: 0x2102)
enabled are:
load rom after netboot fails
console baud: 9600
boot: image specified by the boot system commands
      or default to: cisco2-C2900

"
        );
        let text = summary(0x3820 | 0x8040, "x");
        for line in ["diagnostic mode\n", "break/abort has effect\n", "ignore system config info\n"] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(text.contains("console baud: 115200\nboot: the ROM Monitor\n"), "{text}");
    }

    #[test]
    fn enter_leaves_every_bit_as_it_is() {
        for register in [0x2102, 0x2142, 0xf, 0x3822, 0xffff] {
            assert_eq!(asked(register, &[]).0, register);
            // The rate and the boot field too, where they are asked for.
            let answers = ["", "", "", "", "", "", "y", "", "y", ""];
            assert_eq!(asked(register, &answers).0, register);
        }
    }

    #[test]
    fn a_lost_password_by_questions_and_back() {
        let (register, said) = asked(0x2102, &["", "", "", "", "", "y"]);
        assert_eq!(register, 0x2142);
        assert!(said.contains("enable  \"ignore system config info\"? y/n  [n]:  y\n"), "{said}");
        assert!(said.contains("disable \"load rom after netboot fails\"? y/n  [n]:  \n"), "{said}");
        assert_eq!(asked(register, &["", "", "", "", "", "y"]).0, 0x2102);
    }

    #[test]
    fn rate_and_boot_field_are_numbers_and_what_is_none_is_asked_again() {
        let answers = ["", "", "", "", "", "", "y", "9", "x", "7", "y", "16", "-", "0"];
        let (register, said) = asked(0x2102, &answers);
        assert_eq!(register, 0x3920);
        assert_eq!(said.matches("enter rate: 0 = 9600").count(), 3);
        assert_eq!(said.matches("enter to boot:").count(), 3);
    }
}
