use crate::figures::grouped;
use std::net::Ipv4Addr;

/// The server of the lab as R1 knows it.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
/// R1's own address, on GigabitEthernet0/0.
pub const ROUTER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
/// What R1 runs at first.
pub const OLD_VERSION: &str = "15.1(4)M4";
/// What it is to run.
pub const NEW_VERSION: &str = "15.5(3)M4a";

/// The names of one lab: what `{old}`, `{new}`, `{size}`, `{server}`, `{user}` and `{password}` stand
/// for in the lesson's texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    /// The image in R1's flash at first.
    pub old: String,
    /// The image on the server.
    pub new: String,
    /// Octets of each.
    pub size: u64,
    /// The FTP user.
    pub user: String,
    /// The FTP user's password.
    pub password: String,
}

impl Names {
    /// The lesson's: user and password are `cisco`.
    pub fn of_the_lesson(size: u64) -> Names {
        let file = |version| {
            device::image::file_name(&device::C2911, version).expect("the lesson's versions have file names")
        };
        Names {
            old: file(OLD_VERSION),
            new: file(NEW_VERSION),
            size,
            user: "cisco".into(),
            password: "cisco".into(),
        }
    }

    /// `text` with the names in it.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{old}", &self.old)
            .replace("{new}", &self.new)
            .replace("{size}", &grouped(self.size))
            .replace("{old-version}", OLD_VERSION)
            .replace("{new-version}", NEW_VERSION)
            .replace("{server}", &SERVER.to_string())
            .replace("{user}", &self.user)
            .replace("{password}", &self.password)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lessons_files_have_cisco_names() {
        let names = Names::of_the_lesson(1);
        assert_eq!(
            names.fill("{old} {new} {server}"),
            "c2900-universalk9-mz.SPA.151-4.M4.bin c2900-universalk9-mz.SPA.155-3.M4a.bin 10.0.0.1"
        );
    }
}
