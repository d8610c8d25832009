//! The path of an open file, by a walk over dentries and mounts.
//!
//! Best effort: a name that changes while it is read ends the walk, but a folder that is moved during it can tear the path. Device
//! and inode are the identity.

use core::arch::asm;

use aya_ebpf::helpers::generated::bpf_probe_read_kernel_str;
use lab_abi::{
    Slot, flag,
    record::{DATA, TEXT},
};

use crate::{
    kernel::{direct_at, field, global, has_words, offset, read, words},
    text,
};

/// Components and mounts that are walked at most.
const STEPS: u32 = 64;
/// Longest file name, with its NUL.
const NAME: usize = 256;
/// Longest file name, without its NUL, that is copied word by word.
const SHORT: usize = 32;

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

/// A dentry's name.
#[derive(Clone, Copy, PartialEq)]
struct Name {
    address: u64,
    len: u32,
}

/// A dentry's parent and its name. They lie side by side in every kernel that we know; else they are read one by one.
#[inline(always)]
fn above(dentry: u64) -> (u64, Name) {
    let from = offset!(dentry_parent);
    if offset!(dentry_name_len) == from + 12 && offset!(dentry_name) == from + 16 {
        let [parent, hash_and_len, address] = read::<[u64; 3]>(dentry, from);
        return (parent, Name { address, len: (hash_and_len >> 32) as u32 });
    }
    let name = Name { address: field!(u64, dentry, dentry_name), len: field!(u32, dentry, dentry_name_len) };
    (field!(u64, dentry, dentry_parent), name)
}

/// Is it a file of memfd_create? Such a file is below no folder, and its name begins like this.
#[inline(always)]
pub fn in_memory(file: u64) -> bool {
    let dentry: u64 = field!(u64, file, file_path_dentry);
    let (parent, name) = above(dentry);
    parent == dentry && read::<[u8; 6]>(name.address, 0) == *b"memfd:"
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
        // Read again: a rename meanwhile leaves old and new mixed.
        if !component::<INDEX>(slot, at, name) || has_words() && above(dentry) != (parent, name) {
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
fn component<const INDEX: usize>(slot: &mut Slot, at: usize, name: Name) -> bool {
    let used = global(&slot.head.text[INDEX]) as usize;
    let mut place = at + used;
    // SAFETY: does nothing, but the compiler does not know: it leaves the next look at the place to the verifier.
    unsafe { asm!("{0} = {0}", inout(reg) place) };
    if used > TEXT - NAME || place > DATA - NAME {
        return false;
    }
    // SAFETY: the place is inside the texts, with NAME bytes behind it.
    let to = unsafe { slot.data.as_mut_ptr().add(place) };
    let len = if has_words() && name.len as usize <= SHORT && name.address % 8 == 0 {
        short(to, name)
    } else {
        // SAFETY: there is room for NAME bytes; the helper checks the address. The NUL is not part of the name.
        let n = unsafe { bpf_probe_read_kernel_str(to.cast(), NAME as u32, name.address as *const _) };
        n.wrapping_sub(1) as usize
    };
    if len == 0 || len >= NAME {
        return false;
    }
    // SAFETY: it fits behind the name.
    unsafe { to.add(len).write(b'/') };
    slot.head.text[INDEX] = (used + len + 1) as u32;
    true
}

/// Copies a short name, and what is behind it; says its length. All words whatever the length: each branch would be one more
/// for the verifier to follow, in each round of the walk. Aligned words do not cross a page.
#[inline(always)]
fn short(to: *mut u8, name: Name) -> usize {
    let from = words(name.address);
    for at in (0..SHORT).step_by(8) {
        let word = direct_at::<u64>(from, at as u32);
        // SAFETY: the caller has room for more; what the compiler would do goes byte by byte.
        unsafe { asm!("*(u64 *)({0} + 0) = {1}", in(reg) to.add(at), in(reg) word) };
    }
    name.len as usize
}
