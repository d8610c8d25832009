//! What this machine can run: one row per thing, with the cause and the remedy of what is not well.

mod genetlink;
mod kernel;
mod places;
mod programs;
mod securityfs;

use crate::{Options, Row, mounts};

/// Looks at everything that Sightline needs; changes nothing.
pub fn doctor(options: &Options) -> Vec<Row> {
    let mounts = mounts(options);
    vec![
        kernel::release(options),
        kernel::btf(options),
        places::tracefs(options, &mounts),
        places::cgroup2(options, &mounts),
        kernel::root(options),
        kernel::capabilities(options),
        kernel::lockdown(options, &mounts),
        kernel::fanotify(options),
        kernel::taskstats(genetlink::has_family("TASKSTATS")),
        programs::strace(options),
        programs::auditd(options),
        programs::plain(options, "bpftrace"),
        programs::plain(options, "tcpdump"),
        programs::rust(options),
        programs::static_link(options),
        programs::prebuilt_object(options),
        programs::ebpf_toolchain(options),
        places::disk(options),
    ]
}
