//! Acts that are really performed are proven, and nobody hangs if something dies.

use lab_act::witness::Witnesses;
use lab_model::{ActKind, Order, Outcome, Payload, Placement, Reply};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    cases::{self, act, link},
    stage::{ACTOR, Actor, Folder, KEY, families, observe, proven, root},
};

#[test]
fn each_kind_is_proven() {
    if !root("each_kind_is_proven") {
        return;
    }
    let (folder, mut witnesses) = (Folder::new(), Witnesses::start(KEY).unwrap());
    let mut actor = Actor::start(ACTOR);
    for case in cases::all(&folder, &witnesses) {
        let (receipt, words) = observe(&mut actor, &mut witnesses, &case.act);
        assert_eq!(families(&words), case.families, "{}: {words:#?}\n{receipt:#?}", case.name);
        assert!(proven(&case.act, &receipt, &words), "{}: {words:#?}", case.name);
    }
    witnesses.finish();
}

#[test]
fn a_chain_runs_where_it_is_told_to() {
    if !root("a_chain_runs_where_it_is_told_to") {
        return;
    }
    let (folder, mut witnesses) = (Folder::new(), Witnesses::start(KEY).unwrap());
    let mut actor = Actor::start(ACTOR);
    for (placement, processes) in [(Placement::Forked, 3), (Placement::InPlace, 1)] {
        let mut act = act(1, ActKind::Read { path: "/etc/shadow".to_owned() });
        act.via = ["one", "two", "three"].map(|image| link(&folder, image, placement)).to_vec();
        let (receipt, _) = observe(&mut actor, &mut witnesses, &act);
        let words: Vec<_> = receipt.steps.iter().map(|step| step.payload.action().word()).collect();
        let forks = words.iter().filter(|word| **word == "fork").count();
        let exits = words.iter().filter(|word| **word == "exit").count();
        assert_eq!((forks, exits), (processes, processes), "{words:?}");
        assert_eq!(words.iter().filter(|word| **word == "exec").count(), 3);
        let principal = &receipt.steps[receipt.principal.unwrap()];
        assert!(matches!(&principal.payload, Payload::Open(open) if open.path == "/etc/shadow".into()));
        assert!(
            receipt.steps.iter().all(|step| step.process.start_ticks > 0 && step.began_ns <= step.ended_ns)
        );
    }
}

#[test]
fn what_is_refused_is_a_result() {
    let mut actor = Actor::start(ACTOR);
    actor.perform(&act(1, ActKind::Read { path: "/nonexistent/sl".to_owned() }));
    let Some(Reply::Held { receipt }) = actor.reply() else { panic!("not held") };
    let principal = &receipt.steps[receipt.principal.unwrap()];
    assert_eq!(principal.payload.result(), Some(Outcome::Errno(lab_model::Errno(libc::ENOENT))));
    assert_eq!(receipt.error, None);
}

#[test]
fn what_cannot_be_performed_is_said() {
    let mut actor = Actor::start(ACTOR);
    let error_of = |actor: &mut Actor, kind| {
        actor.perform(&act(1, kind));
        let Some(Reply::Held { receipt }) = actor.reply() else { panic!("not held") };
        actor.order(&Order::Release);
        assert!(matches!(actor.reply(), Some(Reply::Done { .. })));
        receipt.error.unwrap()
    };
    assert_eq!(error_of(&mut actor, ActKind::Exec), "execute: the chain of images is empty");
    let kind = ActKind::Serve { address: "nowhere".to_owned() };
    assert_eq!(error_of(&mut actor, kind), "use `nowhere` as an address: expected IP:PORT");
    let kind = ActKind::Setid { call: lab_model::SetIdCall::Setuid, ids: vec![] };
    assert_eq!(error_of(&mut actor, kind), "call setuid: it does not take 0 ids");

    let failed = |actor: &Actor| match actor.reply() {
        Some(Reply::Failed { message }) => message,
        other => panic!("{other:?}"),
    };
    actor.line("{\"order\":\"dance\"}\n");
    assert!(failed(&actor).starts_with("read an order: unknown variant `dance`"));
    actor.order(&Order::Release);
    assert_eq!(failed(&actor), "release an act: none is held");
    actor.order(&Order::Mark { path: "/nonexistent/sightline-mark-start-sl0".to_owned(), question: None });
    assert!(matches!(actor.reply(), Some(Reply::Marked { .. })));
    actor.order(&Order::Stop);
    assert!(actor.reply().is_none());
    assert!(actor.child.wait().unwrap().success());
}

#[test]
fn a_killed_actor_hangs_nobody() {
    if !root("a_killed_actor_hangs_nobody") {
        return;
    }
    let mut witnesses = Witnesses::start(KEY).unwrap();
    let mut actor = Actor::start(ACTOR);
    let act = act(1, ActKind::Read { path: "/etc/hostname".to_owned() });
    witnesses.actor(actor.child.id());
    witnesses.before(&act);
    actor.perform(&act);
    let Some(Reply::Held { receipt }) = actor.reply() else { panic!("not held") };
    let process = receipt.steps[receipt.principal.unwrap()].process.pid;
    let ended = crate::traced::watch(process);
    actor.child.kill().unwrap();
    assert!(actor.reply().is_none());
    // Its processes notice that nobody will release them.
    crate::traced::await_end(&ended);
    witnesses.held(&act, &receipt);
    let words = witnesses.after(&act, &receipt);
    assert!(!families(&words).contains(&lab_model::Family::Kernel), "{words:#?}");
}

