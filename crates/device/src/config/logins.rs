//! What a line asks of whoever comes: by itself, or by the lists of AAA.

use super::{Config, Line, Login};

/// The line that has logins come from lists.
pub(crate) const AAA: &str = "aaa new-model";

impl Config {
    /// What a line asks: with `aaa new-model` as the list says that it names, else the one that is called `default`. Without
    /// any the network has to name a user, and the console lets everybody in. Of the ways of a list the first counts that
    /// is on this device, for no server answers it.
    pub fn login_of(&self, line: &Line) -> Login {
        if !self.has(AAA) {
            return line.login;
        }
        let named = line.kept.iter().find_map(|l| l.strip_prefix("login authentication "));
        let head = format!("aaa authentication login {} ", named.unwrap_or("default").trim());
        let Some(ways) = self.kept.iter().find_map(|l| l.strip_prefix(&head)) else {
            // A `login local` of before is believed.
            let open = line.name.starts_with("con") && line.login != Login::Local;
            return if open { Login::No } else { Login::Local };
        };
        let way = |word| match word {
            "local" | "local-case" => Some(Login::Local),
            "line" => Some(Login::Line),
            "none" => Some(Login::No),
            _ => None,
        };
        ways.split(' ').find_map(way).unwrap_or(Login::Local)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Complaint;
    use super::super::tests::merged;
    use super::*;
    use crate::profile::C2911;

    #[test]
    fn what_a_line_asks_follows_from_its_list() {
        let of = |text: &str, name: &str| {
            let config = merged(&format!("line vty 0 4\n login\n{text}"));
            config.login_of(config.line(name).expect("a line"))
        };
        for (lines, console, vty) in [
            ("", Login::No, Login::Line),
            ("aaa new-model\n", Login::No, Login::Local),
            ("line con 0\n login local\naaa new-model\n", Login::Local, Login::Local),
            (
                "aaa new-model\naaa authentication login default group tacacs+ local\n",
                Login::Local,
                Login::Local,
            ),
            ("aaa new-model\naaa authentication login default line\n", Login::Line, Login::Line),
            (
                "aaa new-model\naaa authentication login default local\naaa authentication login FREE none\nline con 0\n login authentication FREE\n",
                Login::No,
                Login::Local,
            ),
            ("aaa authentication login default local\n", Login::No, Login::Line),
        ] {
            assert_eq!((of(lines, "con 0"), of(lines, "vty 1")), (console, vty), "{lines}");
        }
    }

    #[test]
    fn a_hash_that_is_not_reckoned_here_is_kept_as_it_is_and_fits_nothing() {
        let text = "enable secret 9 $9$abc$def\nusername bob privilege 15 secret 8 $8$abc$def\n";
        let config = merged(text);
        let rendered = config.render("17.6");
        assert!(text.lines().all(|line| rendered.contains(&format!("{line}\n"))), "{rendered}");
        assert_eq!(merged(&rendered), config);
        let fits = |typed| config.enable.as_ref().is_some_and(|secret| secret.matches(typed));
        assert!(!fits("9 $9$abc$def") && !fits("$9$abc$def") && !fits(""));
        // A password may begin with a digit.
        assert!(merged("enable secret 9lives\n").enable.is_some_and(|secret| secret.matches("9lives")));
    }

    #[test]
    fn a_user_s_further_lines_go_with_the_user() {
        let text = "username bob privilege 15 secret 5 $1$abcd$y\nusername bob autocommand show version\n";
        let config = merged(text);
        assert_eq!(config.users.len(), 1);
        assert!(config.has("username bob autocommand show version"));
        assert_eq!(merged(&config.render("15.5")), config);
        assert_eq!(merged(&format!("{text}no username bob\n")), merged(""));
    }

    #[test]
    fn a_line_is_known_by_its_number_among_all_too() {
        let config = merged("line 0\n exec-timeout 3 0\nline 1\n no exec\nline 388 392\n length 0\n");
        let kept = |name| config.line(name).expect("there").kept.clone();
        assert_eq!(
            [kept("con 0"), kept("aux 0"), kept("vty 0")],
            [["exec-timeout 3 0"], ["no exec"], ["length 0"]]
        );
        assert_eq!(
            Config::new(&C2911).merge(&C2911, "line 2\n"),
            [("line 2".to_owned(), Complaint::Invalid)],
            "no line of this device"
        );
    }
}
