//! Every seed of `fuzz/corpus` through the function that its fuzz target calls.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A corpus and its function: the same that `fuzz/fuzz_targets/NAME.rs` calls.
type Row = (&'static str, fn(&[u8]));

const TARGETS: &[Row] = &[
    ("tftp_packet", tftp_proto::fuzz::tftp_packet),
    ("tftp_machines", tftp_proto::fuzz::tftp_machines),
    ("tftp_pair", tftp_proto::fuzz::tftp_pair),
    ("tftp_names", serve::fuzz::tftp_names),
    ("ftp_command_line", ftp_proto::fuzz::ftp_command_line),
    ("ftp_proxy_header", ftp_proto::fuzz::ftp_proxy_header),
    ("ftp_reply", ftp_proto::fuzz::ftp_reply),
    ("ftp_list", ftp_proto::fuzz::ftp_list),
    ("ftp_form", ftp_proto::fuzz::ftp_form),
    ("http_request", http_proto::fuzz::http_request),
    ("sftp_request", sftp_proto::fuzz::sftp_request),
    ("sftp_reply", sftp_proto::fuzz::sftp_reply),
    ("sftp_server", sftp_proto::fuzz::sftp_server),
    ("sftp_client", sftp_proto::fuzz::sftp_client),
    ("scp_exec", sftp_proto::fuzz::scp_exec),
    ("scp_sink", sftp_proto::fuzz::scp_sink),
    ("scp_source", sftp_proto::fuzz::scp_source),
    ("authorized_keys", gate::fuzz::authorized_keys),
    ("ssh_hello", transport::fuzz::ssh_hello),
    ("telnet_stream", telnet_proto::fuzz::telnet_stream),
    ("ios_line", ios_cli::fuzz::ios_line),
    ("ios_text", ios_cli::fuzz::ios_text),
    ("ios_tcl", ios_cli::fuzz::tcl),
    ("ios_configuration", device::fuzz::ios_configuration),
];

/// Fewer seeds than this is not a corpus.
const FEWEST: usize = 12;

fn names(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir)
        .expect("the directory is there")
        .map(|e| e.expect("an entry").path())
        .filter_map(|p| Some(p.file_stem()?.to_str()?.to_owned()))
        .filter(|n| !n.starts_with('.'))
        .collect()
}

#[test]
fn every_seed_passes() {
    for (name, function) in TARGETS {
        let dir = e2e::root().join("fuzz/corpus").join(name);
        let mut count = 0;
        for entry in fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
            let path = entry.expect("an entry").path();
            // The name is printed: libtest shows it when the seed fails.
            println!("{}", path.display());
            let seed = fs::read(&path).expect("a seed is a file");
            function(&seed);
            // Cut short: a datagram or a line may end anywhere.
            for cut in [seed.len() / 3, seed.len() / 2, seed.len().saturating_sub(1)] {
                function(&seed[..cut]);
            }
            count += 1;
        }
        assert!(count >= FEWEST, "{} has {count} seeds, at least {FEWEST}", dir.display());
    }
}

#[test]
fn targets_corpora_and_this_table_name_the_same() {
    let here: BTreeSet<String> = TARGETS.iter().map(|(n, _)| (*n).to_owned()).collect();
    let fuzz = e2e::root().join("fuzz");
    assert_eq!(names(&fuzz.join("corpus")), here, "fuzz/corpus");
    assert_eq!(names(&fuzz.join("fuzz_targets")), here, "fuzz/fuzz_targets");
    let manifest: toml::Table =
        fs::read_to_string(fuzz.join("Cargo.toml")).expect("fuzz/Cargo.toml").parse().expect("TOML");
    let bins: BTreeSet<String> = manifest["bin"]
        .as_array()
        .expect("[[bin]] tables")
        .iter()
        .map(|b| b["name"].as_str().expect("a name").to_owned())
        .collect();
    assert_eq!(bins, here, "[[bin]] in fuzz/Cargo.toml");
}
