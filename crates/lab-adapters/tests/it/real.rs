//! The real strace on small programs: what was done is what is decoded.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lab_adapters::{
    Unreadable,
    strace::{Clock, Decoded, command, decode},
};
use lab_model::Payload;

use crate::forms::shown;

fn runs(program: &str) -> bool {
    Command::new(program).arg("-V").output().is_ok_and(|out| out.status.success())
}

/// Starts `shell` (which reads a line first), attaches strace, lets it go on, and decodes the log.
fn traced(test: &str, shell: &str) -> Option<(Decoded, u32)> {
    if !runs("strace") {
        println!("SKIP {test}: strace is not installed");
        return None;
    }
    let shell = format!("read go; {shell}");
    let mut subject = Command::new("sh");
    let subject = subject.args(["-c", &shell]).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut subject = subject.spawn().unwrap();
    let pid = subject.id();
    let words = command(pid, "/dev/stdout".as_ref());
    let mut strace = Command::new(&words[0]);
    let strace = strace.args(&words[1..]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut strace = strace.spawn().unwrap();
    if !attached(pid, &mut strace) {
        let _ = subject.kill();
        let (_, out) = (subject.wait(), strace.wait_with_output().unwrap());
        println!("SKIP {test}: strace may not attach here: {}", String::from_utf8_lossy(&out.stderr));
        return None;
    }
    subject.stdin.take().unwrap().write_all(b"\n").unwrap();
    let out = strace.wait_with_output().unwrap();
    subject.wait().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let decoded = decode(&out.stdout, pid, "strace@host", Clock { offset_ns: 0, error_ns: 0 });
    let log = String::from_utf8_lossy(&out.stdout);
    assert!(!log.contains("not to be logged"));
    let near = |bad: &Unreadable| {
        log.lines().skip(bad.line.saturating_sub(4)).take(5).collect::<Vec<_>>().join("\n")
    };
    let unreadable: Vec<_> = decoded.unreadable.iter().map(|bad| format!("{bad}:\n{}", near(bad))).collect();
    assert!(unreadable.is_empty(), "{}", unreadable.join("\n"));
    assert!(decoded.unended.is_empty());
    assert!(decoded.counters.programs["log"].holds());
    Some((decoded, pid))
}

/// True once the subject has a tracer; false if strace ended instead.
fn attached(pid: u32, strace: &mut Child) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end && strace.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        if status.lines().any(|line| line.starts_with("TracerPid:") && !line.ends_with("\t0")) {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// Events of files below `work` and of everything but files; pids named by the order in which they are seen, the
/// subject's first.
fn told(decoded: &Decoded, subject: u32, work: &Path) -> Vec<String> {
    let mut events = decoded.events.clone();
    events.retain(|event| match &event.payload {
        Payload::Open(open) => open.path.contains(work.to_str().unwrap()),
        _ => true,
    });
    let mut pids = vec![subject];
    for event in &events {
        let fork = if let Payload::Fork(fork) = &event.payload { Some(fork.child) } else { None };
        for pid in event.image.pid.into_iter().chain(fork) {
            if !pids.contains(&pid) {
                pids.push(pid);
            }
        }
    }
    let name = |mut line: String| {
        for (n, pid) in pids.iter().enumerate() {
            line = line.replace(&format!("child={pid}"), &format!("child=P{n}"));
            if let Some(rest) = line.strip_prefix(&format!("{pid} ")) {
                line = format!("P{n} {rest}");
            }
        }
        line.replace(work.to_str().unwrap(), "W")
    };
    shown(&events).into_iter().map(name).collect()
}

#[test]
fn a_shell_and_its_children() {
    let work = tempfile::tempdir().unwrap();
    let w = work.path().display();
    let shell = format!(
        "(exit 3); (kill -9 $(exec sh -c 'echo $PPID')); echo >{w}/a; exec /bin/sh -c 'exit 5' 'é\"\\'"
    );
    let Some((decoded, subject)) = traced("a_shell_and_its_children", &shell) else { return };
    let told = told(&decoded, subject, work.path());
    let has = |wanted: &str| told.iter().any(|line| line.ends_with(wanted));
    for wanted in [
        "exit code=3",
        "exit signal=9",
        r#"exec argv=["sh","-c","echo $PPID"] path="/bin/sh" result={"ok":0}"#,
        r#"P0 exec argv=["/bin/sh","-c","exit 5","é\"\\\\"] path="/bin/sh" result={"ok":0}"#,
        "P0 exit code=5",
    ] {
        let usr = wanted.replace("path=\"/bin/sh\"", "path=\"/usr/bin/sh\"");
        assert!(has(wanted) || has(&usr), "{wanted} in {told:#?}");
    }
    // Which descriptor it is depends on those that were inherited.
    let opened = r#"P0 open flags=577 path="W/a" result={"ok":"#;
    assert!(told.iter().any(|line| line.starts_with(opened)), "{told:#?}");
    let forks = told.iter().filter(|line| line.contains(" fork ")).count();
    let exits = told.iter().filter(|line| line.contains(" exit ")).count();
    assert_eq!((forks, exits), (3, 4), "{told:#?}");
    let times: Vec<_> = decoded.events.iter().map(|event| event.time).collect();
    assert!(times.iter().all(|time| time.began_ns.is_none_or(|began| began <= time.ns)));
}

const PROGRAM: &str = r##"
import ctypes, os, socket, threading
work = os.environ["W"]
libc = ctypes.CDLL(None, use_errno=True)
def quiet(call, *arguments):
    try: return call(*arguments)
    except OSError: pass
odd = work.encode() + b"/a \"\\\x01\xff\n7"
os.close(os.open(odd, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
quiet(os.open, odd, os.O_RDWR | os.O_CREAT | os.O_EXCL)
quiet(os.open, work + "/none", os.O_RDONLY)
quiet(os.open, work + "/none/" + "n" * 300, os.O_WRONLY)
os.rename(odd, work + "/b")
quiet(os.rename, work + "/none", work + "/c")
os.unlink(work + "/b")
quiet(os.unlink, work + "/b")
os.mkdir(work + "/d"); os.rmdir(work + "/d")
os.mkfifo(work + "/f"); os.link(work + "/f", work + "/g"); os.symlink("/etc", work + "/l")
os.chmod(work + "/f", 0o2640); os.chown(work + "/f", -1, os.getegid()); quiet(os.chown, work + "/none", 1, 2)
quiet(os.truncate, work + "/none", 5); quiet(os.mkdir, work + "/none/d")
four = socket.socket()
four.bind(("127.0.0.1", 0)); four.listen()
port = four.getsockname()[1]
client = socket.socket(); client.connect(("127.0.0.1", port))
four.accept()
client.send(b"not to be logged")
four.setblocking(False); quiet(four.accept)
closed = socket.socket(); closed.bind(("127.0.0.1", 0))
quiet(socket.socket().connect, closed.getsockname())
unix = socket.socket(socket.AF_UNIX); unix.bind("\0sightline-" + str(os.getpid()))
quiet(socket.socket(socket.AF_UNIX).connect, work + "/no\nsocket")
def thread(): os.close(os.open(work, os.O_RDONLY | os.O_DIRECTORY))
t = threading.Thread(target=thread); t.start(); t.join()
pid = os.fork()
if pid == 0: os._exit(7)
os.waitpid(pid, 0)
os.setresuid(-1, os.geteuid(), -1)
libc.setfsuid(os.geteuid())
libc.setgroups(1 << 20, None)
quiet(os.execv, work + "/none", ["a", "x" * 5000])
open(work + "/facts", "w").write(f"{port} {closed.getsockname()[1]} {os.geteuid()} {os.getpid()} {pid}")
threading.Thread(target=lambda: os.execv("/bin/sh", ["sh", "-c", "exit 9"])).start()
threading.Event().wait(20)
"##;

#[test]
fn every_kind_of_call_and_its_errors() {
    let test = "every_kind_of_call_and_its_errors";
    if !runs("python3") {
        println!("SKIP {test}: python3 is not installed");
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let program = tempfile::tempdir().unwrap();
    fs::write(program.path().join("program.py"), PROGRAM).unwrap();
    let shell =
        format!("W={} exec python3 -I -S {}/program.py", work.path().display(), program.path().display());
    let Some((decoded, _)) = traced(test, &shell) else { return };
    let facts = fs::read_to_string(work.path().join("facts")).unwrap();
    let [port, closed, uid, pid, child] = facts.split(' ').collect::<Vec<_>>()[..] else { panic!("{facts}") };
    let pid: u32 = pid.parse().unwrap();
    let mut events = decoded.events.clone();
    events.retain(|event| event.image.pid == Some(pid));
    let all = shown(&events).join("\n").replace(work.path().to_str().unwrap(), "W");
    let odd = serde_json::to_string(r#"W/a "\\"#).unwrap();
    let odd = format!("{}\\u0001\\\\xff\\n7\"", odd.trim_end_matches('"'));
    let cut = format!(
        r#"exec argv=["a","{}"] argv_truncated=true path="W/none" result={{"errno":"ENOENT"}}"#,
        "x".repeat(4096)
    );
    for wanted in [
        format!("open flags=524482 path={odd} result={{\"ok\":"),
        format!("open flags=524482 path={odd} result={{\"errno\":\"EEXIST\"}}"),
        r#"open flags=524288 path="W/none" result={"errno":"ENOENT"}"#.into(),
        format!(r#"open flags=524289 path="W/none/{}" result={{"errno":"ENOENT"}}"#, "n".repeat(300)),
        format!(r#"rename from={odd} result={{"ok":0}} to="W/b""#),
        r#"rename from="W/none" result={"errno":"ENOENT"} to="W/c""#.into(),
        r#"unlink path="W/b" result={"ok":0}"#.into(),
        r#"unlink path="W/b" result={"errno":"ENOENT"}"#.into(),
        r#"unlink directory=true path="W/d" result={"ok":0}"#.into(),
        r#"mknod device=0 mode=4534 path="W/f" result={"ok":0}"#.into(),
        r#"link from="W/f" result={"ok":0} to="W/g""#.into(),
        r#"symlink path="W/l" result={"ok":0} to="/etc""#.into(),
        r#"chmod mode=1440 path="W/f" result={"ok":0}"#.into(),
        r#" owner=null path="W/f" result={"ok":0}"#.into(),
        r#"chown group=2 owner=1 path="W/none" result={"errno":"ENOENT"}"#.into(),
        r#"truncate length=5 path="W/none" result={"errno":"ENOENT"}"#.into(),
        r#"mkdir mode=511 path="W/none/d" result={"errno":"ENOENT"}"#.into(),
        r#"bind address={"family":"inet","ip":"127.0.0.1","port":0} result={"ok":0}"#.into(),
        format!(r#"connect address={{"family":"inet","ip":"127.0.0.1","port":{port}}} result={{"ok":0}}"#),
        r#"accept peer={"family":"inet","ip":"127.0.0.1","port":"#.into(),
        r#"accept result={"errno":"EAGAIN"}"#.into(),
        r#"listen backlog="#.into(),
        format!(r#"connect address={{"family":"inet","ip":"127.0.0.1","port":{closed}}} result={{"errno":"ECONNREFUSED"}}"#),
        format!(r#"bind address={{"abstract":true,"family":"unix","path":"sightline-{pid}"}} result={{"ok":0}}"#),
        r#"connect address={"abstract":false,"family":"unix","path":"W/no\nsocket"} result={"errno":"ENOENT"}"#.into(),
        r#" open flags=589824 path="W" result={"ok":"#.into(),
        format!("fork child={child}"),
        format!(r#"setid call="setresuid" requested=[null,{uid},null] result={{"ok":0}}"#),
        format!(r#"setid call="setfsuid" requested=[{uid}] result={{"ok":{uid}}}"#),
        r#"setid call="setgroups" requested=[] result={"errno":"E"#.into(),
        cut,
        format!("{pid} exec argv=[\"sh\",\"-c\",\"exit 9\"] path=\"/bin/sh\" result={{\"ok\":0}}"),
        format!("{pid} exit code=9"),
    ] {
        assert!(all.contains(&wanted), "{wanted} in\n{all}");
    }
    let by_thread = events.iter().find(|event| matches!(&event.payload, Payload::Open(o) if o.path.to_str_lossy() == work.path().to_str().unwrap()));
    assert_ne!(by_thread.unwrap().image.tid, Some(pid), "a thread's call belongs to its process");
    assert_eq!(events.iter().filter(|event| matches!(event.payload, Payload::Exit(_))).count(), 1);
    let ended = decoded.events.iter().find(|event| event.image.pid == child.parse().ok()).unwrap();
    assert!(matches!(&ended.payload, Payload::Exit(exit) if exit.code == Some(7)));
    let last = events.iter().rev().find(|event| matches!(event.payload, Payload::Exec(_))).unwrap();
    assert!(last.image.exec_seq >= Some(3), "the shell, python and the shell again: {:?}", last.image);
}
