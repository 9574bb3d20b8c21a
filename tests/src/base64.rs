/// Octets as text (RFC 4648 §4): what `Authorization: Basic` has.
pub fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32, at: u32| char::from(DIGITS[(bits >> at & 63) as usize]);
    let four = |three: &[u8]| {
        let bits = three.iter().fold(0, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        let digits = [18, 12, 6, 0].map(|at| digit(bits, at));
        digits.iter().take(three.len() + 1).chain(['='; 3].iter().take(3 - three.len())).collect::<String>()
    };
    octets.chunks(3).map(four).collect()
}
