use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Octets of a message; less than the send buffer that a socket has by default (208 KiB).
const LONGEST: usize = 160 << 10;
/// Descriptors of a message.
const DESCRIPTORS: usize = 64;

/// One end of a pair of processes that send each other messages and descriptors.
///
/// A message is there whole or not at all, and several threads may send. Who reads: one thread.
#[derive(Debug)]
pub struct Channel(OwnedFd);

/// A message.
#[derive(Debug)]
pub struct Message {
    /// What it says.
    pub octets: Vec<u8>,
    /// The descriptors that came with it, close-on-exec; those are missing for which this process had no place left.
    pub descriptors: Vec<OwnedFd>,
}

impl Channel {
    /// Both ends.
    pub fn pair() -> io::Result<(Channel, Channel)> {
        let (a, b) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Channel(a), Channel(b)))
    }

    /// The end that was inherited as `descriptor`; an error where that is none.
    pub fn inherited(descriptor: OwnedFd) -> io::Result<Channel> {
        if rustix::net::sockopt::socket_type(&descriptor)? != SocketType::SEQPACKET {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a socket of that kind"));
        }
        Ok(Channel(descriptor))
    }

    /// Sends a message; waits while the other end is slow. `BrokenPipe`: it is gone.
    pub fn send(&self, octets: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        if octets.len() > LONGEST || descriptors.len() > DESCRIPTORS || octets.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no message is of that size"));
        }
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            ancillary.push(SendAncillaryMessage::ScmRights(descriptors));
        }
        loop {
            match sendmsg(&self.0, &[IoSlice::new(octets)], &mut ancillary, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// The next message; `None`: the other end is gone.
    pub fn receive(&self) -> io::Result<Option<Message>> {
        let mut octets = vec![0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let got = loop {
            let mut parts = [IoSliceMut::new(&mut octets)];
            match recvmsg(&self.0, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
                Ok(got) => break got,
                Err(Errno::INTR) => {}
                // It was killed with something of ours unread.
                Err(Errno::CONNRESET) => return Ok(None),
                Err(e) => return Err(e.into()),
            }
        };
        let mut descriptors = Vec::new();
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                descriptors.extend(rights);
            }
        }
        // CTRUNC is no fault of the message: this process may have no more descriptors open.
        if got.flags.contains(ReturnFlags::TRUNC) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a message came cut off"));
        }
        octets.truncate(got.bytes);
        // A message is never empty: this is the end.
        Ok((got.bytes > 0).then_some(Message { octets, descriptors }))
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn messages_arrive_whole_with_their_descriptors_and_then_the_end() {
        let (here, there) = Channel::pair().unwrap();
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        here.send(b"one", &[]).unwrap();
        here.send(&vec![7; LONGEST], &[writer.as_fd(), reader.as_fd()]).unwrap();
        let one = there.receive().unwrap().unwrap();
        assert_eq!((&one.octets[..], one.descriptors.len()), (&b"one"[..], 0));
        let two = there.receive().unwrap().unwrap();
        assert_eq!((two.octets.len(), two.descriptors.len()), (LONGEST, 2));
        for fd in &two.descriptors {
            assert!(rustix::io::fcntl_getfd(fd).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        }
        let mut theirs = std::fs::File::from(two.descriptors.into_iter().next().unwrap());
        theirs.write_all(b"x").unwrap();
        writer.write_all(b"y").unwrap();
        drop((theirs, writer));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        assert_eq!(text, "xy");
        assert!(here.send(&[0; LONGEST + 1], &[]).is_err());
        drop(here);
        assert!(there.receive().unwrap().is_none());
        assert_eq!(there.send(b"x", &[]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
