//! The script: which calls it asks for, and what it prints of each.

use crate::auditd::numbers;

/// The longest text that is known whole: bpftrace has room for 200 bytes, and the last is NUL.
pub const TEXT_BYTES: usize = 198;

/// What is printed once everything is attached.
pub const READY: &str = "sightline-ready";

/// A call and the arguments that hold a text.
pub(super) struct Asked {
    pub(super) name: &'static str,
    first: usize,
    second: Option<usize>,
}

const fn one(name: &'static str, first: usize) -> Asked {
    Asked { name, first, second: None }
}

const fn two(name: &'static str, first: usize, second: usize) -> Asked {
    Asked { name, first, second: Some(second) }
}

/// Calls that name a path; those that the machine does not have are left out.
const PATHS: &[Asked] = &[
    one("execve", 0),
    one("execveat", 1),
    one("open", 0),
    one("openat", 1),
    one("openat2", 1),
    one("creat", 0),
    one("unlink", 0),
    one("unlinkat", 1),
    one("rmdir", 0),
    two("rename", 0, 1),
    two("renameat", 1, 3),
    two("renameat2", 1, 3),
];

/// The call of that number, if it is one that is asked for.
pub(super) fn name(number: u32) -> Option<&'static str> {
    let all = PATHS.iter().map(|asked| asked.name).chain(["connect"]);
    all.into_iter().find(|name| numbers::number(name) == Some(number))
}

/// The script that prints what happens in the cgroup of this id.
///
/// A record begins with a sign, the boot clock in nanoseconds, pid and thread. `<` a call begins: number, second and third
/// argument, text. `+` its second text. `=` the structure that openat2 is given. `@` the address that connect is given. `~` and `*`: the
/// first and second text read again when the call returned, where its memory was not there before. `>` it returned: number, result, then
/// who called. `x` a process ended: status, then who. Who: start of the process, parent, and its eight ids.
pub fn script(cgroup: u64) -> String {
    let number = |name: &str| numbers::number(name);
    let mut enter = String::new();
    let mut calls: Vec<u32> = number("connect").into_iter().collect();
    calls.extend(PATHS.iter().filter_map(|asked| number(asked.name)));
    // Calls whose text is the same argument share the code for it: what is compiled is short.
    for at in 0..4 {
        let calls = PATHS.iter().filter(|asked| asked.first == at);
        if let Some(first) = any(calls.filter_map(|asked| number(asked.name))) {
            let texts = text("<", "first", at, ", $n, args->args[1], args->args[2]", " %d %llu %llu");
            enter.push_str(&format!(" if ({first}) {{{texts}}}\n"));
        }
    }
    for at in 0..4 {
        let calls = PATHS.iter().filter(|asked| asked.second == Some(at));
        if let Some(second) = any(calls.filter_map(|asked| number(asked.name))) {
            enter.push_str(&format!(" if ({second}) {{{}}}\n", text("+", "second", at, "", "")));
        }
    }
    if let Some(call) = number("openat2") {
        let bytes = "buf(uptr(args->args[2]), 8)";
        enter.push_str(&format!(
            " if ($n == {call}) {{ printf(\"= %llu %d %d %r\", nsecs, pid, tid, {bytes}); }}\n"
        ));
    }
    if let Some(call) = number("connect") {
        let bytes = "buf(uptr(args->args[1]), args->args[2])";
        enter.push_str(&format!(
            " if ($n == {call}) {{ printf(\"@ %llu %d %d %d %r\", nsecs, pid, tid, $n, {bytes}); }}\n"
        ));
    }
    let any = any(calls.into_iter()).unwrap_or_default();
    let who = "$t->group_leader->start_boottime, $t->real_parent->tgid, $c->uid.val, $c->euid.val, $c->suid.val, \
               $c->fsuid.val, $c->gid.val, $c->egid.val, $c->sgid.val, $c->fsgid.val";
    let shown = "%llu %d %u %u %u %u %u %u %u %u";
    let (first, second) = (again("~", "first"), again("*", "second"));
    format!(
        "BEGIN {{ printf(\"{READY}\"); }}\n\
         tracepoint:raw_syscalls:sys_enter /cgroup == {cgroup}/ {{\n $n = args->id;\n{enter}}}\n\
         tracepoint:raw_syscalls:sys_exit /cgroup == {cgroup}/ {{\n $n = args->id;\n if ({any}) {{\n{first}{second}  \
         $t = curtask; $c = $t->cred;\n  printf(\"> %llu %d %d %d %lld {shown}\", nsecs, pid, tid, $n, args->ret, {who});\n }}\n}}\n\
         tracepoint:sched:sched_process_exit /cgroup == {cgroup} && curtask->signal->live.counter == 0/ {{\n \
         $t = curtask; $c = $t->cred;\n printf(\"x %llu %d %d %d {shown}\", nsecs, pid, tid, $t->exit_code, {who});\n}}\n\
         END {{ clear(@first); clear(@second); }}\n"
    )
}

/// The condition that the call is one of these, if there are any.
fn any(calls: impl Iterator<Item = u32>) -> Option<String> {
    let calls: Vec<String> = calls.map(|call| format!("$n == {call}")).collect();
    (!calls.is_empty()).then(|| calls.join(" || "))
}

/// Prints a text; where its first byte is not there, or is the end, its place is kept for when the call returns.
fn text(sign: &str, kept: &str, at: usize, arguments: &str, shown: &str) -> String {
    let place = format!("args->args[{at}]");
    format!(
        " printf(\"{sign} %llu %d %d{shown} %s\", nsecs, pid, tid{arguments}, str(uptr({place}))); \
         if (*(uint8 *)uptr({place}) == 0) {{ @{kept}[tid] = {place}; }}"
    )
}

fn again(sign: &str, kept: &str) -> String {
    format!(
        "  if (@{kept}[tid] != 0) {{ printf(\"{sign} %llu %d %d %s\", nsecs, pid, tid, str(uptr(@{kept}[tid]))); \
         delete(@{kept}[tid]); }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::script;

    #[test]
    fn it_looks_at_one_cgroup_alone() {
        let script = script(4711);
        for probe in script.lines().filter(|line| line.starts_with("tracepoint:")) {
            assert!(probe.contains("/cgroup == 4711"), "{probe}");
        }
        assert_eq!(script.matches("tracepoint:").count(), 3);
    }
}
