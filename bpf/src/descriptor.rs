//! The file behind a descriptor of the current task. Whoever shares the table may have put another there meanwhile.

use crate::kernel::{direct, field, read, typed_current};

/// The kernel's `struct file`; 0 if there is none.
#[inline(always)]
pub fn file(fd: u64) -> u64 {
    let fd = fd & 0xffff_ffff;
    let files: *const u8 = direct!(*const u8, typed_current(), fd_files);
    if files.is_null() {
        return 0;
    }
    let table: *const u8 = direct!(*const u8, files, fd_table);
    if table.is_null() || fd >= u64::from(direct!(u32, table, fd_table_len)) {
        return 0;
    }
    read(direct!(u64, table, fd_table_at) + fd * 8, 0)
}

/// The kernel's `struct sock` behind a descriptor; 0 if it is no socket.
#[inline(always)]
pub fn sock(fd: u64) -> u64 {
    let file = file(fd);
    let socket: u64 = field!(u64, file, socket_of_file);
    // Only a socket's private data points back to its file.
    if file == 0 || field!(u64, socket, socket_file) != file {
        return 0;
    }
    field!(u64, socket, socket_sock)
}
