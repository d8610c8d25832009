//! A file opened: open, creat, openat, openat2, open_by_handle_at.

use aya_ebpf::{helpers::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Call, Kind, Slot, flag, open::Open};

use crate::{declared, descriptor, filter, kernel::field, path, preemption, syscall, text};

const AT_FDCWD: i32 = -100;
/// The part of a mode that is the file's type, and that of a regular file.
const FORMAT: u16 = 0o170_000;
const REGULAR: u16 = 0o100_000;
/// O_CREAT | O_WRONLY | O_TRUNC, what creat stands for.
const CREAT_FLAGS: u64 = 0o1101;

#[btf_tracepoint(function = "sys_enter")]
pub fn open_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter(&context, Kind::Open) {
            fill(slot);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn open_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit(&context, Kind::Open) {
            // SAFETY: see `fill`.
            let unread = unsafe { (*(&raw const slot.body).cast::<Open>()).unread != 0 };
            if late || unread || text::unreadable(slot) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot);
            }
            let found = slot.head.ret >= 0 && opened(slot);
            if filter::opened(slot, found) {
                syscall::submit_at_once(slot, Kind::Open);
            } else {
                syscall::leave_out(slot, Kind::Open);
            }
        }
        0
    })
}

/// What was opened, as the kernel has it; false if there is no such file. Where no program can be attached behind the open itself, that is what the
/// descriptor stands for now.
#[inline(always)]
pub fn opened(slot: &mut Slot) -> bool {
    let file = descriptor::file(slot.head.ret as u64);
    let inode: u64 = field!(u64, file, file_inode);
    let superblock: u64 = field!(u64, inode, inode_sb);
    // SAFETY: see `fill`.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Open>() };
    let (inode, dev, mode) =
        (field!(u64, inode, inode_ino), field!(u32, superblock, sb_dev), field!(u16, inode, inode_mode));
    (body.inode, body.dev, body.file_mode) = (inode, dev, u32::from(mode));
    if file == 0 {
        return false;
    }
    path::append::<2>(slot, file);
    if mode & FORMAT == REGULAR {
        declared::mark(slot, inode, dev);
    }
    true
}

#[inline(always)]
fn fill(slot: &mut Slot) {
    let call = slot.head.call;
    let args = slot.head.args;
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Open>() };
    body.dirfd = AT_FDCWD;
    body.unread = 0;
    let mut path = args[1];
    if call == Call::Openat2.code() {
        body.dirfd = args[0] as i32;
        // SAFETY: the helper checks the address.
        match unsafe { bpf_probe_read_user(args[2] as *const [u64; 3]) } {
            Ok(how) => {
                body.flags = how[0];
                body.mode = how[1];
                body.resolve = how[2];
            }
            Err(_) => body.unread = 1,
        }
    } else if call == Call::Openat.code() {
        body.dirfd = args[0] as i32;
        body.flags = args[2] as u32 as u64;
        body.mode = args[3] & 0o7777;
    } else if call == Call::OpenByHandleAt.code() {
        // No path: the handle is the file system's own name for the file.
        body.dirfd = args[0] as i32;
        body.flags = args[2] as u32 as u64;
        body.mode = 0;
        return;
    } else if call == Call::Creat.code() {
        path = args[0];
        body.flags = CREAT_FLAGS;
        body.mode = args[1] & 0o7777;
    } else {
        path = args[0];
        body.flags = args[1] as u32 as u64;
        body.mode = args[2] & 0o7777;
    }
    text::user_str::<0>(slot, path);
}
