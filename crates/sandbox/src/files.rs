//! Landlock: files below the plan's directories only, TCP as the plan says, no signals to others.

use crate::{Files, Plan, Tcp};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, NetPort,
    PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope,
};
use std::path::Path;

/// What is restricted: everything that this version knows. An older kernel restricts what it knows of it.
const KNOWN: ABI = ABI::V7;

/// Reading. Not running: no program below a served directory is ever started.
fn reading() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir
}

/// Reading and what uploads, removals and renames need. No device, socket or pipe is ever made.
fn writing() -> BitFlags<AccessFs> {
    reading()
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::MakeSym
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer
}

/// Rights that a file alone can have; a directory's rights on a file are an error of the kernel's.
fn of_files() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate
}

/// Restricts this thread and those that it starts.
pub(crate) fn restrict(plan: &Plan) -> Result<Files, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::BindTcp)?
        // Signals and abstract sockets end at the sandbox's wall.
        .scope(Scope::from_all(KNOWN))?;
    if !matches!(plan.tcp, Tcp::Own { connect: true, .. }) {
        ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
    }
    let mut created = ruleset.create()?;
    for (paths, rights) in [(&plan.reads, reading()), (&plan.writes, writing())] {
        for path in paths {
            // What is not there now is not served: its rule would need its inode.
            let Some((fd, rights)) = opened(path, rights) else { continue };
            created = created.add_rule(PathBeneath::new(fd, rights))?;
        }
    }
    if let Tcp::Own { listen, .. } = &plan.tcp {
        for port in listen {
            created = created.add_rule(NetPort::new(*port, AccessNet::BindTcp))?;
        }
    }
    Ok(match created.restrict_self()?.landlock {
        LandlockStatus::NotEnabled => Files::NotEnabled,
        LandlockStatus::NotImplemented => Files::NotImplemented,
        LandlockStatus::Available { effective_abi, kernel_abi } => {
            let version = kernel_abi.unwrap_or(effective_abi as i32);
            Files::Landlock { version: u32::try_from(version).unwrap_or(0) }
        }
    })
}

fn opened(path: &Path, rights: BitFlags<AccessFs>) -> Option<(PathFd, BitFlags<AccessFs>)> {
    let fd = PathFd::new(path).ok()?;
    let is_dir = path.is_dir();
    Some((fd, if is_dir { rights } else { rights & of_files() }))
}
