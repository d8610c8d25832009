//! The file behind a descriptor of the current task. Whoever shares the table may have put another there meanwhile.

use crate::kernel::{current, field, read};

/// The kernel's `struct file`; 0 if there is none.
#[inline(always)]
pub fn file(fd: u64) -> u64 {
    let fd = fd & 0xffff_ffff;
    let files: u64 = field!(u64, current(), fd_files);
    let table: u64 = field!(u64, files, fd_table);
    if fd >= u64::from(field!(u32, table, fd_table_len)) {
        return 0;
    }
    let files: u64 = field!(u64, table, fd_table_at);
    read(files + fd * 8, 0)
}
