//! The files whose reads and writes are recorded: known by device and inode from the moment that one is opened by a
//! declared path.

use aya_ebpf::{bindings::BPF_ANY, macros::map, maps::HashMap};
use lab_abi::{Cause, FileKey, Kind, Slot};

use crate::{count, filter, kernel::field};

/// Marked files. The reader puts those into it that are there before anybody opens them.
#[map]
static FILES: HashMap<FileKey, u8> = HashMap::with_max_entries(16384, 0);

/// Who a file is.
#[inline(always)]
pub fn identity(file: u64) -> FileKey {
    let inode: u64 = field!(u64, file, file_inode);
    let superblock: u64 = field!(u64, inode, inode_sb);
    FileKey { inode: field!(u64, inode, inode_ino), dev: field!(u32, superblock, sb_dev), reserved: 0 }
}

/// Is the file marked?
#[inline(always)]
pub fn is(file: u64) -> bool {
    file != 0 && FILES.get_ptr(identity(file)).is_some()
}

/// Marks the file that was opened if its path, text 2, is a declared one.
#[inline(always)]
pub fn mark(slot: &Slot, inode: u64, dev: u32) {
    if !filter::declared(slot) {
        return;
    }
    if FILES.insert(FileKey { inode, dev, reserved: 0 }, 1, u64::from(BPF_ANY)).is_err() {
        // What becomes of it is not seen.
        if let Some(counts) = count::of(Kind::Read) {
            count::bump(&mut counts.exit_produced);
        }
        count::next_seq();
        count::lose(Kind::Read, Cause::StateFull);
    }
}
