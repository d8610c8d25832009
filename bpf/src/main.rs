//! The programs of the probe: one module per kind of event that needs its own, one for all others, and what they share.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod accept;
mod bind;
mod call;
mod connect;
mod connect_later;
mod data;
mod exec;
mod exit;
mod fork;
mod open;
mod rename;
mod ring;
mod send;
mod setid;
mod signal;
mod unlink;

mod count;
mod declared;
mod descriptor;
mod emit;
mod filter;
mod identity;
mod kernel;
mod path;
mod preemption;
mod scope;
mod slot;
mod syscall;
mod text;

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
