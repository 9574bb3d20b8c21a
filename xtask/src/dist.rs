use crate::house::{cargo, must, output, root, target};
use anyhow::{Context, Result, bail};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's names of the processors that we build for.
const ARCHITECTURES: &[(&str, &str)] = &[("x86_64", "amd64"), ("aarch64", "arm64")];

/// Where manual pages are.
const MANUAL: &str = "usr/share/man/man1";

/// What a file of a package is, where it is installed, and its mode.
struct Piece {
    content: Vec<u8>,
    at: String,
    mode: u32,
}

/// `cargo xtask dist [--program FILE]`: a .deb, a tarball and a Containerfile in `target/dist`.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let program = match arguments {
        [] => {
            must(cargo().args(["build", "--locked", "--release", "--bin", "towline"]))?;
            target().join("release/towline")
        }
        // The tests have one already.
        [flag, file] if flag == "--program" => PathBuf::from(file),
        _ => bail!("usage: cargo xtask dist [--program FILE]"),
    };
    let out = target().join("dist");
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let version = output(Command::new(&program).arg("--version"))?;
    let version = version.split_whitespace().nth(1).context("towline --version says no version")?.to_owned();
    let arch = ARCHITECTURES.iter().find(|row| row.0 == std::env::consts::ARCH);
    let arch = arch.context("no Debian architecture for this processor in xtask/src/dist.rs")?.1;
    let pieces = pieces(&program)?;
    let deb = debian(&out, &version, arch, &pieces)?;
    let tarball = tarball(&out, &version, arch, &pieces)?;
    fs::copy(root().join("packaging/Containerfile"), out.join("Containerfile"))?;
    for made in [deb, tarball, out.join("Containerfile")] {
        println!("dist: {} ({} KiB)", made.display(), fs::metadata(&made)?.len() / 1_024);
    }
    Ok(())
}

/// Everything that is installed.
fn pieces(program: &Path) -> Result<Vec<Piece>> {
    let file = |from: &str, at: &str| -> Result<Piece> {
        let content = fs::read(root().join(from)).with_context(|| from.to_owned())?;
        Ok(Piece { content, at: at.into(), mode: 0o644 })
    };
    let mut all = vec![
        Piece { mode: 0o755, at: "usr/bin/towline".into(), content: fs::read(program)? },
        file("packaging/towline.service", "lib/systemd/system/towline.service")?,
        file("packaging/towline-tftp.socket", "lib/systemd/system/towline-tftp.socket")?,
        file("packaging/towline-ftp.socket", "lib/systemd/system/towline-ftp.socket")?,
        file("packaging/towline-http.socket", "lib/systemd/system/towline-http.socket")?,
        file("packaging/towline-https.socket", "lib/systemd/system/towline-https.socket")?,
        file("packaging/towline.toml", "etc/towline/towline.toml")?,
        file("README.md", "usr/share/doc/towline/README.md")?,
        file("CHANGELOG.md", "usr/share/doc/towline/CHANGELOG.md")?,
        file("LICENSE-MIT", "usr/share/doc/towline/LICENSE-MIT")?,
        file("LICENSE-APACHE", "usr/share/doc/towline/LICENSE-APACHE")?,
    ];
    for (shell, at) in [
        ("bash", "usr/share/bash-completion/completions/towline"),
        ("zsh", "usr/share/zsh/vendor-completions/_towline"),
        ("fish", "usr/share/fish/vendor_completions.d/towline.fish"),
    ] {
        let content = output(Command::new(program).args(["completions", shell]))?.into_bytes();
        all.push(Piece { content, at: at.into(), mode: 0o644 });
    }
    let pages = target().join("dist/man");
    must(Command::new(program).arg("man").arg(&pages))?;
    for page in fs::read_dir(&pages)? {
        let page = page?;
        let at = format!("{MANUAL}/{}", page.file_name().to_string_lossy());
        all.push(Piece { content: fs::read(page.path())?, at, mode: 0o644 });
    }
    fs::remove_dir_all(&pages)?;
    Ok(all)
}

fn lay(pieces: &[Piece], below: &Path) -> Result<()> {
    for piece in pieces {
        let path = below.join(&piece.at);
        fs::create_dir_all(path.parent().context("a piece has a directory")?)?;
        fs::write(&path, &piece.content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(piece.mode))?;
    }
    Ok(())
}

/// By `dpkg-deb`, which every Debian has and which knows the format best.
fn debian(out: &Path, version: &str, arch: &str, pieces: &[Piece]) -> Result<PathBuf> {
    let tree = out.join("deb");
    lay(pieces, &tree)?;
    // As Debian has them: the manual and the changes compressed, without a time.
    for piece in pieces.iter().filter(|p| p.at.starts_with(MANUAL) || p.at.ends_with("CHANGELOG.md")) {
        must(Command::new("gzip").args(["-9n"]).arg(tree.join(&piece.at)))?;
    }
    let control = tree.join("DEBIAN");
    fs::create_dir_all(&control)?;
    fs::set_permissions(&control, fs::Permissions::from_mode(0o755))?;
    let size: usize = pieces.iter().map(|p| p.content.len()).sum();
    fs::write(
        control.join("control"),
        format!(
            "Package: towline\nVersion: {version}\nArchitecture: {arch}\nSection: net\nPriority: optional\n\
             Maintainer: towline's maintainers <towline@localhost>\nInstalled-Size: {}\n\
             Depends: libc6 (>= 2.34), adduser\nRecommends: systemd\n\
             Description: moves files between people, servers and network devices\n\
             \x20TFTP and FTP servers and clients, an emulated device, a lab. As a service it serves\n\
             \x20/srv/towline as the user towline, in a sandbox.\n",
            size / 1_024
        ),
    )?;
    fs::write(control.join("conffiles"), "/etc/towline/towline.toml\n")?;
    for script in ["postinst", "prerm", "postrm"] {
        let path = control.join(script);
        fs::copy(root().join("packaging").join(script), &path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    let deb = out.join(format!("towline_{version}_{arch}.deb"));
    must(Command::new("dpkg-deb").args(["--root-owner-group", "-Zgzip", "--build"]).arg(&tree).arg(&deb))?;
    fs::remove_dir_all(&tree)?;
    Ok(deb)
}

fn tarball(out: &Path, version: &str, arch: &str, pieces: &[Piece]) -> Result<PathBuf> {
    let name = format!("towline-{version}-{arch}");
    let tree = out.join(&name);
    for piece in pieces {
        let at = match piece.at.strip_prefix("usr/") {
            Some(below) => below.to_owned(),
            None => format!("share/towline/{}", piece.at.rsplit('/').next().unwrap_or(&piece.at)),
        };
        lay(&[Piece { content: piece.content.clone(), at, mode: piece.mode }], &tree)?;
    }
    let made = out.join(format!("{name}.tar.gz"));
    must(
        Command::new("tar")
            .args(["--owner=0", "--group=0", "--sort=name", "-czf"])
            .arg(&made)
            .arg("-C")
            .arg(out)
            .arg(&name),
    )?;
    fs::remove_dir_all(&tree)?;
    Ok(made)
}
