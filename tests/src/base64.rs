/// The line of a request's head that shows `user:password` (RFC 7617 §2).
pub fn basic(login: &str) -> String {
    format!("Authorization: Basic {}\r\n", base64(login.as_bytes()))
}

/// Octets as text (RFC 4648 §4).
fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, at: u32| char::from(DIGITS[(bits >> at & 63) as usize]);
    let four = |three: &[u8]| {
        let bits = three.iter().fold(0, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        let digits = [18, 12, 6, 0].map(|at| digit(bits, at));
        digits.iter().take(three.len() + 1).chain(['='; 3].iter().take(3 - three.len())).collect::<String>()
    };
    octets.chunks(3).map(four).collect()
}