#[test]
fn a_killed_process_of_an_act_is_told() {
    if !root("a_killed_process_of_an_act_is_told") {
        return;
    }
    let folder = Folder::new();
    let mut actor = Actor::start(ACTOR);
    let mut serve = act(1, ActKind::Serve { address: "127.0.0.1:0".to_owned() });
    serve.via = ["one", "two"].map(|image| link(&folder, image, Placement::Forked)).to_vec();
    for depth in [0, 1] {
        actor.perform(&serve);
        assert!(matches!(actor.reply(), Some(Reply::Listening { .. })));
        let line = crate::traced::line_below(actor.child.id());
        kill(Pid::from_raw(line[depth].cast_signed()), Signal::SIGKILL).unwrap();
        if depth == 0 {
            // The first is gone, so its child has nobody to mind it; it gives up when the act is let go.
            kill(Pid::from_raw(line[1].cast_signed()), Signal::SIGKILL).unwrap();
        }
        let Some(Reply::Held { receipt }) = actor.reply() else { panic!("not held") };
        assert!(receipt.error.unwrap().contains("ended before"));
        actor.order(&Order::Release);
        let Some(Reply::Done { receipt }) = actor.reply() else { panic!("not done") };
        let killed = receipt
            .steps
            .iter()
            .any(|step| matches!(step.payload, Payload::Exit(exit) if exit.signal == Some(9)));
        assert!(killed, "{receipt:#?}");
    }
}

#[test]
fn an_actor_whose_lab_is_gone_ends() {
    let mut actor = Actor::start(ACTOR);
    actor.perform(&act(1, ActKind::Serve { address: "127.0.0.1:0".to_owned() }));
    assert!(matches!(actor.reply(), Some(Reply::Listening { .. })));
    actor.hang_up();
    assert!(actor.reply().is_none());
    assert!(!actor.child.wait().unwrap().success());
}

#[test]
fn orders_too_long_for_an_image_are_told() {
    if !root("orders_too_long_for_an_image_are_told") {
        return;
    }
    let folder = Folder::new();
    let mut actor = Actor::start(ACTOR);
    let mut long = act(1, ActKind::Write { path: folder.path("canary/long"), content: "x".repeat(2 << 20) });
    for (via, error) in [(vec![link(&folder, "one", Placement::Forked)], true), (Vec::new(), false)] {
        long.via = via;
        actor.perform(&long);
        let Some(Reply::Held { .. }) = actor.reply() else { panic!("not held") };
        actor.order(&Order::Release);
        let Some(Reply::Done { receipt }) = actor.reply() else { panic!("not done") };
        assert_eq!(receipt.error.is_some_and(|e| e.starts_with("pass the orders on: a message of")), error);
    }
    assert_eq!(std::fs::metadata(folder.path("canary/long")).unwrap().len(), 2 << 20);
}

#[test]
fn a_helper_is_no_resident_actor_for_whoever_starts_it() {
    if !root("a_helper_is_no_resident_actor_for_whoever_starts_it") {
        return;
    }
    use std::{os::unix::process::CommandExt as _, process::Command};
    let folder = Folder::new();
    let output = Command::new(folder.path("bin/helper")).env_clear().uid(65534).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("a set-user-id image is no resident actor"), "{errors}");
}

#[test]
fn a_helper_takes_orders_from_root_alone() {
    if !root("a_helper_takes_orders_from_root_alone") {
        return;
    }
    use std::{
        os::{fd::AsRawFd as _, unix::net::UnixDatagram, unix::process::CommandExt as _},
        process::Command,
    };
    let folder = Folder::new();
    let helper = folder.path("bin/helper");
    let pair = || {
        // SAFETY: takes three numbers; the raw call concerns this thread alone, which ends after this.
        assert_eq!(unsafe { libc::syscall(libc::SYS_setresuid, 65534, 65534, 65534) }, 0);
        UnixDatagram::pair().unwrap()
    };
    let (ours, theirs) = std::thread::spawn(pair).join().unwrap();
    let fd = theirs.as_raw_fd();
    let mut command = Command::new(helper);
    command.uid(65534).env("SIGHTLINE_ACT", "900,901");
    // Numbers that no other test of this process has open: a descriptor that is made its own copy is closed at exec.
    // SAFETY: dup2 takes two numbers and may be called between fork and exec.
    unsafe {
        command.pre_exec(move || {
            libc::dup2(fd, 900);
            libc::dup2(fd, 901);
            Ok(())
        });
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("takes them from root alone"), "{errors}");
    drop(ours);
}
