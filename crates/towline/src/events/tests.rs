use super::*;
use serde_json::Value;

/// One of each event, with every optional field, and one with none.
fn samples() -> Vec<Event> {
    let s = |t: &str| t.to_string();
    let path = || Name::new(b"/a\xff");
    let plain = || Name::new(b"/a");
    let agreed = || Agreed {
        ident: s("SSH-2.0-Cisco-1.25"),
        key_exchange: s("diffie-hellman-group1-sha1"),
        host_key: s("ssh-rsa"),
        cipher: s("3des-cbc"),
        mac: Some(s("hmac-sha1")),
        profile: Some(s("legacy-ios")),
    };
    vec![
        Event::Sandbox { held: s("Sandbox: off."), lacks: Some(s("x")) },
        Event::Listening { protocol: "tftp", address: s("127.0.0.1:6969"), wanted: Some(s("69: denied")) },
        Event::Listening { protocol: "ftp", address: s("[::1]:21"), wanted: None },
        Event::Image { path: s("/i.bin"), octets: 1, md5: s("0"), sha512: s("0"), name: Some(s("C2900")) },
        Event::Admitted { session: 1, protocol: "ftp", peer: s("127.0.0.1:1"), user: Some(s("bob")) },
        Event::Identity {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            user: Some(s("u")),
            notice: "hash-upgraded",
            text: s("t"),
        },
        Event::Login {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            user: Some(s("bob")),
            security: "clear",
            key: Some(s("SHA256:k")),
            agreed: None,
        },
        Event::Login {
            session: 1,
            protocol: "sftp",
            peer: s("p"),
            user: Some(s("bob")),
            security: "ssh",
            key: None,
            agreed: Some(agreed()),
        },
        Event::Agreed { host: s("h"), address: s("127.0.0.1:22"), agreed: agreed() },
        Event::Kicked { session: 1, protocol: "ftp", peer: s("p"), by: s("uid 0") },
        Event::Listed {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            user: Some(s("bob")),
            path: path(),
            names: 3,
        },
        Event::ThirdParty {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            user: Some(s("bob")),
            other: s("o"),
            verdict: "granted",
        },
        Event::GrantUsed {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            path: path(),
            grant: s("g1"),
            left: Some(0),
        },
        Event::Banned { net: s("10.0.0.0/8"), until: Some(s("t")), reason: s("r"), by: s("itself") },
        Event::Unbanned { net: s("10.0.0.1"), by: s("uid 0") },
        Event::Restored { path: path(), version: s("v"), octets: 1, by: s("uid 0") },
        Event::Server { change: "started", text: s("t") },
        Event::HookFailed { hook: s("hook 1"), of: 7, count: 1, reason: s("r") },
        Event::Configured { text: s("reloaded"), verdict: "taken", by: s("operator") },
        Event::User {
            name: s("n"),
            state: s("disabled"),
            password: s("bcrypt"),
            keys: s("SHA256:k"),
            require: s("either"),
            groups: s("g"),
            place: s("f"),
        },
        Event::Left { session: 1, protocol: "ftp", peer: s("p") },
        Event::Refused {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            user: Some(s("bob")),
            verb: "login",
            path: None,
            reason: s("login"),
            rule: None,
        },
        Event::Refused {
            session: 1,
            protocol: "tftp",
            peer: s("p"),
            user: None,
            verb: "read",
            path: Some(path()),
            reason: s("absent"),
            rule: Some(s("t.toml:7")),
        },
        Event::Started {
            session: 1,
            transfer: 1,
            protocol: "tftp",
            peer: s("p"),
            path: path(),
            direction: "read",
            octets: Some(7),
        },
        Event::Ended(Box::new(Ended {
            session: 1,
            transfer: 1,
            protocol: "tftp",
            peer: s("p"),
            path: path(),
            asked: Some(Asked::new(b"a\xff")),
            direction: "write",
            outcome: "complete",
            verdict: "complete",
            verdict_text: s("complete"),
            octets: 7,
            total: Some(7),
            seconds: Some(0.5),
            rate: Some(14),
            wire: Some(Wire {
                options_asked: [("blksize", 1_468), ("tsize", 0)].into(),
                options_agreed: [("blksize", 1_428)].into(),
                rtt_ms: Some(0.3),
                rto_ms: Some(10.0),
                ..Wire::default()
            }),
            digests: Some(Digests {
                md5: Some(s("0")),
                sha256: Some(s("0")),
                sha512: Some(s("0")),
                digest_from: "cache",
            }),
            kept: Some(s("/a.1")),
            note: s("n"),
        })),
        Event::Ended(Box::new(Ended {
            protocol: "ftp",
            path: plain(),
            direction: "read",
            outcome: "timed-out",
            verdict: "went-silent",
            ..Ended::default()
        })),
        Event::Digest {
            transfer: 1,
            path: path(),
            octets: 3,
            digests: Digests {
                md5: Some(s("0")),
                sha256: Some(s("0")),
                sha512: Some(s("0")),
                digest_from: "upload",
            },
        },
        Event::Changed {
            session: 1,
            protocol: "ftp",
            peer: s("p"),
            path: path(),
            change: "renamed",
            to: Some(s("/b")),
        },
        Event::Difference {
            path: path(),
            former: Some(s("/b")),
            content: "differs",
            added: Some(1),
            removed: Some(2),
        },
        Event::Advice { peer: s("p"), text: s("t") },
        Event::Lost { count: 1, sink: None, reason: None },
        Event::Lost { count: 1, sink: Some(s("history")), reason: Some(s("full")) },
        Event::Exhausted { what: "file descriptors", limit: Some(1_024), count: 3, remedy: "r" },
        Event::Draining { transfers: 1 },
        Event::Stopped { transfers: 1, octets: 2, verdicts: [("complete", 1)].into() },
        Event::Begun { transfer: Some(2), from: s("a"), to: s("b"), octets: Some(1) },
        Event::Progress { transfer: Some(3), octets: 1, total: Some(2), seconds: 0.1, repeats: 0 },
        Event::Progress { transfer: None, octets: 1, total: None, seconds: 0.1, repeats: 0 },
        Event::Summary { files: 3, copied: 2, failed: 1, octets: 7, seconds: 0.1 },
        Event::Copied {
            transfer: Some(2),
            from: s("a"),
            to: s("b"),
            octets: 1,
            seconds: 0.1,
            repeats: 0,
            digest: Some(s("md5:0")),
        },
        Event::Entry {
            url: s("sftp://h/"),
            name: Name::new(b"\xff"),
            kind: "file",
            octets: Some(1),
            modified: Some(s("2026-11-26T18:34:54Z")),
            mode: Some(s("0644")),
        },
        Event::Hashed { url: s("sftp://h/a"), algorithm: "md5", digest: s("0"), by: "server" },
        Event::Mirrored {
            name: Name::new(b"\xff"),
            fate: "copied",
            run: "dry",
            octets: Some(1),
            because: Some("new"),
        },
        Event::Mirror {
            from: s("sftp://h/"),
            to: s("d"),
            run: "real",
            copied: 1,
            octets: 2,
            same: 3,
            made: 4,
            removed: 5,
            extra: 6,
            skipped: 7,
            failed: 8,
            seconds: 0.1,
        },
        Event::Relaying { address: s("a"), to: s("b"), seed: 7, wanted: Some(s("69: taken")) },
        Event::Client { peer: s("p"), towards_server: s("a") },
        Event::Port { peer: s("p"), server: s("a"), shown_as: s("b") },
        Event::Struck { peer: s("p"), way: "down", number: 3, fate: "lost", packet: s("ACK 1") },
        Event::Relayed {
            way: "up",
            datagrams: 9,
            octets: 99,
            lost: 1,
            dropped: 0,
            duplicated: 1,
            reordered: 1,
        },
        Event::Type { step: 3, title: s("t"), line: s(""), question: Some("Destination filename") },
        Event::Finding { finding: "no-answer", exit: 3, words: s("w"), remedy: s("r") },
        Event::Examined {
            url: s("tftp://h/a"),
            server: s("127.0.0.1:69"),
            requests: 14,
            seconds: 0.4,
            octets: Some(1),
            round_trip: Some(0.001),
            options: s("blksize 1024"),
            largest: Some(1_468),
            lock_step: Some(1.0),
            window: Some(2.0),
            lost: Some(0),
        },
        Event::SshExamined {
            url: s("sftp://h/"),
            server: Some(s("127.0.0.1:22")),
            seconds: 0.5,
            ident: Some(s("SSH-2.0-x")),
            key_exchanges: Some(s("a,b")),
            host_keys: Some(s("k")),
            ciphers: Some(s("c;d")),
            macs: Some(s("m")),
            compressions: Some(s("none")),
            modern: Some(s("w")),
            compat: Some(s("w")),
            legacy_ios: Some(s("w")),
            keys: s("SHA256:x ssh-rsa, known"),
            login: Some(s("password")),
            sftp_version: Some(3),
            sftp_extensions: Some(s("none")),
            sftp_limits: Some(s("not told")),
        },
        Event::Facts(Box::new(Surveyed {
            device: s("r1"),
            hostname: s("R1"),
            model: s("CISCO2911/K9"),
            serial: Some(s("FTX")),
            version: s("15.5(3)M4a"),
            image: s("flash0:a.bin"),
            mode: "bundle",
            uptime_minutes: 1,
            reason: Some(s("power-on")),
            memory: Some(1),
            boot: vec![s("flash0:a.bin")],
            register: Some(s("0x2102")),
            manual_boot: "no",
            file_system: s("flash0:"),
            total: 2,
            free: 1,
            files: BTreeMap::from([(s("a.bin"), 1)]),
            unsaved: Some("no"),
            reload: Some(s("Reload scheduled")),
        })),
        Event::Facts(Box::new(Surveyed {
            device: s("r1"),
            hostname: s("R1"),
            model: s("x"),
            serial: None,
            version: s("1"),
            image: s("x"),
            mode: "install",
            uptime_minutes: 0,
            reason: None,
            memory: None,
            boot: Vec::new(),
            register: None,
            manual_boot: "yes",
            file_system: s("flash:"),
            total: 0,
            free: 0,
            files: BTreeMap::new(),
            unsaved: None,
            reload: None,
        })),
        Event::BackedUp(BackedUp {
            device: s("r1"),
            hostname: s("R1"),
            file: s("d/R1.cfg"),
            state: "changed",
            former: Some(s("d/R1.cfg.x")),
            added: Some(1),
            removed: Some(0),
        }),
        Event::BackedUp(BackedUp {
            device: s("r1"),
            hostname: s("R1"),
            file: s("d/R1.cfg"),
            state: "first",
            former: None,
            added: None,
            removed: None,
        }),
        Event::Planned(Box::new(Planned {
            device: s("r1"),
            image: s("a.bin"),
            state: "blocked",
            blocks: vec![s("room: expected 2, found 1")],
            actions: vec![s("reload: reload")],
            octets: 1,
            copy_seconds: 1,
            away_seconds: 1,
        })),
        Event::FtpExamined(FtpExamined {
            url: s("ftp://h/"),
            server: Some(s("127.0.0.1:21")),
            seconds: 0.5,
            greeting: Some(s("hi")),
            features: Some(s("MLST")),
            epsv: Some(s("works")),
            pasv: Some(s("works")),
            active: Some(s("500 no")),
            advertised: Some(s("127.0.0.1")),
            tls: Some(s("TLS 1.3")),
            versions: Some(s("TLS 1.2, TLS 1.3")),
            certificate: Some(s("00:FF")),
            resumes: Some("yes"),
            binds: Some("no"),
            close_notify: Some("yes"),
        }),
        Event::Failed { transfer: Some(3), exit: 5, thing: s("a"), what: s("b"), way_out: s("c") },
    ]
}

