use crate::figures::grouped;
use device::Profile;
use std::net::Ipv4Addr;
use std::sync::Arc;

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
#[derive(Clone, Debug)]
pub struct Names {
    /// R1's model.
    pub profile: Arc<Profile>,
    /// What R1 runs at first, and what it is to run.
    pub versions: [String; 2],
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
    /// The lesson's.
    pub fn of_the_lesson(size: u64) -> Names {
        Names::of(device::C2911.clone(), [OLD_VERSION, NEW_VERSION].map(str::to_owned), size)
    }

    /// Those of a model and two versions of its images, which are no larger than the model's are: user and password
    /// are `cisco`.
    ///
    /// # Panics
    /// Where a version is none of the model's.
    pub fn of(profile: Arc<Profile>, versions: [String; 2], size: u64) -> Names {
        let file = |version: &str| {
            device::image::file_name(&profile, version).unwrap_or_else(|| panic!("{version}: no file name"))
        };
        Names {
            old: file(&versions[0]),
            new: file(&versions[1]),
            size: size.min(profile.image.size.get()),
            user: "cisco".into(),
            password: "cisco".into(),
            profile,
            versions,
        }
    }

    /// `text` with the names in it.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{old}", &self.old)
            .replace("{new}", &self.new)
            .replace("{size}", &grouped(self.size))
            .replace("{old-version}", &self.versions[0])
            .replace("{new-version}", &self.versions[1])
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
