//! Reads a file of securityfs where it is not mounted, without mounting it anywhere.

use std::ffi::CStr;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

const FSCONFIG_CMD_CREATE: libc::c_uint = 6;

/// The text of a file in securityfs through a mount that no process can see (fsopen(2), fsmount(2)); needs root.
pub(super) fn read(name: &CStr) -> io::Result<String> {
    // SAFETY: fsopen takes a NUL-terminated name and flags, and returns a new descriptor or -1.
    let context = unsafe { descriptor(libc::syscall(libc::SYS_fsopen, c"securityfs".as_ptr(), 1))? };
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: FSCONFIG_CMD_CREATE takes neither key nor value; the descriptor is open.
    let created =
        unsafe { libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, none, none, 0) };
    if created != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: fsmount takes an open, created context and flags, and returns a new descriptor or -1.
    let mount = unsafe { descriptor(libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), 1, 0))? };
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: the name is NUL-terminated, the folder's descriptor is open.
    let file = unsafe { descriptor(libc::openat(mount.as_raw_fd(), name.as_ptr(), flags).into())? };
    let mut text = String::new();
    std::fs::File::from(file).read_to_string(&mut text)?;
    Ok(text)
}

/// Takes what a system call returned as a descriptor.
///
/// # Safety
/// The number must be a descriptor that nobody else owns, or negative with errno set.
unsafe fn descriptor(returned: libc::c_long) -> io::Result<OwnedFd> {
    if returned < 0 {
        return Err(io::Error::last_os_error());
    }
    let number = i32::try_from(returned).map_err(io::Error::other)?;
    // SAFETY: the caller promises that the number is an open descriptor of its own.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
