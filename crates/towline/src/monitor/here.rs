//! Answers in this process, which has no monitor.

use super::{Answer, Mandate, Privileged, Question, answer::answer};

/// Answers with this process's own rights.
#[derive(Debug)]
pub struct Here {
    mandate: Mandate,
}

impl Here {
    /// Answers what `mandate` covers.
    pub fn new(mandate: Mandate) -> Here {
        Here { mandate }
    }
}

impl Privileged for Here {
    fn ask(&self, question: Question) -> Answer {
        answer(&self.mandate, question)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Address, Argv, Listed, Place, Program, Reached, Refused};
    use super::*;
    use std::io::{self, Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::time::Duration;

    const HOME: Ipv4Addr = Ipv4Addr::LOCALHOST;

    fn here(change: impl FnOnce(&mut Mandate)) -> Box<dyn Privileged> {
        let mut mandate = Mandate::default();
        change(&mut mandate);
        Box::new(Here::new(mandate))
    }

    fn shell(script: &str) -> Argv {
        Argv { program: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] }
    }

    fn listed(program: Program) -> Listed {
        Listed { program, environment: Vec::new(), input: Vec::new(), patience: Duration::from_secs(10) }
    }

    #[test]
    fn a_passive_listener_is_in_the_range() {
        let asked = here(|_| {}).passive(HOME.into()).unwrap();
        assert_ne!(asked.local_addr().unwrap().port(), 0);
        let port = asked.local_addr().unwrap().port();
        let full = here(|m| m.passive_ports = Some(port..=port));
        assert_eq!(full.passive(HOME.into()).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn an_active_connection_is_made_only_where_the_mandate_has_it() {
        let listener = TcpListener::bind((HOME, 0)).unwrap();
        let to = listener.local_addr().unwrap();
        let from = SocketAddr::from((HOME, 0));
        let refused = here(|_| {}).connect_from(from, to).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
        let odd = here(|m| m.active = true).connect_from(SocketAddr::from((HOME, 22)), to).unwrap_err();
        assert!(odd.to_string().contains("port 20, not 22"), "{odd}");
        let stream = here(|m| m.active = true).connect_from(from, to).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        stream.set_nonblocking(false).unwrap();
        (&stream).write_all(b"x").unwrap();
        let mut octet = [0];
        peer.read_exact(&mut octet).unwrap();
        assert_eq!(&octet, b"x");
    }

    #[test]
    fn only_listed_places_are_reached() {
        let listener = TcpListener::bind((HOME, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = here(|m| drop(m.places.insert(Place::Syslog, Address::of(Reached::Tcp, address))));
        let _stream: TcpStream = asked.reach(Place::Syslog).unwrap();
        listener.accept().unwrap();
        assert_eq!(asked.reach(Place::Hook(0)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_program_gets_its_input_and_variables_and_nothing_of_ours() {
        let script = r#"read line; echo "$line $TOWLINE_PATH ${HOME-none}"; echo bad >&2; exit 3"#;
        let asked = here(|m| drop(m.programs.insert(Program::Hook(1), shell(script))));
        let run = Listed {
            environment: vec![("TOWLINE_PATH".into(), "/a.bin".into())],
            input: b"in\n".to_vec(),
            ..listed(Program::Hook(1))
        };
        let ran = asked.run(run.clone()).unwrap();
        assert_eq!((ran.code, ran.timed_out), (Some(3), false));
        assert_eq!((&ran.output[..], &ran.errors[..]), (&b"in /a.bin none\n"[..], &b"bad\n"[..]));
        let absent = asked.run(listed(Program::Identity)).unwrap_err();
        assert!(matches!(absent, Refused::NotListed(_)), "{absent}");
        let odd = Listed { environment: vec![("LD_PRELOAD".into(), "x".into())], ..run };
        assert!(matches!(asked.run(odd), Err(Refused::Never(_))));
    }

    #[test]
    fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let asked =
            here(|m| drop(m.programs.insert(Program::Identity, shell("echo a; cat /dev/zero & wait"))));
        let run = Listed { patience: Duration::from_millis(200), ..listed(Program::Identity) };
        let ran = asked.run(run).unwrap();
        assert!(ran.timed_out);
        assert_eq!(ran.code, None);
        // What came in its time is kept, and it is bounded.
        assert!(ran.output.starts_with(b"a\n"));
    }

    #[test]
    fn a_program_whose_child_keeps_its_output_open_ends_when_it_does() {
        let asked = here(|m| drop(m.programs.insert(Program::Identity, shell("tail -f /dev/null & echo b"))));
        let ran = asked.run(listed(Program::Identity)).unwrap();
        assert_eq!((ran.code, ran.timed_out, &ran.output[..]), (Some(0), false, &b"b\n"[..]));
    }

    #[test]
    fn without_a_monitor_there_is_no_successor() {
        assert!(matches!(here(|_| {}).successor(), Err(Refused::Never(_))));
    }
}
