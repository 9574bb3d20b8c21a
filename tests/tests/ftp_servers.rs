//! `towline copy` against other people's FTP servers.

use e2e::battery::Server;
use e2e::content::{ROLLOVER, SIZES};
use e2e::servers::{pyftpdlib, vsftpd};

fn gets(server: &Server) {
    server.gets("ftp get passive", &["--passive"], &[SIZES, &[ROLLOVER]].concat());
    server.gets("ftp get active", &["--active"], SIZES);
}

fn puts(server: &Server) {
    server.puts("ftp put passive", &["--passive"], &[SIZES, &[ROLLOVER]].concat());
    server.puts("ftp put active", &["--active"], SIZES);
}

#[test]
fn gets_from_vsftpd() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        gets(&server);
    }
}

#[test]
fn puts_to_vsftpd() {
    if let Some(server) = vsftpd(e2e::scratch()) {
        puts(&server);
    }
}

#[test]
fn gets_from_pyftpdlib() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        gets(&server);
    }
}

#[test]
fn puts_to_pyftpdlib() {
    if let Some(server) = pyftpdlib(e2e::scratch()) {
        puts(&server);
    }
}
