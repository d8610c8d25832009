//! Asks the kernel whether it has a generic netlink family (include/uapi/linux/genetlink.h).

use std::io;
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

const GENL_ID_CTRL: u16 = 0x10;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
const HEADERS: usize = 16 + 4;

/// Whether the running kernel has the family; an ordinary user may ask.
pub(super) fn has_family(name: &str) -> io::Result<bool> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        Some(SockProtocol::NetlinkGeneric),
    )?;
    send(socket.as_raw_fd(), &request(name), MsgFlags::empty())?;
    let mut answer = [0u8; 4096];
    let length = recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    meaning(&answer[..length])
}

/// A request for one family: netlink header, generic header, one attribute.
fn request(name: &str) -> Vec<u8> {
    let attribute = 4 + name.len() + 1;
    let length = HEADERS + attribute.next_multiple_of(4);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(GENL_ID_CTRL.to_ne_bytes());
    bytes.extend((libc::NLM_F_REQUEST as u16).to_ne_bytes());
    bytes.extend([0; 8]);
    bytes.extend([CTRL_CMD_GETFAMILY, 1, 0, 0]);
    bytes.extend((attribute as u16).to_ne_bytes());
    bytes.extend(CTRL_ATTR_FAMILY_NAME.to_ne_bytes());
    bytes.extend(name.as_bytes());
    bytes.resize(length, 0);
    bytes
}

/// An error message with ENOENT means no, any family record means yes.
fn meaning(answer: &[u8]) -> io::Result<bool> {
    let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the kernel's answer is cut off");
    let kind = answer.get(4..6).ok_or_else(short)?;
    if u16::from_ne_bytes([kind[0], kind[1]]) != libc::NLMSG_ERROR as u16 {
        return Ok(true);
    }
    let code = answer.get(16..20).and_then(|code| code.try_into().ok()).ok_or_else(short)?;
    match -i32::from_ne_bytes(code) {
        libc::ENOENT => Ok(false),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controller_is_always_there_and_an_invented_family_never() {
        assert!(has_family("nlctrl").unwrap());
        assert!(!has_family("SIGHTLINE_NONE").unwrap());
    }

    #[test]
    fn cut_off_answers_are_errors() {
        assert!(meaning(&[0; 3]).is_err());
        assert!(meaning(&[20, 0, 0, 0, 2, 0, 0, 0]).is_err());
    }
}
