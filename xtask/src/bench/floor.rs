//! What the kernel itself takes of every syscall as soon as anybody traces them: two programs that do nothing, where the
//! probe has its own.

use std::{
    ffi::CStr,
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
};

use anyhow::{Context, Result};

/// `BPF_PROG_LOAD`, and `BPF_RAW_TRACEPOINT_OPEN`.
const LOAD: libc::c_int = 5;
const ATTACH: libc::c_int = 17;
/// `BPF_PROG_TYPE_RAW_TRACEPOINT`
const RAW_TRACEPOINT: u32 = 17;
/// `r0 = 0; exit`
const NOTHING: [u64; 2] = [0xb7, 0x95];
const LICENSE: &CStr = c"Dual MIT/GPL";

/// The start of `union bpf_attr` for a program; all behind it is zero.
#[repr(C)]
struct Program {
    kind: u32,
    instructions: u32,
    at: u64,
    license: u64,
}

/// The same for an attachment.
#[repr(C)]
struct Attachment {
    name: u64,
    program: u32,
    pad: u32,
}

/// Programs that do nothing at enter and exit of every syscall, until it is dropped.
pub(super) struct Floor(#[expect(dead_code, reason = "held, and detached when dropped")] [OwnedFd; 2]);

impl Floor {
    pub(super) fn new() -> Result<Self> {
        let attached = |name| attach(name).with_context(|| format!("failed to attach to {name:?}"));
        Ok(Self([attached(c"sys_enter")?, attached(c"sys_exit")?]))
    }
}

fn attach(name: &CStr) -> io::Result<OwnedFd> {
    let program = call(
        LOAD,
        &Program {
            kind: RAW_TRACEPOINT,
            instructions: NOTHING.len() as u32,
            at: NOTHING.as_ptr() as u64,
            license: LICENSE.as_ptr() as u64,
        },
    )?;
    let number = u32::try_from(program.as_raw_fd()).map_err(io::Error::other)?;
    call(ATTACH, &Attachment { name: name.as_ptr() as u64, program: number, pad: 0 })
}

fn call<T>(command: libc::c_int, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads the attributes, which are of the shape that the command asks for, and what they point to:
    // constants.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, command, attributes, size_of::<T>()) };
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it was opened for us just now, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
