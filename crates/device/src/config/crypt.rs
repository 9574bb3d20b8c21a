//! Passwords as IOS keeps them: type 5 (`$1$salt$hash`, the MD5 scheme of crypt(3)) and type 7
//! (an obfuscation that anybody can undo, so it is undone here where a client needs the password).

use md5::{Digest, Md5};

const ITOA64: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// `$1$salt$hash` of `password` with a random salt of four characters, as IOS makes them.
pub(crate) fn type5(password: &str) -> String {
    let mut n = getrandom::u32().expect("the system has a random source");
    let mut salt = String::with_capacity(4);
    for _ in 0..4 {
        salt.push(char::from(ITOA64[(n % 64) as usize]));
        n /= 64;
    }
    md5_crypt(password.as_bytes(), salt.as_bytes())
}

/// Whether `password` has this `$1$salt$hash`.
pub(crate) fn matches_type5(password: &str, hash: &str) -> bool {
    let Some((salt, _)) = hash.strip_prefix("$1$").and_then(|r| r.split_once('$')) else {
        return false;
    };
    let computed = md5_crypt(password.as_bytes(), salt.as_bytes());
    // Every octet is looked at, whichever differs first.
    computed.len() == hash.len() && computed.bytes().zip(hash.bytes()).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

/// MD5 crypt: 1,000 rounds; salt of at most eight octets.
fn md5_crypt(password: &[u8], salt: &[u8]) -> String {
    let salt = &salt[..salt.len().min(8)];
    let mut alternate = Md5::new();
    alternate.update(password);
    alternate.update(salt);
    alternate.update(password);
    let alternate = alternate.finalize();

    let mut first = Md5::new();
    first.update(password);
    first.update(b"$1$");
    first.update(salt);
    let mut left = password.len();
    while left > 0 {
        let n = left.min(16);
        first.update(&alternate[..n]);
        left -= n;
    }
    let mut n = password.len();
    while n > 0 {
        // The odd rule of the scheme: a zero octet for each set bit, else the first octet.
        first.update(if n & 1 == 1 { &[0][..] } else { &password[..1] });
        n >>= 1;
    }
    let mut sum = first.finalize();
    for round in 0..1_000 {
        let mut h = Md5::new();
        if round % 2 == 1 {
            h.update(password);
        } else {
            h.update(&sum[..]);
        }
        if round % 3 != 0 {
            h.update(salt);
        }
        if round % 7 != 0 {
            h.update(password);
        }
        if round % 2 == 1 {
            h.update(&sum[..]);
        } else {
            h.update(password);
        }
        sum = h.finalize();
    }
    let mut out = format!("$1${}$", String::from_utf8_lossy(salt));
    let mut group = |a: usize, b: usize, c: usize| {
        let mut v = u32::from(sum[a]) << 16 | u32::from(sum[b]) << 8 | u32::from(sum[c]);
        for _ in 0..4 {
            out.push(char::from(ITOA64[(v & 63) as usize]));
            v >>= 6;
        }
    };
    group(0, 6, 12);
    group(1, 7, 13);
    group(2, 8, 14);
    group(3, 9, 15);
    group(4, 10, 5);
    let last = sum[11];
    out.push(char::from(ITOA64[usize::from(last & 63)]));
    out.push(char::from(ITOA64[usize::from(last >> 6)]));
    out
}

/// The clear text of a type 7 password; `None` where it is not one.
pub(crate) fn open_type7(text: &str) -> Option<String> {
    const KEY: &[u8] = b"dsfd;kfoA,.iyewrkldJKDHSUBsgvca69834ncxv9873254k;fg87";
    let seed: usize = text.get(..2)?.parse().ok()?;
    let octets = text.get(2..)?.as_bytes().chunks(2).enumerate().map(|(i, pair)| {
        let pair = std::str::from_utf8(pair).ok().filter(|p| p.len() == 2)?;
        Some(u8::from_str_radix(pair, 16).ok()? ^ KEY[(seed + i) % KEY.len()])
    });
    String::from_utf8(octets.collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_5_agrees_with_openssl() {
        // openssl passwd -1 -salt SALT PASSWORD
        assert_eq!(md5_crypt(b"ccna", b"abcd"), TYPE5_CCNA);
        assert_eq!(md5_crypt(b"a much longer password, 40 octets of it", b"12345678"), TYPE5_LONG);
        assert_eq!(md5_crypt(b"", b"abcd"), TYPE5_EMPTY);
        assert!(matches_type5("ccna", TYPE5_CCNA));
        assert!(!matches_type5("CCNA", TYPE5_CCNA));
        assert!(!matches_type5("ccna", "ccna"));
        assert!(matches_type5("x?y", &type5("x?y")));
    }

    #[test]
    fn type_7_is_undone() {
        assert_eq!(open_type7("0822455D0A16").as_deref(), Some("cisco"));
        assert_eq!(open_type7("zz"), None);
        assert_eq!(open_type7("0"), None);
        assert_eq!(open_type7("08224"), None);
    }

    const TYPE5_CCNA: &str = "$1$abcd$lxc8D9L6TBVQPYOb00gWG1";
    const TYPE5_LONG: &str = "$1$12345678$JuRsGTTcWVVDRctL.qTnu.";
    const TYPE5_EMPTY: &str = "$1$abcd$CwbBDotm4UoKv5fATTtzT.";
}
