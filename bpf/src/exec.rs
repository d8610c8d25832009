//! A new image: execve, execveat. Argv and executable come from the image itself; a refused exec has only what was
//! passed.

use aya_ebpf::{
    helpers::{bpf_probe_read_user, generated::bpf_probe_read_user_str},
    macros::btf_tracepoint,
    programs::BtfTracePointContext,
};
use lab_abi::{
    Call, Kind, Slot,
    exec::{ARGV_ENTER, ARGV_IMAGE, Exec},
    flag,
    record::TEXT,
};

use crate::{identity, kernel, kernel::field, path, preemption, scope, slot, syscall, text};

/// Arguments copied at enter, for an exec that is refused.
const ENTER_ARGS: u64 = 64;
/// Longest of them, with its NUL.
const PIECE: usize = 2048;

#[btf_tracepoint(function = "sys_enter")]
pub fn exec_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some(slot) = syscall::enter_if(&context, Kind::Exec, scope::current) {
            fill(slot);
        }
        0
    })
}

/// The kernel has put the new image in place; the syscall returns afterwards.
#[btf_tracepoint(function = "sched_process_exec")]
pub fn exec(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let task = kernel::current();
        let mut found = slot::find(task);
        if let Some(slot) = &found
            && slot.active != Kind::Exec as u64
        {
            found = None;
        }
        if found.is_none() {
            if !scope::current() {
                return 0;
            }
            let Some(slot) = slot::find_or_make(task) else { return 0 };
            slot::begin(slot, Kind::Exec);
            slot.head.enter = identity::now();
            slot.head.flags |= flag::NO_ENTER;
            found = Some(slot);
        }
        let Some(slot) = found else { return 0 };
        let bprm: u64 = context.arg::<*const u8>(2) as u64;
        image(slot, task, bprm);
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn exec_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        if let Some((slot, late)) = syscall::exit_if(&context, Kind::Exec, scope::current) {
            if slot.head.ret < 0 && (late || text::unreadable(slot)) {
                slot.head.flags |= flag::TEXT_AT_EXIT;
                fill(slot);
            }
            syscall::submit(&context, slot, Kind::Exec);
        }
        0
    })
}

#[inline(always)]
fn image(slot: &mut Slot, task: u64, bprm: u64) {
    slot.head.flags &= !(flag::CUT << 1 | flag::UNREADABLE << 1);
    slot.head.text[1] = 0;
    slot.head.text[2] = 0;
    if slot.head.text[0] == 0 {
        text::kernel_str::<0>(slot, field!(u64, bprm, bprm_filename));
    }
    let mm: u64 = field!(u64, task, task_mm);
    let start: u64 = field!(u64, mm, mm_arg_start);
    let len = field!(u64, mm, mm_arg_end).wrapping_sub(start);
    text::user_bytes::<1>(slot, start, len, TEXT as u64);
    let file: u64 = field!(u64, mm, mm_exe_file);
    let inode: u64 = field!(u64, file, file_inode);
    let superblock: u64 = field!(u64, inode, inode_sb);
    let in_memory = path::in_memory(file);
    let interpreted = field!(u64, bprm, bprm_interp) != field!(u64, bprm, bprm_filename);
    let body = body(slot);
    body.argv_from = ARGV_IMAGE;
    body.argv_len = len;
    body.inode = field!(u64, inode, inode_ino);
    body.dev = field!(u32, superblock, sb_dev);
    body.file_mode = u32::from(field!(u16, inode, inode_mode));
    body.links = field!(u32, inode, inode_links);
    body.in_memory = u32::from(in_memory);
    body.interpreted = u32::from(interpreted);
    if in_memory {
        path::name(slot, file);
    } else {
        path::append::<2>(slot, file);
    }
}

/// What was passed: file name and arguments.
#[inline(always)]
fn fill(slot: &mut Slot) {
    let args = slot.head.args;
    let (mut name, mut argv) = (args[0], args[1]);
    let at = slot.head.call == Call::Execveat.code();
    if at {
        (name, argv) = (args[1], args[2]);
    }
    let body = body(slot);
    body.argv_from = ARGV_ENTER;
    body.dirfd = if at { args[0] as i32 } else { -100 };
    body.flags = if at { args[4] as u32 } else { 0 };
    slot::clear(&mut slot.head.text);
    text::user_str::<0>(slot, name);
    arguments(slot, argv);
}

#[inline(always)]
fn arguments(slot: &mut Slot, argv: u64) {
    let Some(at) = text::start::<1>(slot) else { return };
    let mut whole = false;
    for index in 0..ENTER_ARGS {
        // SAFETY: the helper checks the address.
        let Ok(argument) = (unsafe { bpf_probe_read_user((argv + index * 8) as *const u64) }) else {
            slot.head.flags |= flag::UNREADABLE << 1;
            break;
        };
        if argument == 0 {
            whole = true;
            break;
        }
        if !one(slot, at, argument) {
            break;
        }
    }
    if !whole {
        slot.head.flags |= flag::CUT << 1;
    }
}

/// Appends one argument with its NUL; false when there is no room. The length is kept in the record for the
/// verifier's sake, as in `path`.
#[inline(always)]
fn one(slot: &mut Slot, at: usize, argument: u64) -> bool {
    let used = kernel::global(&slot.head.text[1]) as usize;
    if used > TEXT - PIECE {
        return false;
    }
    let to = slot.data.as_mut_ptr();
    // SAFETY: `at` is at most TEXT and `used` at most TEXT - PIECE; the helper checks the address.
    let n = unsafe { bpf_probe_read_user_str(to.add(at + used).cast(), PIECE as u32, argument as *const _) };
    if n <= 0 || n > PIECE as i64 {
        slot.head.flags |= flag::UNREADABLE << 1;
        return false;
    }
    slot.head.text[1] = (used + n as usize) as u32;
    n < PIECE as i64
}

#[inline(always)]
fn body(slot: &mut Slot) -> &mut Exec {
    // SAFETY: the body has room for every body struct, aligned to 8.
    unsafe { &mut *(&raw mut slot.body).cast::<Exec>() }
}
