//! `towline copy` against other people's TFTP servers.

use e2e::content::{ROLLOVER, SIZES};
use e2e::servers::{atftpd, tftpd_hpa};

#[test]
fn gets_from_tftpd_hpa() {
    let Some(server) = tftpd_hpa(e2e::scratch()) else { return };
    server.gets(
        "tftp get blksize 512",
        &["--blksize", "512", "--windowsize", "1"],
        &[SIZES, &[ROLLOVER]].concat(),
    );
    server.gets("tftp get", &[], SIZES);
}

#[test]
fn puts_to_tftpd_hpa() {
    let Some(server) = tftpd_hpa(e2e::scratch()) else { return };
    server.puts("tftp put", &[], SIZES);
    server.puts("tftp put blksize 512", &["--blksize", "512", "--windowsize", "1"], &[ROLLOVER]);
}

#[test]
fn gets_from_atftpd() {
    let Some(server) = atftpd(e2e::scratch()) else { return };
    server.gets("tftp get", &[], &[SIZES, &[ROLLOVER]].concat());
    server.gets("tftp get windowsize 16", &["--blksize", "1428", "--windowsize", "16"], SIZES);
}

#[test]
fn puts_to_atftpd() {
    let Some(server) = atftpd(e2e::scratch()) else { return };
    server.puts("tftp put", &[], &[SIZES, &[ROLLOVER]].concat());
}
