//! The table of content types. What a browser would run is served as text; everything unknown is octets.

/// What most files here are: images of devices.
pub const OCTETS: &str = "application/octet-stream";
/// Text in whatever encoding its author used: no charset is claimed that nobody checked.
const TEXT: &str = "text/plain";

/// By extension, lower case.
const ROWS: &[(&str, &str)] = &[
    ("cfg", TEXT),
    ("conf", TEXT),
    ("csv", "text/csv"),
    ("gz", "application/gzip"),
    // Never text/html: what somebody uploaded is not to run in a browser under our name.
    ("htm", TEXT),
    ("html", TEXT),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("log", TEXT),
    ("md", TEXT),
    ("md5", TEXT),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("sha256", TEXT),
    ("sha512", TEXT),
    ("tar", "application/x-tar"),
    ("txt", TEXT),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// The type of a file by its name. `router-confg`, as IOS writes its configuration, is text.
pub fn of(name: &[u8]) -> &'static str {
    let Some(dot) = name.iter().rposition(|&b| b == b'.') else {
        return if name.ends_with(b"-confg") { TEXT } else { OCTETS };
    };
    let extension = &name[dot + 1..];
    ROWS.iter().find(|row| row.0.as_bytes().eq_ignore_ascii_case(extension)).map_or(OCTETS, |row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_8_3_images_are_octets_and_configurations_text() {
        assert_eq!(of(b"c2900-universalk9-mz.SPA.155-3.M4a.bin"), OCTETS);
        assert_eq!(of(b"router-confg"), TEXT);
        assert_eq!(of(b"site.CFG"), TEXT);
        assert_eq!(of(b"index.html"), TEXT);
        assert_eq!(of(b"README"), OCTETS);
        assert_eq!(of(b"a.tar.gz"), "application/gzip");
    }
}
