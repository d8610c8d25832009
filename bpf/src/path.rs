//! The path of an open file, by a walk over dentries and mounts.
//!
//! Best effort: a rename during the walk can tear it. Device and inode are the identity.

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use lab_abi::{Slot, flag, record::TEXT};

use crate::{
    kernel::{field, global, offset, read},
    text,
};

/// Components and mounts that are walked at most.
const STEPS: u32 = 64;
/// Longest file name, with its NUL.
const NAME: usize = 256;

/// What a walk needs of a mount: the one above, where it stands in that, and its own root.
struct Mount {
    above: u64,
    point: u64,
    root: u64,
}

impl Mount {
    /// The three lie side by side in every kernel that we know; else they are read one by one.
    #[inline(always)]
    fn of(vfsmount: u64) -> Self {
        let mount = vfsmount.wrapping_sub(u64::from(offset!(mount_mnt)));
        let from = offset!(mount_parent);
        if offset!(mount_point) == from + 8 && offset!(mount_mnt) + offset!(vfsmount_root) == from + 16 {
            let [above, point, root] = read::<[u64; 3]>(mount, from);
            return Self { above, point, root };
        }
        Self {
            above: field!(u64, mount, mount_parent),
            point: field!(u64, mount, mount_point),
            root: field!(u64, vfsmount, vfsmount_root),
        }
    }
}

/// A dentry's parent and its name.
#[inline(always)]
fn above(dentry: u64) -> (u64, u64) {
    let from = offset!(dentry_parent);
    if offset!(dentry_name) == from + 16 {
        let [parent, _, name] = read::<[u64; 3]>(dentry, from);
        return (parent, name);
    }
    (field!(u64, dentry, dentry_parent), field!(u64, dentry, dentry_name))
}

/// Is it a file of memfd_create? Such a file is below no folder, and its name begins like this.
#[inline(always)]
pub fn in_memory(file: u64) -> bool {
    let dentry: u64 = field!(u64, file, file_path_dentry);
    let (parent, name) = above(dentry);
    parent == dentry && read::<[u8; 6]>(name, 0) == *b"memfd:"
}

/// Appends text 2: the file's name alone.
#[inline(always)]
pub fn name(slot: &mut Slot, file: u64) {
    let Some(at) = text::start::<2>(slot) else { return };
    let dentry: u64 = field!(u64, file, file_path_dentry);
    component::<2>(slot, at, above(dentry).1);
}

/// Appends text `INDEX`: the components of the file's path, leaf first, each followed by `/`.
#[inline(always)]
pub fn append<const INDEX: usize>(slot: &mut Slot, file: u64) {
    let Some(at) = text::start::<INDEX>(slot) else { return };
    let mut dentry: u64 = field!(u64, file, file_path_dentry);
    let mut vfsmount: u64 = field!(u64, file, file_path_mnt);
    let mut mount = Mount::of(vfsmount);
    let mut whole = false;
    for _ in 0..STEPS {
        if dentry == 0 {
            break;
        }
        if dentry == mount.root {
            if mount.above == vfsmount.wrapping_sub(u64::from(offset!(mount_mnt))) || mount.above == 0 {
                whole = true;
                break;
            }
            dentry = mount.point;
            vfsmount = mount.above + u64::from(offset!(mount_mnt));
            mount = Mount::of(vfsmount);
            continue;
        }
        let (parent, name) = above(dentry);
        // Not below its mount's root: a pipe, say, which has no path.
        if dentry == parent {
            break;
        }
        if !component::<INDEX>(slot, at, name) {
            break;
        }
        dentry = parent;
    }
    if !whole {
        slot.head.flags |= flag::CUT << INDEX;
    }
}

/// Appends one name and `/`; false when there is no room.
///
/// The length so far is kept in the record, not in a register: the verifier then sees the same state in each round of
/// the loop, and does not follow every sum of lengths.
#[inline(always)]
fn component<const INDEX: usize>(slot: &mut Slot, at: usize, name: u64) -> bool {
    let used = global(&slot.head.text[INDEX]) as usize;
    if used > TEXT - NAME {
        return false;
    }
    // SAFETY: `at` is at most 2 * TEXT and `used` at most TEXT - NAME; the helper checks the address.
    let n = unsafe {
        bpf_probe_read_kernel_str(slot.data.as_mut_ptr().add(at + used).cast(), NAME as u32, name as *const _)
    };
    if n <= 1 || n > NAME as i64 {
        return false;
    }
    // SAFETY: the byte is the NUL just written.
    unsafe { slot.data.as_mut_ptr().add(at + used + n as usize - 1).write(b'/') };
    slot.head.text[INDEX] = (used + n as usize) as u32;
    true
}
