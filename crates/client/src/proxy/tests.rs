use super::*;

fn octets(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).expect("hex")).collect()
}

fn proxy(url: &str) -> Proxy {
    url.parse().expect("a URL of a proxy")
}

fn words(url: &str, host: &str, port: u16) -> Words {
    proxy(url).words(Goal::new(host, port).expect("a goal"))
}

/// Says each answer in pieces of `len` octets; gives what was sent, and what was left of the last answer.
fn talk(mut words: Words, answers: &[&[u8]], len: usize) -> Result<(Vec<Vec<u8>>, Vec<u8>), ProxyFault> {
    let (mut sent, mut rest) = (Vec::new(), Vec::new());
    sent.extend(words.poll_transmit());
    for answer in answers {
        for piece in answer.chunks(len) {
            let taken = if words.is_through() { 0 } else { words.handle_input(piece)? };
            rest.extend_from_slice(&piece[taken..]);
        }
        sent.extend(words.poll_transmit());
    }
    assert!(words.is_through(), "it waits for more");
    Ok((sent, rest))
}

fn refused(words: Words, answers: &[&[u8]]) -> String {
    talk(words, answers, 1).map(|_| ()).expect_err("a refusal").to_string()
}

#[test]
fn socks_asks_for_a_name_an_address_of_v4_and_one_of_v6() {
    for (host, port, request) in [
        // VER CMD RSV ATYP, length and name or the address, port
        ("h.test", 21, "05 01 00 03  06 68 2e 74 65 73 74  00 15"),
        ("10.0.0.1", 2121, "05 01 00 01  0a 00 00 01  08 49"),
        ("2001:db8::1", 21, "05 01 00 04  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01  00 15"),
    ] {
        for len in [1, 3, 100] {
            let method = octets("05 00");
            // The server greets in the same segment.
            let mut reply = octets("05 00 00 01  00 00 00 00  00 00");
            reply.extend_from_slice(b"220 hi\r\n");
            let (sent, rest) = talk(words("socks5://p", host, port), &[&method, &reply], len).expect(host);
            assert_eq!(sent, [octets("05 01 00"), octets(request)], "{host}");
            assert_eq!(rest, b"220 hi\r\n", "{host} in pieces of {len}");
        }
    }
}

#[test]
fn socks_reads_each_kind_of_address_to_its_end() {
    for bound in [
        "01  0a 00 00 01  00 15",
        "03  00  00 15",
        "03  03 61 62 63  00 15",
        "04  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01  00 15",
    ] {
        let mut reply = octets(&format!("05 00 00 {bound}"));
        reply.push(b'2');
        let (_, rest) = talk(words("socks5://p", "h", 21), &[&octets("05 00"), &reply], 1).expect(bound);
        assert_eq!(rest, b"2", "{bound}");
    }
}

#[test]
fn socks_logs_in_only_where_it_is_asked_to() {
    let through = octets("05 00 00 01  00 00 00 00  00 00");
    let with = || words("socks5://bob:p%40ss@p", "h", 21);
    let (sent, _) = talk(with(), &[&octets("05 02"), &octets("01 00"), &through], 1).expect("it lets in");
    // VER, length and user, length and password
    let login = octets("01  03 62 6f 62  04 70 40 73 73");
    assert_eq!(sent[..2], [octets("05 02 00 02"), login]);
    let (sent, _) = talk(with(), &[&octets("05 00"), &through], 1).expect("it wants no login");
    assert_eq!(sent.len(), 2, "no login was sent");
}

#[test]
fn what_socks_refuses_says_whose_fault_it_is() {
    let plain = || words("socks5://p", "h", 21);
    let with = || words("socks5://u:p@p", "h", 21);
    let method = octets("05 00");
    let rows: [(Words, &[&[u8]], &str); 10] = [
        (plain(), &[&octets("05 ff")], "wants a login: it lets in nobody without"),
        (with(), &[&octets("05 ff")], "refuses the login: it takes no user and password"),
        (
            with(),
            &[&octets("05 02"), &octets("01 01")],
            "refuses the login: status 1; check user and password",
        ),
        (plain(), &[&octets("05 02")], "broke the protocol: it chose method 2, which was not offered"),
        (plain(), &[&method, &octets("05 02")], "refuses to connect to h:21: not allowed by its rules (2)"),
        (plain(), &[&method, &octets("05 05 00 00")], "cannot reach h:21: the connection was refused (5)"),
        (plain(), &[&method, &octets("05 04")], "cannot reach h:21: the host is unreachable (4)"),
        (plain(), &[&method, &octets("05 63")], "refuses to connect to h:21: reply 99"),
        (
            plain(),
            &[&method, &octets("05 00 00 09")],
            "broke the protocol: expected an address of kind 1, 3 or 4, found 9",
        ),
        (
            plain(),
            &[b"HTTP/1.0 400 Bad Request\r\n\r\n"],
            "broke the protocol: expected version 5 of SOCKS's words, found the octet 48",
        ),
    ];
    for (words, answers, text) in rows {
        assert_eq!(refused(words, answers), text);
    }
}

