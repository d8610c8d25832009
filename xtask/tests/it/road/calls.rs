//! The kernel's audit beside the probe: what it says of each call that it is asked for agrees with what the probe says.

use std::fs;

use super::{
    code,
    observe::{Desk, has},
    report, turn,
};

/// Every call that the audit rule names and no act makes, once as it should be and once refused where that can be had.
const PROGRAM: &str = r#"
import ctypes, os, signal, struct
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    return libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
HERE, NOBODY = -100, 0x3ffffff
call(272, 0x20000)                                          # unshare
call(165, b"none", b"/", None, 1 << 14 | 1 << 18, None)     # mount: private
call(272, 0)
for _ in range(2): call(83, b"d", 0o700)                    # mkdir
call(258, HERE, b"e", 0o1777)                               # mkdirat
open("f", "w").close()
fd = os.open("f", os.O_RDWR)
open("q", "w").close(); open("r", "w").close()
call(82, b"q", b"r"); call(82, b"none", b"x")                # rename, over another
for _ in range(2): call(86, b"f", b"g")                     # link
call(265, HERE, b"f", HERE, b"h", 0)                        # linkat
call(265, HERE, b"none", HERE, b"i", 0)
for _ in range(2): call(88, b"/nowhere", b"l")              # symlink
call(266, b"/nowhere", HERE, b"m")                          # symlinkat
call(90, b"f", 0o4755); call(90, b"none", 0)                # chmod
call(91, fd, 0o600); call(91, -1, 0)                        # fchmod
call(268, HERE, b"f", 0o640); call(268, HERE, 8, 0)         # fchmodat
call(92, b"f", -1, 7); call(92, b"none", 1, 2)              # chown
call(94, b"l", 0, -1)                                       # lchown
call(93, fd, 0, 0); call(93, -1, 0, 0)                      # fchown
call(260, HERE, b"f", 1, 2, 0)                              # fchownat
call(76, b"f", 8); call(76, b"none", 8)                     # truncate
call(77, fd, 1 << 33); call(77, fd, -1)                     # ftruncate
for _ in range(2): call(133, b"p", 0o10600, 77)             # mknod
call(259, HERE, b"c", 0o20666, 0x103)                       # mknodat
call(50, -1, -1)                                            # listen
call(101, 16, NOBODY, 0, 0)                                 # ptrace
call(310, NOBODY, 0, 0, 0, 0, 0)                            # process_vm_readv
call(311, NOBODY, 0, 0, 0, 0, 0)                            # process_vm_writev
head, sets = struct.pack("IiI", 0x20080522, 0, 0), ctypes.create_string_buffer(24)
call(125, head, sets); call(126, head, sets)                # capset, of what capget says
call(126, 8, 8)
call(308, -1, 0x40000000)                                   # setns
child = os.fork()
if child == 0: signal.pause()
call(62, child, 0); call(62, NOBODY, 15)                    # kill
call(200, NOBODY, 10)                                       # tkill
call(234, NOBODY, NOBODY, 12)                               # tgkill
call(129, NOBODY, 15, 8)                                    # rt_sigqueueinfo
call(297, NOBODY, NOBODY, 15, 8)                            # rt_tgsigqueueinfo
call(424, -1, 9, 0, 0)                                      # pidfd_send_signal
call(62, child, 9); os.waitpid(child, 0)
call(317, 7, 0, 0)                                          # seccomp
call(135, 0xffffffff); call(135, 0x0040000)                 # personality
call(165, b"none", b"d", b"tmpfs", 2, None)                 # mount
call(165, b"none", b"none", b"tmpfs", 0, None)
call(165, b"e", b"e", None, 4096, None)
call(166, b"d", 2); call(166, b"d", 0)                      # umount2
call(155, b"d", b"e")                                       # pivot_root
call(175, 0, 0, b"")                                        # init_module
call(313, -1, b"", 0)                                       # finit_module
call(176, b"none", 0)                                       # delete_module
call(321, 9999, 0, 0)                                       # bpf
call(248, b"user", b"lab", None, 0, 0)                      # add_key
call(249, b"user", b"none", None, 0)                        # request_key
call(250, 0, 0, 0)                                          # keyctl
call(425, 0, ctypes.create_string_buffer(256))              # io_uring_setup
"#;

/// What auditd is asked for and can tell, of what it and the probe say. What lies in the caller's memory it cannot.
const TOLD: &str = "select action, call, case when call = 'mount' or action in ('module', 'keyctl') then null else path end as path,
    path_to, mode, owner, owner_group, length, device, backlog, operation, signal, ret, error,
    case when action = 'io-uring' then null else options end as options,
    case when action = 'capability' then null else target_pid end as target_pid
    from events where comm = 'python3' and instance = '{}@host'
    and action not in ('exec', 'fork', 'exit', 'open', 'read', 'write', 'memfd')";

#[test]
fn auditd_says_of_every_call_what_the_probe_says() {
    let test = "calls::auditd_says_of_every_call_what_the_probe_says";
    let Some(_turn) = turn(test) else { return };
    if !has("python3", test) || !has("auditctl", test) {
        return;
    }
    let desk = Desk::new();
    fs::write(desk.lab.path("calls.py"), PROGRAM).unwrap();
    let program = desk.lab.path("calls.py").to_string_lossy().into_owned();
    let sensors = ["--sensor", "probe", "--sensor", "auditd"];
    let output = desk.observe(&sensors, &["python3", "-I", "-S", &program]).output().unwrap();
    // Nothing is blessed yet, and nothing was lost.
    code(&output, 1);
    let [probe, auditd] = ["probe", "auditd"].map(|sensor| format!("({})", TOLD.replace("{}", sensor)));
    let ask = |from: &str, but: &str| {
        let question = format!("select action, error from ({from} except all {but}) order by all");
        let output = desk.lab.xtask(&["query", "--json", "--no-install", &question]).output().unwrap();
        code(&output, 0);
        report(&output)
    };
    assert_eq!(ask(&auditd, &probe), serde_json::json!([]), "auditd says otherwise");
    // Refused, with a record of the folder alone.
    let unnamed = [
        ("link", "EEXIST"),
        ("link", "ENOENT"),
        ("mkdir", "EEXIST"),
        ("mknod", "EEXIST"),
        ("rename", "ENOENT"),
        ("symlink", "EEXIST"),
    ];
    let unnamed = unnamed.map(|(action, error)| serde_json::json!({ "action": action, "error": error }));
    assert_eq!(ask(&probe, &auditd), serde_json::json!(unnamed), "what auditd does not say");
    let question = format!("select count(distinct action) as actions from {auditd}");
    let output = desk.lab.xtask(&["query", "--json", "--no-install", &question]).output().unwrap();
    assert_eq!(report(&output), serde_json::json!([{ "actions": 21 }]));
}
