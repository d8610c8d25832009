//! Records of real tools, records as they were seen on other machines, and records that no tool would write.

mod account;
mod bpftrace;
mod calls;
mod capture;
mod damaged;
mod forms;
mod packets;
mod proc;
mod real;
mod robust;
mod samples;
