//! Bytes read from a declared file or written to one: by any call that moves them, mapping included. A descriptor of any
//! other file costs the look-up of its inode.

use aya_ebpf::{helpers::bpf_probe_read_user, macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{
    Call, Kind, Slot,
    data::{Data, UNKNOWN},
};

use crate::{
    count, declared, descriptor,
    kernel::{args, current},
    path, preemption, scope, slot, syscall,
};

/// No descriptor.
const NONE: u64 = u64::MAX;
const PROT_WRITE: u64 = 2;
const MAP_SHARED: u64 = 1;
/// Kind of mapping, of the flags of mmap.
const MAP_TYPE: u64 = 15;
/// Pieces that are added up.
const PIECES: u64 = 8;

/// The files that a call is about, if they are declared; 0 for others.
struct Files {
    from: u64,
    to: u64,
}

#[btf_tracepoint(function = "sys_enter")]
pub fn data_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let nr: u64 = context.arg(1);
        let Some(files) = scope::wanted().then(|| files(&context, nr as u32)) else {
            filtered(false);
            return 0;
        };
        let Some(kind) = files.kind() else {
            filtered(false);
            return 0;
        };
        if let Some(slot) = syscall::enter_if(&context, kind, || true) {
            fill(slot, &files);
        }
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn data_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let active = slot::find(current()).map_or(0, |slot| slot.active);
        if active == Kind::Read as u64 || active == Kind::Write as u64 {
            let kind = if active == Kind::Read as u64 { Kind::Read } else { Kind::Write };
            if let Some((slot, _late)) = syscall::exit_if(&context, kind, || true) {
                syscall::submit(&context, slot, kind);
            }
            return 0;
        }
        let Some(files) = scope::wanted().then(|| files(&context, syscall::returning(&context))) else {
            filtered(true);
            return 0;
        };
        let Some(kind) = files.kind() else {
            filtered(true);
            return 0;
        };
        if let Some((slot, _late)) = syscall::exit_if(&context, kind, || true) {
            fill(slot, &files);
            syscall::submit(&context, slot, kind);
        }
        0
    })
}

/// Neither is declared, so it is no more a read than a write.
#[inline(always)]
fn filtered(exit: bool) {
    let Some(counts) = count::of(Kind::Read) else { return };
    if exit {
        count::bump(&mut counts.exit_produced);
        count::bump(&mut counts.exit_filtered);
    } else {
        count::bump(&mut counts.enter_produced);
        count::bump(&mut counts.enter_filtered);
    }
}

impl Files {
    /// What a call that does both is, is the graver of the two.
    #[inline(always)]
    fn kind(&self) -> Option<Kind> {
        if self.to != 0 {
            Some(Kind::Write)
        } else if self.from != 0 {
            Some(Kind::Read)
        } else {
            None
        }
    }
}

#[inline(always)]
fn files(context: &BtfTracePointContext, nr: u32) -> Files {
    let args = args(context);
    let call = syscall::descriptor(nr).map_or(0, |descriptor| descriptor.call);
    let (mut from, mut to) = (args[0], NONE);
    if call == Call::Mmap.code() {
        from = args[4];
        if args[2] & PROT_WRITE != 0 && args[3] & MAP_TYPE & !2 == MAP_SHARED {
            (from, to) = (NONE, args[4]);
        }
    } else if call == Call::Sendfile.code() {
        (from, to) = (args[1], args[0]);
    } else if call == Call::Splice.code() || call == Call::CopyFileRange.code() {
        (from, to) = (args[0], args[2]);
    } else if call == Call::Write.code()
        || call == Call::Pwrite64.code()
        || call == Call::Writev.code()
        || call == Call::Pwritev.code()
        || call == Call::Pwritev2.code()
    {
        (from, to) = (NONE, args[0]);
    }
    Files { from: watched(from), to: watched(to) }
}

#[inline(always)]
fn watched(fd: u64) -> u64 {
    if fd == NONE {
        return 0;
    }
    let file = descriptor::file(fd);
    if declared::is(file) { file } else { 0 }
}

#[inline(always)]
fn fill(slot: &mut Slot, files: &Files) {
    let args = slot.head.args;
    let call = slot.head.call;
    let (file, source) = if files.to != 0 { (files.to, files.from) } else { (files.from, 0) };
    let identity = declared::identity(file);
    // SAFETY: the body has room for every body struct, aligned to 8.
    let body = unsafe { &mut *(&raw mut slot.body).cast::<Data>() };
    (body.inode, body.dev) = (identity.inode, identity.dev);
    body.has_offset = 0;
    body.length = args[2];
    if call == Call::Mmap.code() {
        body.length = args[1];
        (body.has_offset, body.offset, body.protection) = (1, args[5], args[2] as u32);
    } else if call == Call::Pread64.code() || call == Call::Pwrite64.code() {
        (body.has_offset, body.offset) = (1, args[3]);
    } else if call == Call::Sendfile.code() {
        body.length = args[3];
        if files.to == 0 {
            place(body, args[2]);
        }
    } else if call == Call::Splice.code() || call == Call::CopyFileRange.code() {
        body.length = args[4];
        place(body, if files.to != 0 { args[3] } else { args[1] });
    } else if call != Call::Read.code() && call != Call::Write.code() {
        body.length = pieces(args[1], args[2]);
        if call != Call::Readv.code() && call != Call::Writev.code() && args[3] != u64::MAX {
            (body.has_offset, body.offset) = (1, args[3]);
        }
    }
    slot::clear(&mut slot.head.text);
    if source != 0 {
        path::append::<1>(slot, source);
    }
    path::append::<2>(slot, file);
}

/// The offset that a pointer names, if there is one.
#[inline(always)]
fn place(body: &mut Data, at: u64) {
    if at == 0 {
        return;
    }
    // SAFETY: the helper checks the address.
    if let Ok(offset) = unsafe { bpf_probe_read_user(at as *const u64) } {
        (body.has_offset, body.offset) = (1, offset);
    }
}

#[inline(always)]
fn pieces(at: u64, count: u64) -> u64 {
    if count > PIECES {
        return UNKNOWN;
    }
    let mut sum = 0;
    for n in 0..PIECES {
        if n >= count {
            break;
        }
        // SAFETY: the helper checks the address.
        let Ok(len) = (unsafe { bpf_probe_read_user((at + n * 16 + 8) as *const u64) }) else {
            return UNKNOWN;
        };
        sum += len;
    }
    sum
}
