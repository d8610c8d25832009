//! Forms of lines, one by one.

use lab_adapters::strace::{Clock, Decoded, command, decode, seen_at};
use lab_model::{Action, Event, LossCause, Payload};

pub(crate) const CLOCK: Clock = Clock { offset_ns: 1_000_000_000, error_ns: 10 };

pub(crate) fn decoded(log: &str) -> Decoded {
    decode(log.as_bytes(), 100, "strace@host", CLOCK)
}

/// `action pid/tid#image payload` of each event, short enough to compare.
pub(crate) fn shown(events: &[Event]) -> Vec<String> {
    let show = |event: &Event| {
        let mut payload = serde_json::to_value(&event.payload).unwrap();
        let fields = payload.as_object_mut().unwrap();
        let action = fields.remove("action").unwrap();
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let (pid, tid) = (event.image.pid.unwrap_or(0), event.image.tid.unwrap_or(0));
        let who = if pid == tid { pid.to_string() } else { format!("{pid}/{tid}") };
        format!("{who} {} {}", action.as_str().unwrap(), fields.join(" "))
    };
    events.iter().map(show).collect()
}

/// The one event that a line makes of process 100, without what stands before its payload.
pub(crate) fn one(line: &str) -> String {
    let decoded = decoded(&format!("100   2.000000000 {line}\n100   3.000000000 +++ exited with 0 +++\n"));
    assert_eq!(decoded.unreadable, [], "{line}");
    assert!(decoded.unended.is_empty(), "{line}");
    let shown = shown(&decoded.events[..decoded.events.len() - 1]);
    shown.join("; ").trim_start_matches("100 ").to_owned()
}

