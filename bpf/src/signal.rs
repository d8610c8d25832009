//! A signal sent to another process: kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_send_signal. What a
//! process sends itself is filtered: runtimes do that all the time.

use aya_ebpf::{macros::btf_tracepoint, programs::BtfTracePointContext};
use lab_abi::{Call, Kind};

use crate::{
    identity, kernel,
    kernel::{args, field},
    preemption, scope, syscall,
};

#[btf_tracepoint(function = "sys_enter")]
pub fn signal_enter(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let nr: u64 = context.arg(1);
        let _ =
            syscall::enter_if(&context, Kind::Signal, || scope::wanted() && to_another(&context, nr as u32));
        0
    })
}

#[btf_tracepoint(function = "sys_exit")]
pub fn signal_exit(context: BtfTracePointContext) -> i32 {
    preemption::off(|| {
        let wanted = || scope::wanted() && to_another(&context, syscall::returning(&context));
        if let Some((slot, _late)) = syscall::exit_if(&context, Kind::Signal, wanted) {
            syscall::submit(&context, slot, Kind::Signal);
        }
        0
    })
}

/// By the ids that the caller uses: those of its own namespace. A descriptor does not say whose process it is.
#[inline(always)]
fn to_another(context: &BtfTracePointContext, nr: u32) -> bool {
    let call = syscall::descriptor(nr).map_or(0, |descriptor| descriptor.call);
    if call == Call::PidfdSendSignal.code() {
        return true;
    }
    let task = kernel::current();
    let own = if call == Call::Tkill.code() { task } else { field!(u64, task, task_leader) };
    identity::namespaced(own).0 != args(context)[0] as u32
}