fn as_json(event: &Event) -> Value {
    serde_json::to_value(Line { v: VERSION, seq: 1, ts: timestamp(SystemTime::now()), event }).unwrap()
}

#[test]
fn every_event_is_in_the_table_with_its_fields_and_types() {
    let all = samples();
    for event in &all {
        let object = as_json(event);
        assert_eq!(faults(&object), Vec::<String>::new(), "{object}");
    }
    for row in EVENTS {
        let of_row: Vec<Value> = all.iter().map(as_json).filter(|o| o["event"] == row.event).collect();
        assert!(!of_row.is_empty(), "no sample of {}", row.event);
        for field in row.fields {
            let seen = of_row.iter().any(|o| o.get(field.name).is_some());
            assert!(seen, "{}.{} is documented and never printed", row.event, field.name);
        }
    }
}

#[test]
fn names_that_are_not_utf8_come_with_their_octets() {
    let object = serde_json::to_value(Name::new(b"/a\xff")).unwrap();
    assert_eq!(object["path"], "/a\\xff");
    assert_eq!(object["path_base64"], "L2H/");
    assert_eq!((base64(b"").as_str(), base64(b"f").as_str(), base64(b"fo").as_str()), ("", "Zg==", "Zm8="));
}

#[test]
fn timestamps_are_rfc_3339() {
    let at = UNIX_EPOCH + std::time::Duration::from_millis(1_709_210_096_007);
    assert_eq!(timestamp(at), "2024-02-29T12:34:56.007Z");
}
