//! A process that executes nothing: forked into a cgroup, it waits for a byte before each step that it takes.

use std::{
    fs::File,
    io::{PipeReader, PipeWriter, Read, Write, pipe},
    os::fd::AsRawFd,
    path::Path,
};

pub(crate) struct Forked {
    pub(crate) pid: u32,
    orders: PipeWriter,
    done: PipeReader,
}

impl Forked {
    /// It is in the cgroup.
    pub(crate) fn start(cgroup: &Path) -> Self {
        let procs = File::options().write(true).open(cgroup.join("cgroup.procs")).unwrap();
        let (told, orders) = pipe().unwrap();
        let (done, tell) = pipe().unwrap();
        let (procs, told, tell) = (procs.as_raw_fd(), told.as_raw_fd(), tell.as_raw_fd());
        // SAFETY: the child makes system calls alone, with descriptors that are open until it has ended.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: as above.
            unsafe {
                libc::write(procs, c"0".as_ptr().cast(), 1);
                libc::write(tell, c"t".as_ptr().cast(), 1);
                let mut byte = 0u8;
                libc::read(told, (&raw mut byte).cast(), 1);
                libc::syscall(libc::SYS_setresuid, 65534, 65533, 65532);
                libc::write(tell, c"t".as_ptr().cast(), 1);
                libc::read(told, (&raw mut byte).cast(), 1);
                libc::_exit(0)
            }
        }
        let forked = Self { pid: u32::try_from(pid).unwrap(), orders, done };
        forked.wait();
        forked
    }

    fn wait(&self) {
        (&self.done).read_exact(&mut [0]).unwrap();
    }

    /// Its ids are others.
    pub(crate) fn change(&self) {
        (&self.orders).write_all(b"g").unwrap();
        self.wait();
    }

    pub(crate) fn end(self) {
        (&self.orders).write_all(b"g").unwrap();
        // SAFETY: our own child; nobody asks for its status.
        unsafe { libc::waitpid(self.pid as i32, std::ptr::null_mut(), 0) };
    }
}
