use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Who is at the other end of a unix socket, as the kernel noted it when the connection was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// Its process.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// Its group, and those it is in besides.
    pub groups: Vec<u32>,
}

/// The most groups that are asked for: the kernel's own limit (`NGROUPS_MAX`).
const GROUPS: usize = 65_536;

/// Who connected this unix stream socket (`SO_PEERCRED`, `SO_PEERGROUPS`).
pub fn caller(socket: impl AsFd) -> io::Result<Caller> {
    let peer = rustix::net::sockopt::socket_peercred(&socket)?;
    let mut groups = vec![peer.gid.as_raw()];
    groups.extend(supplementary(&socket)?);
    Ok(Caller { pid: peer.pid.as_raw_nonzero().get().unsigned_abs(), uid: peer.uid.as_raw(), groups })
}

/// The caller's supplementary groups. A kernel before 4.13 tells none.
fn supplementary(socket: &impl AsFd) -> io::Result<Vec<u32>> {
    let mut groups = vec![0u32; 64];
    loop {
        let mut octets = libc::socklen_t::try_from(size_of_val(groups.as_slice()))
            .expect("at most 4 octets for each of GROUPS");
        // SAFETY: the kernel writes at most `octets` octets into `groups`, which has so many, and nothing keeps
        // the pointers. Any bits are a u32.
        let result = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &mut octets,
            )
        };
        let error = (result < 0).then(io::Error::last_os_error);
        match error.as_ref().and_then(io::Error::raw_os_error) {
            None => {
                groups.truncate(octets as usize / size_of::<u32>());
                return Ok(groups);
            }
            // There are more of them.
            Some(libc::ERANGE) if groups.len() < GROUPS => groups.resize(GROUPS, 0),
            Some(libc::ENOPROTOOPT) => return Ok(Vec::new()),
            Some(_) => return Err(error.expect("it has a number")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn the_other_end_of_a_pair_is_this_process() {
        let (here, _there) = UnixStream::pair().unwrap();
        let caller = caller(&here).unwrap();
        assert_eq!(caller.pid, std::process::id());
        assert_eq!(caller.uid, rustix::process::geteuid().as_raw());
        let mut groups = vec![rustix::process::getegid().as_raw()];
        groups.extend(rustix::process::getgroups().unwrap().iter().map(|g| g.as_raw()));
        assert_eq!(caller.groups, groups);
    }
}