#[test]
fn connect_names_the_server_and_leaves_what_comes_behind_the_head() {
    let login = "Proxy-Authorization: Basic Ym9iOnBAc3M=\r\n";
    for (url, host, target, login) in [
        ("http://p", "h.test", "h.test:21", ""),
        ("http://bob:p%40ss@p", "10.0.0.1", "10.0.0.1:21", login),
        ("http://p", "2001:db8::1", "[2001:db8::1]:21", ""),
    ] {
        let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n");
        for answer in [
            &b"HTTP/1.0 200 Connection established\r\n\r\n220 hi\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nVia: x\r\n\r\n220 hi\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\n\r\n220 hi\r\n",
            b"HTTP/1.1 200 OK\nVia: x\n\n220 hi\r\n",
        ] {
            for len in [1, 7, 1_000] {
                let (sent, rest) = talk(words(url, host, 21), &[answer], len).expect(host);
                assert_eq!(sent, [request.as_bytes()]);
                assert_eq!(rest, b"220 hi\r\n", "{} in pieces of {len}", answer.escape_ascii());
            }
        }
    }
}

#[test]
fn what_connect_refuses_says_whose_fault_it_is() {
    for (url, answer, text) in [
        ("http://p", "HTTP/1.1 407 Log in\r\n\r\n", "wants a login: 407 Log in"),
        ("http://u:p@p", "HTTP/1.1 407 Log in\r\n\r\n", "refuses the login: 407 Log in"),
        ("http://p", "HTTP/1.1 403 No\r\nX: y\r\n\r\n", "refuses to connect to h:21: 403 No"),
        ("http://p", "HTTP/1.1 405\r\n\r\n", "refuses to connect to h:21: 405"),
        ("http://p", "HTTP/1.1 502 Bad Gateway\r\n\r\n", "cannot reach h:21: 502 Bad Gateway"),
        ("http://p", "HTTP/1.1 504 \x1b[31m\r\n\r\n", "cannot reach h:21: 504 ?[31m"),
        (
            "http://p",
            "HTTP/1.1 2xx\r\n\r\n",
            "broke the protocol: expected HTTP/1.1 and a status, found 'HTTP/1.1 2xx'",
        ),
        ("http://p", "SSH-2.0-x\r\n", "broke the protocol: expected HTTP/1.1 and a status, found 'S'"),
    ] {
        assert_eq!(refused(words(url, "h", 21), &[answer.as_bytes()]), text);
    }
}

#[test]
fn an_answer_of_connect_has_an_end_or_is_none() {
    let mut words = words("http://p", "h", 21);
    let mut answer = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    answer.resize(20_000, b'x');
    let fault = words.handle_input(&answer).expect_err("too long");
    assert_eq!(fault.to_string(), "broke the protocol: its answer has no end within 16384 octets");
}

#[test]
fn no_name_adds_a_line_or_overflows_an_octet() {
    for name in ["h\r\nX: y", "a b", "", "h\0", &"x".repeat(256)] {
        assert_eq!(Goal::new(name, 21), None, "{name:?}");
    }
    assert!(Goal::new(&"x".repeat(255), 21).is_some());
}

#[test]
fn a_url_of_a_proxy_is_shown_without_its_login() {
    for (text, shown) in [
        ("socks5://p", "socks5://p:1080"),
        ("SOCKS5h://p:9/", "socks5://p:9"),
        ("http://u:secret@p", "http://p:8080"),
        ("http://[::1]:3128", "http://[::1]:3128"),
    ] {
        assert_eq!((proxy(text).to_string(), format!("{:?}", proxy(text))), (shown.into(), shown.into()));
    }
    for (text, wrong) in [
        ("p:1080", BadProxy::Text),
        ("", BadProxy::Text),
        ("socks5://", BadProxy::Text),
        ("socks5://p:0", BadProxy::Text),
        ("http://p/path", BadProxy::Text),
        ("https://p", BadProxy::Kind),
        ("socks4://p", BadProxy::Kind),
        ("socks5://u@p", BadProxy::Login),
    ] {
        assert_eq!(text.parse::<Proxy>(), Err(wrong), "{text}");
    }
    let long = format!("socks5://{}:p@p", "u".repeat(256));
    assert_eq!(long.parse::<Proxy>(), Err(BadProxy::Login));
}

#[test]
fn hosts_are_excepted_as_curl_has_it() {
    let proxy = proxy("socks5://p").except("local, .example.com,10.0.0.0/8 192.168.1.1,2001:db8::/32");
    for (host, is_for) in [
        ("local", false),
        ("LOCAL.", false),
        ("a.local", false),
        ("notlocal", true),
        ("example.com", false),
        ("a.example.com", false),
        ("example.com.evil", true),
        ("10.1.2.3", false),
        ("11.1.2.3", true),
        ("192.168.1.1", false),
        ("192.168.1.10", true),
        ("2001:db8::7", false),
        ("2001:db9::7", true),
    ] {
        assert_eq!(proxy.is_for(host), is_for, "{host}");
    }
    assert!(!proxy.clone().except("*").is_for("x"));
    assert!(!proxy.clone().except("0.0.0.0/0").is_for("10.1.2.3"));
    assert!(proxy.except("10.0.0.0/x").is_for("10.0.0.0"));
}
