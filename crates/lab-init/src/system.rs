//! A system made of a bare root: file systems and the loopback device; and the machine's end.

use std::{fs, io, os::fd::AsRawFd, path::Path};

use nix::{
    mount::{MsFlags, mount},
    sys::{
        reboot::{RebootMode, reboot},
        socket::{AddressFamily, SockFlag, SockType, socket},
    },
};

use crate::error::Error;

/// What is mounted, in this order: file system, place, options; the last says whether a kernel may lack it.
const MOUNTS: &[(&str, &str, &str, bool)] = &[
    ("proc", "/proc", "", false),
    ("sysfs", "/sys", "", false),
    ("devtmpfs", "/dev", "", false),
    ("tmpfs", "/run", "mode=755", false),
    ("tmpfs", "/tmp", "mode=1777", false),
    ("cgroup2", "/sys/fs/cgroup", "", false),
    ("tracefs", "/sys/kernel/tracing", "", true),
    ("bpf", "/sys/fs/bpf", "", true),
    ("securityfs", "/sys/kernel/security", "", true),
];

/// What programs expect in /dev beside devices.
const LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Makes the system.
pub(crate) fn make() -> Result<(), Error> {
    for (kind, at, options, may_lack) in MOUNTS {
        let made = fs::create_dir_all(at)
            .and_then(|()| {
                mount(Some(*kind), *at, Some(*kind), MsFlags::empty(), Some(*options)).map_err(Into::into)
            })
            .or_else(|error| if is_mounted(&error) { Ok(()) } else { Err(error) });
        match made {
            Err(error) if *may_lack => eprintln!("lab-init: no {kind} at {at}: {error}"),
            made => made.map_err(Error::io("mount a file system at", *at))?,
        }
    }
    for (name, to) in LINKS {
        let at = Path::new("/dev").join(name);
        match std::os::unix::fs::symlink(to, &at) {
            // Who handed the machine over has made it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(Error::io("make", &at))?,
        }
    }
    nix::unistd::sethostname("sightline").map_err(|error| Error::call("name the machine")(error.into()))?;
    loopback().map_err(Error::call("bring up the loopback device"))
}

/// The kernel has mounted it by itself.
fn is_mounted(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EBUSY)
}

/// The machine has no other network device.
fn loopback() -> io::Result<()> {
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
    // SAFETY: zeroes are a valid value of this plain struct.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l'.cast_signed();
    request.ifr_name[1] = b'o'.cast_signed();
    request.ifr_ifru.ifru_flags = libc::IFF_UP as libc::c_short;
    // SAFETY: the descriptor is open, and the request is a live object of the type that this call takes.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Ends the machine: QEMU is told to end instead of booting it again.
pub(crate) fn end() -> Result<(), Error> {
    nix::unistd::sync();
    let error = match reboot(RebootMode::RB_AUTOBOOT) {
        Err(error) => error,
        Ok(never) => match never {},
    };
    Err(Error::call("end the machine")(error.into()))
}