#[test]
fn one_line_one_event() {
    for (line, event) in [
        (
            r#"execve("/bin/sh", ["sh", "-c", "a\n\303\251\377"], 0x7f /* 3 vars */) = 0 <0.5>"#,
            r#"exec argv=["sh","-c","a\né\\xff"] path="/bin/sh" result={"ok":0}"#,
        ),
        (
            r#"execve("/x", ["a", "bc"...], 0x7f /* 1 var */) = -1 EACCES (Permission denied)"#,
            r#"exec argv=["a","bc"] argv_truncated=true path="/x" result={"errno":"EACCES"}"#,
        ),
        (
            r#"execve("/x", ["a", "b", ...], 0x7f) = -1 E2BIG (Argument list too long)"#,
            r#"exec argv=["a","b"] argv_truncated=true path="/x" result={"errno":"E2BIG"}"#,
        ),
        (
            r#"execve("/x", NULL, NULL) = -1 ENOENT (No)"#,
            r#"exec argv=[] path="/x" result={"errno":"ENOENT"}"#,
        ),
        (r#"execve(0x1, 0x2, NULL) = -1 EFAULT (Bad)"#, r#"exec path="" result={"errno":"EFAULT"}"#),
        (
            r#"execveat(3, "", ["a"], 0x7f /* 0 vars */, AT_EMPTY_PATH) = 0"#,
            r#"exec argv=["a"] path="" result={"ok":0}"#,
        ),
        (
            r#"openat(AT_FDCWD, "/a,\")", O_RDWR|O_CREAT|O_TRUNC|0x40000000 /* O_??? */, 0666) = 3 <0.000000007>"#,
            r#"open flags=1073742402 path="/a,\")" result={"ok":3}"#,
        ),
        (
            r#"open("/a", O_ACCMODE|__O_TMPFILE) = -1 EISDIR (x)"#,
            r#"open flags=4194307 path="/a" result={"errno":"EISDIR"}"#,
        ),
        (r#"creat("/a", 0644) = 4"#, r#"open flags=577 path="/a" result={"ok":4}"#),
        (
            r#"openat2(AT_FDCWD, "/a", {flags=O_RDONLY|O_CLOEXEC, resolve=RESOLVE_BENEATH}, 24) = 5"#,
            r#"open flags=524288 path="/a" result={"ok":5}"#,
        ),
        (
            r#"openat2(AT_FDCWD, "/a", NULL, 24) = -1 EFAULT (Bad address)"#,
            r#"open flags=0 path="/a" result={"errno":"EFAULT"}"#,
        ),
        (r#"unlink("/a") = 0"#, r#"unlink path="/a" result={"ok":0}"#),
        (
            r#"rmdir("/a") = -1 ENOTEMPTY (x)"#,
            r#"unlink directory=true path="/a" result={"errno":"ENOTEMPTY"}"#,
        ),
        (r#"unlinkat(3, "a", AT_REMOVEDIR) = 0"#, r#"unlink directory=true path="a" result={"ok":0}"#),
        (r#"unlinkat(AT_FDCWD, "a", 0) = 0"#, r#"unlink path="a" result={"ok":0}"#),
        (r#"rename("a", "b") = 0"#, r#"rename from="a" result={"ok":0} to="b""#),
        (
            r#"renameat2(AT_FDCWD, "a", 4, "b", RENAME_NOREPLACE) = -1 EEXIST (x)"#,
            r#"rename from="a" result={"errno":"EEXIST"} to="b""#,
        ),
        (
            r#"connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("10.0.0.1")}, 16) = -1 EINPROGRESS (x)"#,
            r#"connect address={"family":"inet","ip":"10.0.0.1","port":80} result={"errno":"EINPROGRESS"}"#,
        ),
        (
            r#"connect(3, {sa_family=AF_INET6, sin6_port=htons(1), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, 28) = 0"#,
            r#"connect address={"family":"inet6","ip":"::1","port":1} result={"ok":0}"#,
        ),
        (
            r#"bind(3, {sa_family=AF_UNIX, sun_path=@"a\0b"}, 6) = 0"#,
            "bind address={\"abstract\":true,\"family\":\"unix\",\"path\":\"a\\u0000b\"} result={\"ok\":0}",
        ),
        (
            r#"connect(3, {sa_family=AF_UNSPEC, sa_data="\0\0"}, 16) = 0"#,
            r#"connect address={"family":"other","number":0} result={"ok":0}"#,
        ),
        (
            r#"bind(3, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12) = 0"#,
            r#"bind address={"family":"other","number":16} result={"ok":0}"#,
        ),
        (
            r#"accept4(3, {sa_family=AF_UNIX}, [110 => 2], SOCK_CLOEXEC) = 4"#,
            r#"accept peer={"abstract":false,"family":"unix","path":""} result={"ok":4}"#,
        ),
        (r#"accept(3, NULL, NULL) = -1 EAGAIN (x)"#, r#"accept result={"errno":"EAGAIN"}"#),
        (
            r#"accept(3, 0x7ff, [16]) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)"#,
            r#"accept result={"errno":"EINTR"}"#,
        ),
        (
            r#"setresuid(-1, 65534, 0) = 0"#,
            r#"setid call="setresuid" requested=[null,65534,0] result={"ok":0}"#,
        ),
        (r#"setuid32(4294967294) = 0"#, r#"setid call="setuid" requested=[4294967294] result={"ok":0}"#),
        (
            r#"setgroups(2, [1, 2]) = -1 EPERM (x)"#,
            r#"setid call="setgroups" requested=[1,2] result={"errno":"EPERM"}"#,
        ),
        (r#"setgroups(0, NULL) = 0"#, r#"setid call="setgroups" requested=[] result={"ok":0}"#),
        (r#"clone(child_stack=NULL, flags=SIGCHLD) = -1 EAGAIN (x)"#, ""),
        (r#"getpid() = 100"#, ""),
        (r#"accept4(3,  <unfinished ...>) = ?"#, ""),
        (r#"openat(AT_FDCWD, "/a", O_RDONLY) = ? <unavailable>"#, ""),
        (r#"--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED} ---"#, ""),
    ] {
        assert_eq!(one(line), event, "{line}");
    }
}

#[test]
fn what_has_no_place_stays_in_raw() {
    let log =
        "100 2.0 unlinkat(3, \"a\", 0) = 0\n100 2.1 openat(AT_FDCWD, \"b\", O_RDONLY|O_CREAT, 0600) = 3\n";
    let decoded = decoded(log);
    assert_eq!(decoded.events[0].raw["dirfd"], "3");
    assert_eq!(decoded.events[0].raw["line"], 1);
    assert_eq!(decoded.events[1].raw["mode"], "0600");
    assert!(!decoded.events[1].raw.contains_key("dirfd"));
}

#[test]
fn calls_in_two_parts_and_threads_that_run_before_they_are_known() {
    let log = r#"100   2.000000000 vfork( <unfinished ...>
101   2.100000000 execve("/bin/id", ["id"], 0x1 /* 1 var */) = 0 <0.05>
100   2.200000000 <... vfork resumed>) = 101 <0.190000000>
101   2.300000000 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0} => {parent_tid=[102]}, 88 <unfinished ...>
102   2.400000000 openat(AT_FDCWD, "/a", O_RDONLY <unfinished ...>
101   2.500000000 <... clone3 resumed>) = 102
102   2.600000000 <... openat resumed>) = 3
101   2.700000000 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
103   2.710000000 +++ killed by SIGSEGV (core dumped) +++
101   2.720000000 <... clone resumed>, child_tidptr=0x1) = 103
102   2.800000000 +++ exited with 7 +++
101   2.900000000 +++ exited with 7 +++
100   3.000000000 clone(child_stack=NULL, flags=SIGCHLD) = 102
102   3.100000000 unlink("/a") = 0
102   3.200000000 +++ exited with 0 +++
100   3.300000000 +++ killed by SIGKILL +++
"#;
    let decoded = decoded(log);
    assert_eq!((&decoded.unreadable[..], &decoded.unended[..]), (&[][..], &[][..]));
    assert_eq!(
        shown(&decoded.events),
        [
            r#"101 exec argv=["id"] path="/bin/id" result={"ok":0}"#,
            "100 fork child=101",
            r#"101/102 open flags=0 path="/a" result={"ok":3}"#,
            "103 exit signal=11",
            "101 fork child=103",
            "101 exit code=7",
            "100 fork child=102",
            r#"102 unlink path="/a" result={"ok":0}"#,
            "102 exit code=0",
            "100 exit signal=9",
        ]
    );
    let times: Vec<_> = decoded.events[..3].iter().map(|e| (e.time.began_ns.unwrap(), e.time.ns)).collect();
    assert_eq!(
        times,
        [(1_100_000_000, 1_150_000_000), (1_000_000_000, 1_190_000_000), (1_400_000_000, 1_600_000_000)]
    );
    assert_eq!(decoded.events[0].image.exec_seq, Some(2));
    let log = &decoded.counters.programs["log"];
    assert!(log.holds(), "{log:?}");
}

#[test]
fn a_thread_that_execs_becomes_its_process() {
    let log = r#"100   2.000000000 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 101
101   2.100000000 execve("/bin/sh", ["sh"], 0x7 /* 38 vars */ <pid changed to 100 ...>
100   2.200000000 +++ superseded by execve in pid 101 +++
100   2.300000000 <... execve resumed>) = 0 <0.2>
100   2.400000000 +++ exited with 4 +++
"#;
    let decoded = decoded(log);
    let exec = r#"100 exec argv=["sh"] path="/bin/sh" result={"ok":0}"#;
    assert_eq!(shown(&decoded.events), [exec, "100 exit code=4"]);
    assert_eq!((&decoded.unreadable[..], &decoded.unended[..]), (&[][..], &[][..]));
}

#[test]
fn what_cannot_be_read_is_a_loss_and_the_rest_is_read() {
    let log = "100 2.0 unlink(\"/a\") = 0\nnonsense\n100 2.5 openat(AT_FDCWD, \"/a\", O_NEW) = 3\n\
               100 3.0 <... accept resumed>) = 3\n100 4.0 +++ exited with 0 +++\n";
    let decoded = decoded(log);
    let lines: Vec<_> = decoded.unreadable.iter().map(|bad| bad.to_string()).collect();
    assert_eq!(
        lines,
        [
            "read strace's record: line 2: no pid at its beginning",
            "read strace's record: line 3: a call with arguments of an unknown form",
            "read strace's record: line 4: a call goes on whose beginning is not there",
        ]
    );
    let losses: Vec<_> = decoded
        .events
        .iter()
        .filter_map(|event| if let Payload::Loss(loss) = &event.payload { Some(loss) } else { None })
        .map(|loss| (loss.count, loss.of, loss.first_ns, loss.last_ns))
        .collect();
    assert_eq!(
        losses,
        [
            (Some(1), None, 999_999_990, Some(3_000_000_010)),
            (Some(1), Some(Action::Open), 1_499_999_990, Some(1_500_000_010)),
            (Some(1), Some(Action::Accept), 1_999_999_990, Some(2_000_000_010)),
        ]
    );
    assert_eq!(decoded.events.len(), 5);
    assert!(decoded.counters.programs["log"].holds());
    assert_eq!(decoded.counters.lost_total(), 3);
}

#[test]
fn a_log_without_its_end_is_a_loss_without_bound() {
    for log in [
        "",
        "100 2.0 unlink(\"/a\") = 0\n",
        "100 2.0 clone(flags=SIGCHLD) = 101\n101 2.5 unlink(\"/a\") = 0\n100 3.0 +++ exited with 0 +++\n",
    ] {
        let decoded = decoded(log);
        assert_eq!(decoded.unended.len(), 1, "{log}");
        let Payload::Loss(loss) = &decoded.events.last().unwrap().payload else { panic!("{log}") };
        assert_eq!((loss.count, loss.last_ns, loss.cause), (None, None, LossCause::Killed));
    }
    let cut = decoded("100 2.0 unlink(\"/a\") = 0\n100 3.0 +++ exited with 1");
    assert_eq!(cut.unended, [100]);
    assert_eq!(cut.unreadable[0].to_string(), "read strace's record: line 2: cut off: no newline at its end");
    assert!(decoded("100 2.0 accept(3,  <detached ...>\n").unended.is_empty());
}

#[test]
fn markers() {
    let line =
        br#"100   2.500000000 openat(AT_FDCWD, "/w/sightline-mark-start-ab", O_RDONLY <unfinished ...>"#;
    assert_eq!(seen_at(line, "sightline-mark-start-ab", CLOCK), Some(1_500_000_000));
    assert_eq!(seen_at(line, "O_RDONLY", CLOCK), None);
    assert_eq!(seen_at(line, "", CLOCK), None);
}

#[test]
fn no_call_that_carries_data_is_traced() {
    let command = command(7, "/dev/stdout".as_ref());
    let words: Vec<_> = command.iter().map(|word| word.to_str().unwrap()).collect();
    let trace = words.iter().find(|word| word.starts_with("trace=")).unwrap();
    for call in ["read", "write", "sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "pread64", "writev"]
    {
        assert!(!trace.split([',', '=']).any(|traced| traced.trim_start_matches('?') == call), "{call}");
    }
    assert!(!words.iter().any(|word| word.starts_with("-v") || word.starts_with("-q")), "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("signal=")), "{words:?}");
    assert_eq!(words[words.len() - 4..], ["-p", "7", "-o", "/dev/stdout"]);
}
