//! Images that two sensors know differently.

use lab_model::{Payload, ScenarioRecord};

use crate::{
    facts::{one_act, show},
    sample::event,
    world::exec,
};

/// The path and the executable of an image as each of two sensors tells them.
fn told(sensors: [(&str, Option<&str>); 2]) -> ScenarioRecord {
    let mut record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        w.step(pid, exec("/bin/a", &["a"]));
        let child = w.fork(pid, false);
        w.call(child, exec("/bin/b", &["b"]));
        w.exit(pid, true);
    });
    for (pass, (path, exe)) in sensors.into_iter().enumerate() {
        let is = |payload: &Payload| matches!(payload, Payload::Exec(exec) if exec.path.as_bytes().ends_with(b"/b"));
        let Payload::Exec(exec) = &mut event(&mut record, pass, is).payload else { unreachable!() };
        (exec.path, exec.exe) = (path.into(), exe.map(Into::into));
    }
    record
}

#[test]
fn one_that_knows_only_what_was_found_tells_the_same_fact() {
    let (asked, found) = (("/bin/b", Some("/usr/bin/b")), ("/usr/bin/b", Some("/usr/bin/b")));
    let expected = "exec /bin/a a (act 1)\n  exec /bin/b b\n  exit\n";
    assert_eq!(show(&told([asked, found])), expected);
    assert_eq!(show(&told([found, asked])), expected);
}

#[test]
fn two_that_know_what_was_asked_for_tell_two() {
    let tree = show(&told([("/bin/b", Some("/usr/bin/b")), ("/sbin/b", Some("/usr/bin/b"))]));
    assert!(tree.contains("exec /bin/b") && tree.contains("exec /sbin/b"), "{tree}");
    let tree = show(&told([("/bin/b", None), ("/usr/bin/b", Some("/usr/bin/b"))]));
    assert!(tree.contains("exec /bin/b") && tree.contains("exec /usr/bin/b"), "{tree}");
}

#[test]
fn what_one_sensor_knows_less_of_is_still_one_fact() {
    let mut record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        w.step(pid, exec("/bin/a", &["a", "long"]));
        let child = w.fork(pid, false);
        w.call(child, exec("/bin/b", &["b", "long"]));
        w.exit(child, false);
        w.exit(pid, true);
    });
    for (pass, path, argv) in [(0, "/bin/a", None), (1, "/bin/b", Some(vec!["b".into(), "lo".into()]))] {
        let is = |payload: &Payload| matches!(payload, Payload::Exec(exec) if exec.path.contains(path));
        let Payload::Exec(exec) = &mut event(&mut record, pass, is).payload else { unreachable!() };
        (exec.argv_truncated, exec.argv) = (argv.is_some(), argv);
    }
    let expected = "exec /bin/a a long (act 1)\n  exec /bin/b b long\n    exit\n  exit\n";
    assert_eq!(show(&record), expected);
}
