//! Six questions; each answer ends with the command that proves it on this machine.

use super::guide::fold;
use std::io::{self, BufRead, Write};

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What is asked.
    pub text: &'static str,
    /// Answers a to d.
    pub answers: [&'static str; 4],
    /// Which one is right: 0 is a.
    pub right: usize,
    /// Why.
    pub because: &'static str,
    /// Arguments of `towline` that show it.
    pub proof: &'static [&'static str],
    /// What its output then contains.
    pub shows: &'static [&'static str],
}

/// The questions.
pub const QUESTIONS: [Question; 6] = [
    Question {
        text: "What do TFTP and FTP have in common?",
        answers: [
            "Both use TCP.",
            "Both ask for a user and a password.",
            "In both a client opens the exchange and a server answers it.",
            "In both two equal peers exchange pieces of a file.",
        ],
        right: 2,
        because: "Both are client-server: the router is the client, and the server never begins. All else \
                  differs.",
        proof: &["lab", "compare"],
        shows: &["who opens the exchange", "the client, to port 69", "the client, to port 21"],
    },
    Question {
        text: "Over what do the two protocols run, and where does the server listen?",
        answers: [
            "TFTP: UDP port 69. FTP: TCP, port 21 for control and 20 for active data.",
            "TFTP: TCP port 69. FTP: TCP port 20 for control and 21 for data.",
            "TFTP: UDP port 21. FTP: UDP port 69.",
            "TFTP: UDP port 69. FTP: one TCP connection to port 21 for everything.",
        ],
        right: 0,
        because: "TFTP's request goes to UDP 69 (the transfer then has ports of its own). FTP keeps control (TCP \
                  21) and data apart; in active mode the server's end of the data connection is TCP 20.",
        proof: &["lab", "ladder", "5"],
        shows: &["| 21", "| 20", "opens the data connection"],
    },
    Question {
        text: "On R1, what does 'copy tftp: flash:' do?",
        answers: [
            "It copies a file from R1's flash to a TFTP server.",
            "It copies a file from a TFTP server into R1's flash.",
            "It makes R1 a TFTP server for its flash.",
            "It copies the running configuration into flash over TFTP.",
        ],
        right: 1,
        because: "copy SOURCE DESTINATION: the source comes first. The Accessing line names the server, and the \
                  file appears in flash.",
        proof: &["lab", "--script", "--size", "64K"],
        shows: &["copy tftp: flash:", "Accessing tftp://10.0.0.1/c2900", "65536 bytes copied"],
    },
    Question {
        text: "Somebody records the packets between R1 and the server. What can be read in them?",
        answers: [
            "Nothing: both protocols encrypt.",
            "The file over TFTP, nothing over FTP, because FTP has a login.",
            "FTP's password, but no file: data connections are encrypted.",
            "The file in both; in FTP also user and password. TFTP has no login at all.",
        ],
        right: 3,
        because: "TFTP has no authentication, so there is no password to see; FTP logs in, but in clear text. \
                  Neither hides the file.",
        proof: &["lab", "compare"],
        shows: &[
            "login asked",
            "file readable in a captured packet",
            "password readable in a captured packet",
        ],
    },
    Question {
        text: "FTP has an active and a passive mode. Which connection do they concern?",
        answers: [
            "Only the control connection: in passive mode the server opens it.",
            "Both connections: in active mode the server opens both.",
            "Only the data connection: active, the server opens it; passive, the client. Control is always \
             opened by the client.",
            "Neither: the modes choose between text and binary.",
        ],
        right: 2,
        because: "That is why a firewall before the client breaks active mode only: the connection it drops is \
                  the server's.",
        proof: &["lab", "--script", "--firewall", "--size", "64K"],
        shows: &["no ip ftp passive", "%Error", "65536 bytes copied"],
    },
    Question {
        text: "The new image is in flash, 'boot system' names it, and the configuration is saved. 'show version' \
               still tells the old version. Why?",
        answers: [
            "The old image must be deleted first.",
            "The running IOS is in RAM: the boot line counts at the next reload.",
            "'boot system' should have been typed after 'copy running-config startup-config'.",
            "'show version' tells the version that R1 was sold with.",
        ],
        right: 1,
        because: "Copying puts a file on a disk, and the boot line chooses a file for the next boot. Only reload \
                  starts it.",
        proof: &["lab", "--script", "--size", "64K"],
        shows: &["Version 15.1(4)M4", "Proceed with reload? [confirm]", "Version 15.5(3)M4a"],
    },
];

/// Asks all questions; gives the number of right answers. The end of the input ends the quiz.
pub fn run(input: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<usize> {
    let mut score = 0;
    for (i, question) in QUESTIONS.iter().enumerate() {
        writeln!(out, "\nQuestion {} of {}", i + 1, QUESTIONS.len())?;
        say(out, "  ", question.text)?;
        for (letter, answer) in ('a'..).zip(question.answers) {
            say(out, &format!("    {letter}) "), answer)?;
        }
        let Some(answer) = ask(input, out)? else {
            writeln!(out)?;
            break;
        };
        let right = answer == question.right;
        score += usize::from(right);
        let letter = char::from(b"abcd"[question.right]);
        let verdict = if right { "Right." } else { "No." };
        say(out, "  ", &format!("{verdict} {letter}) is the answer. {}", question.because))?;
        writeln!(out, "  See it: towline {}", question.proof.join(" "))?;
    }
    writeln!(out, "\nScore: {score} of {}", QUESTIONS.len())?;
    Ok(score)
}

fn ask(input: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Option<usize>> {
    loop {
        write!(out, "  Your answer (a, b, c, d): ")?;
        out.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let letter = line.trim().to_ascii_lowercase();
        if let Some(answer) = ["a", "b", "c", "d"].iter().position(|l| *l == letter) {
            return Ok(Some(answer));
        }
    }
}

/// Prints a text behind `head`, its further lines below the first.
fn say(out: &mut dyn Write, head: &str, text: &str) -> io::Result<()> {
    for (i, line) in fold(text).iter().enumerate() {
        let margin = if i == 0 { head.to_owned() } else { " ".repeat(head.len()) };
        writeln!(out, "{margin}{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiz(answers: &str) -> (usize, String) {
        let mut out = Vec::new();
        let score = run(&mut answers.as_bytes(), &mut out).unwrap();
        (score, String::from_utf8(out).unwrap())
    }

    #[test]
    fn right_answers_count_and_each_ends_with_its_proof() {
        let right: String = QUESTIONS.iter().map(|q| format!("{}\n", char::from(b"abcd"[q.right]))).collect();
        let (score, out) = quiz(&right);
        assert_eq!(score, 6);
        assert!(out.ends_with("Score: 6 of 6\n"), "{out}");
        for q in QUESTIONS {
            assert!(out.contains(&format!("See it: towline {}\n", q.proof.join(" "))));
        }
        let mut rows = out.split("d): ").flat_map(str::lines);
        assert!(rows.all(|l| l.chars().count() <= 90), "{out}");
    }

    #[test]
    fn wrong_answers_are_explained_and_nonsense_is_asked_again() {
        let (score, out) = quiz("B\nx\n\na\n");
        assert_eq!(score, 1);
        assert!(out.contains("No. c) is the answer. Both are client-server"), "{out}");
        assert_eq!(out.matches("Your answer").count(), 5, "two answers, two repeats, one end: {out}");
        assert!(out.ends_with("Score: 1 of 6\n"));
    }

    #[test]
    fn the_right_answer_is_not_always_the_same_letter() {
        for letter in 0..4 {
            assert!(QUESTIONS.iter().any(|q| q.right == letter), "{letter}");
        }
    }
}
