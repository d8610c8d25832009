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

/// Calls that make a process or a thread.
const MAKERS: [&str; 4] = ["clone", "clone3", "fork", "vfork"];

/// The call of that number, if it is one that is asked for.
pub(super) fn name(number: u32) -> Option<&'static str> {
    let all = PATHS.iter().map(|asked| asked.name).chain(["connect"]).chain(MAKERS);
    all.into_iter().find(|name| numbers::number(name) == Some(number))
}

/// The script that prints what happens in the cgroups of these ids; in none that is made below them later.
///
/// A record begins with a sign, the boot clock in nanoseconds, pid and thread. `<` a call begins: number, second and third
/// argument, text. `+` its second text. `=` the structure that openat2 is given. `@` the address that connect is given. `~` and `*`: the
/// first and second text read again when the call returned, where its memory was not there before. `f` a call that makes a process:
/// number, flags. `>` it returned: number, result; not where a child returns from the call that made it. `x` a process ends itself: code.
///
/// It names no structure of the kernel's: bpftrace would look up each with all that it holds, which takes it a second or two. And
/// each `str` is code to compile, so there is one for all calls.
pub fn script(cgroups: &[u64]) -> String {
    let here: Vec<String> = cgroups.iter().map(|id| format!("cgroup == {id}")).collect();
    let here = here.join(" || ");
    let number = |name: &str| numbers::number(name);
    let mut enter = String::new();
    for (kept, place, sign, shown, arguments) in [
        (
            "first",
            (|asked| Some(asked.first)) as fn(&Asked) -> Option<usize>,
            "<",
            " %d %llu %llu",
            ARGUMENTS,
        ),
        ("second", |asked| asked.second, "+", "", ""),
    ] {
        enter.push_str(" $has = 0; $at = (uint64)0;\n");
        for at in 0..4 {
            let calls = PATHS.iter().filter(|asked| place(asked) == Some(at));
            if let Some(calls) = any(calls.filter_map(|asked| number(asked.name))) {
                enter.push_str(&format!(" if ({calls}) {{ $has = 1; $at = args->args[{at}]; }}\n"));
            }
        }
        // Where the first byte is not there, or is the end, the place is kept for when the call returns.
        enter.push_str(&format!(
            " if ($has == 1) {{ printf(\"{sign} %llu %d %d{shown} %s\", nsecs, pid, tid{arguments}, str(uptr($at))); \
             if (*(uint8 *)uptr($at) == 0) {{ @{kept}[tid] = $at; }} }}\n"
        ));
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
    let makers = any(MAKERS.into_iter().filter_map(number)).unwrap_or_default();
    enter.push_str(&format!(" if ({makers}) {{ $flags = (uint64)0;\n"));
    for (name, flags) in [("clone", "args->args[0]"), ("clone3", "*(uint64 *)uptr(args->args[0])")] {
        if let Some(call) = number(name) {
            enter.push_str(&format!("  if ($n == {call}) {{ $flags = {flags}; }}\n"));
        }
    }
    enter.push_str("  printf(\"f %llu %d %d %d %llu\", nsecs, pid, tid, $n, $flags); }\n");
    if let Some(call) = number("exit_group") {
        enter.push_str(&format!(
            " if ($n == {call}) {{ printf(\"x %llu %d %d %d\", nsecs, pid, tid, args->args[0]); }}\n"
        ));
    }
    let calls = PATHS.iter().map(|asked| asked.name).chain(["connect"]).filter_map(number);
    let any = any(calls).unwrap_or_default();
    let (first, second) = (again("~", "first"), again("*", "second"));
    format!(
        "BEGIN {{ printf(\"{READY}\"); }}\n\
         tracepoint:raw_syscalls:sys_enter /{here}/ {{\n $n = args->id;\n{enter}}}\n\
         tracepoint:raw_syscalls:sys_exit /{here}/ {{\n $n = args->id;\n if ({any} || ({makers}) && args->ret != 0) {{\n{first}{second}  \
         printf(\"> %llu %d %d %d %lld\", nsecs, pid, tid, $n, args->ret);\n }}\n}}\n\
         END {{ clear(@first); clear(@second); }}\n"
    )
}

/// What is printed of each call with a text.
const ARGUMENTS: &str = ", $n, args->args[1], args->args[2]";

/// The condition that the call is one of these, if there are any.
fn any(calls: impl Iterator<Item = u32>) -> Option<String> {
    let calls: Vec<String> = calls.map(|call| format!("$n == {call}")).collect();
    (!calls.is_empty()).then(|| calls.join(" || "))
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
    fn it_looks_at_these_cgroups_alone() {
        let script = script(&[4711, 12]);
        for probe in script.lines().filter(|line| line.starts_with("tracepoint:")) {
            assert!(probe.contains("/cgroup == 4711 || cgroup == 12/"), "{probe}");
        }
        assert_eq!(script.matches("tracepoint:").count(), 2);
    }
}
