//! Logs of the real strace, logs as they were seen on other machines, and logs that no strace would write.

mod calls;
mod forms;
mod real;
mod robust;
