//! What a fuzzer calls: it must not panic, and what comes out must keep its promises.

use crate::tftp::names::client::{Client, Macs};
use crate::tftp::names::remap::Rules;
use crate::tftp::names::{Op, dry_run, without_junk};
use gate::UploadRule;
use gate::store::{MAX_PATH, VPath};

/// The octets up to the first NUL are name rules, those up to the next a row of `--upload`; the rest is the
/// name of a request.
pub fn tftp_names(data: &[u8]) {
    let mut parts = data.splitn(3, |&b| b == 0);
    let (rules, row, name) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
    let mut used = Rules::default();
    if let Some(text) = rules.and_then(|r| std::str::from_utf8(r).ok())
        && let Err(bad) = used.add("rules", text)
    {
        // A picture of whatever is wrong: two lines, the marks under the first.
        assert_eq!(bad.picture().lines().count(), 2, "{bad}");
        assert!(!bad.to_string().is_empty() && !bad.way_out.is_empty(), "{bad}");
    }
    let row = row.and_then(|r| std::str::from_utf8(r).ok()?.parse::<UploadRule>().ok());
    for (address, known) in
        [("10.1.2.3", Macs::Nowhere), ("2001:db8::7", Macs::Said([0, 0x1c, 0x73, 1, 2, 3]))]
    {
        let address = address.parse().expect("a constant");
        let client = Client::new(address, address, known);
        for op in [Op::Read, Op::Write] {
            let Ok(path) = dry_run(&used, name, op, &client, &|_| true, &mut |_| {}) else { continue };
            // Below the root, whatever rules and name said.
            assert!(!path.is_root() && path.as_bytes().len() <= MAX_PATH, "{path}");
            assert!(path.components().all(|c| c != b".." && c != b"." && !c.contains(&0)), "{path}");
            assert_eq!(VPath::parse(path.as_bytes()).as_ref(), Ok(&path), "{path} is a path that was parsed");
            if let Some(row) = &row {
                let _ = gate::Uploads(vec![row.clone()]).of(&path);
            }
        }
    }
    assert!(without_junk(name).is_none_or(|clean| name.starts_with(clean) && clean.len() < name.len()));
}
