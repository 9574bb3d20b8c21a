//! `towline copy` against other people's TFTP servers: identical octets, both directions.

use e2e::battery::Server;
use e2e::content::{Kind, ROLLOVER, SIZES, TEXTS};
use e2e::tftp_servers::{Place, atftpd, dnsmasq, net_tftpd, partftpy, py3tftp, tftpd_hpa, tftpd_rs, tftpy};

/// One block after the other, no options: what the oldest devices speak.
const PLAIN: &[&str] = &["--blksize", "512", "--windowsize", "1"];
const WINDOW: &[&str] = &["--blksize", "1428", "--windowsize", "16"];
/// Some sizes, for what differs from the whole battery in one thing only.
const FEW: &[u64] = &[0, 513, 65_536];

/// Past block 65,535. Most of these take seconds to minutes, so `cargo xtask soak` carries them.
fn rollover() -> &'static [u64] {
    if e2e::is_soak() { &[ROLLOVER] } else { &[] }
}

#[test]
fn gets_from_tftpd_hpa() {
    let Some(server) = tftpd_hpa(e2e::scratch(), Place::Ipv4) else { return };
    server.gets("tftp get blksize 512", PLAIN, &[SIZES, &[ROLLOVER]].concat());
    server.gets("tftp get", &[], SIZES);
    server.gets_of("tftp get netascii", &[], Kind::LinesWithCr, TEXTS);
}

#[test]
fn puts_to_tftpd_hpa() {
    let Some(server) = tftpd_hpa(e2e::scratch(), Place::Ipv4) else { return };
    server.puts("tftp put", &[], SIZES);
    server.puts("tftp put blksize 512", PLAIN, &[ROLLOVER]);
    server.puts_of("tftp put netascii", &[], Kind::LinesWithCr, TEXTS);
}

#[test]
fn tftpd_hpa_over_ipv6() {
    let Some(server) = tftpd_hpa(e2e::scratch(), Place::Ipv6) else { return };
    server.gets("tftp get ::1", &[], FEW);
    server.puts("tftp put ::1", &[], FEW);
}

#[test]
fn tftpd_hpa_in_its_chroot_on_port_69() {
    let Some(server) = tftpd_hpa(e2e::scratch(), Place::Inside) else { return };
    server.gets("tftp get port 69", &[], FEW);
    server.puts("tftp put port 69", &[], FEW);
}

#[test]
fn gets_from_atftpd() {
    let Some(server) = atftpd(e2e::scratch(), Place::Ipv4) else { return };
    server.gets("tftp get", &[], &[SIZES, &[ROLLOVER]].concat());
    server.gets("tftp get windowsize 16", WINDOW, SIZES);
    server.gets_of("tftp get netascii", &[], Kind::Lines, TEXTS);
}

#[test]
fn puts_to_atftpd() {
    let Some(server) = atftpd(e2e::scratch(), Place::Ipv4) else { return };
    server.puts("tftp put", &[], &[SIZES, &[ROLLOVER]].concat());
    server.puts("tftp put windowsize 16", WINDOW, SIZES);
    server.puts_of("tftp put netascii", &[], Kind::Lines, TEXTS);
}

#[test]
fn gets_from_dnsmasq() {
    let Some(server) = dnsmasq(e2e::scratch(), false) else { return };
    server.gets("tftp get", &[], SIZES);
    server.gets("tftp get blksize 512", PLAIN, &[FEW, rollover()].concat());
    // It leaves a single CR alone where RFC 764 wants CR NUL.
    server.gets_of("tftp get netascii", &[], Kind::Lines, TEXTS);
}

#[test]
fn gets_from_dnsmasq_on_a_single_port() {
    let Some(server) = dnsmasq(e2e::scratch(), true) else { return };
    server.gets("tftp get single port", &[], SIZES);
}

#[test]
fn gets_from_tftpy() {
    let Some(server) = tftpy(e2e::scratch()) else { return };
    gets_and_puts(&server, rollover());
}

#[test]
fn partftpy_both_ways() {
    let Some(server) = partftpy(e2e::scratch(), Place::Ipv4) else { return };
    gets_and_puts(&server, rollover());
}

#[test]
fn partftpy_over_ipv6() {
    let Some(server) = partftpy(e2e::scratch(), Place::Ipv6) else { return };
    server.gets("tftp get ::1", &[], FEW);
    server.puts("tftp put ::1", &[], FEW);
}

#[test]
fn py3tftp_both_ways() {
    let Some(server) = py3tftp(e2e::scratch()) else { return };
    gets_and_puts(&server, rollover());
}

#[test]
fn net_tftpd_both_ways() {
    let Some(server) = net_tftpd(e2e::scratch()) else { return };
    // An upload past block 65,535 loses a block there: it takes block 0 for ACK 0's and drops it.
    gets_and_puts(&server, &[]);
}

#[test]
fn tftpd_of_crates_io_both_ways() {
    let Some(server) = tftpd_rs(e2e::scratch(), Place::Ipv4, false) else { return };
    gets_and_puts(&server, rollover());
    server.gets("tftp get windowsize 16", WINDOW, SIZES);
    server.puts("tftp put windowsize 16", WINDOW, SIZES);
}

#[test]
fn tftpd_of_crates_io_on_a_single_port() {
    let Some(server) = tftpd_rs(e2e::scratch(), Place::Ipv4, true) else { return };
    server.gets("tftp get single port", &[], SIZES);
    server.puts("tftp put single port", &[], SIZES);
}

#[test]
fn tftpd_of_crates_io_over_ipv6() {
    let Some(server) = tftpd_rs(e2e::scratch(), Place::Ipv6, false) else { return };
    server.gets("tftp get ::1", &[], FEW);
    server.puts("tftp put ::1", &[], FEW);
}

fn gets_and_puts(server: &Server, past: &[u64]) {
    server.gets("tftp get", &[], SIZES);
    server.puts("tftp put", &[], SIZES);
    // Not 512, which is no option: with tsize alone tftpy and partftpy answer a blksize that was not asked for
    // (RFC 2347: ERROR 8), and Net::TFTPd dies of an upload whose options it takes none of.
    let lock_step = &["--blksize", "511", "--windowsize", "1"];
    server.gets("tftp get blksize 511", lock_step, &[FEW, rollover()].concat());
    server.puts("tftp put blksize 511", lock_step, &[FEW, past].concat());
}
