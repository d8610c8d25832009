//! Acts that are not performed, or not as ordered, stay unproven: act by act.

use lab_act::{
    hash::{key_bytes, keyed_hash},
    witness::Witnesses,
};
use lab_model::{ActKind, Family, Payload, Placement, Receipt, Text};

use crate::{
    believed::{account, caught, lie, principal, truth},
    cases::{self, act, link},
    stage::{ACTOR, Actor, Folder, KEY, LIAR, families, observe, observe_other, proven, root},
};

#[test]
fn no_lie_is_believed() {
    if !root("no_lie_is_believed") {
        return;
    }
    let (folder, mut witnesses) = (Folder::new(), Witnesses::start(KEY).unwrap());
    let mut liar = Actor::start(LIAR);
    for case in cases::all(&folder, &witnesses) {
        let (receipt, words) = observe(&mut liar, &mut witnesses, &case.act);
        assert!(
            families(&words).is_subset(&[Family::Receipt].into()),
            "{}: {words:#?}\n{receipt:#?}",
            case.name
        );
        let own_word: Vec<_> = words.iter().filter(|word| word.family == Family::Receipt).collect();
        assert!(own_word.iter().all(|word| word.observed), "{}: a poor liar: {own_word:#?}", case.name);
        caught(&case.act, &receipt, &words);
    }
}

fn hash(content: &str) -> Option<String> {
    Some(keyed_hash(&key_bytes(KEY).unwrap(), content.as_bytes()))
}

#[test]
fn other_content_is_noticed_outside() {
    if !root("other_content_is_noticed_outside") {
        return;
    }
    let folder = Folder::new();
    let (path, wanted) = (folder.path("canary/x"), "sl1".to_owned());
    for kind in [
        ActKind::Write { path: path.clone(), content: wanted.clone() },
        ActKind::Append { path, content: wanted },
    ] {
        std::fs::write(folder.path("canary/x"), "canary\n").unwrap();
        let mut done = kind.clone();
        if let ActKind::Write { content, .. } | ActKind::Append { content, .. } = &mut done {
            "other".clone_into(content);
        }
        let forge = |receipt: &mut Receipt| principal(receipt).content = hash("sl1");
        assert_eq!(lie(&act(1, kind), &act(1, done), forge), [Family::Receipt, Family::Kernel]);
    }
}

#[test]
fn content_that_was_there_before_proves_nothing() {
    if !root("content_that_was_there_before_proves_nothing") {
        return;
    }
    let folder = Folder::new();
    let (path, content) = (folder.path("canary/x"), "sl1".to_owned());
    std::fs::write(&path, &content).unwrap();
    let act = act(1, ActKind::Write { path, content });
    assert_eq!(lie(&act, &act, |_| {}), [Family::Receipt, Family::Kernel]);
}

#[test]
fn who_could_not_look_contradicts_nobody() {
    if !root("who_could_not_look_contradicts_nobody") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("canary/long");
    std::fs::File::create(&path).unwrap().set_len(65 << 20).unwrap();
    let act = act(1, ActKind::Append { path, content: "sl1".to_owned() });
    let (receipt, words) = account(&act, &act, |_| {});
    let outside = words.iter().find(|word| word.family == Family::Outside).unwrap();
    assert!(!outside.observed && !outside.contradicted, "{outside:?}");
    assert!(words.iter().all(|word| !word.contradicted), "{words:#?}");
    assert!(proven(&act, &receipt, &words), "{words:#?}");
}

#[test]
fn another_file_is_noticed_by_both() {
    if !root("another_file_is_noticed_by_both") {
        return;
    }
    let folder = Folder::new();
    let paths = ["x", "y"].map(|name| folder.path(&format!("canary/{name}")));
    for kind in [
        |path: &str| ActKind::Read { path: path.to_owned() },
        |path: &str| ActKind::Unlink { path: path.to_owned() },
        |path: &str| ActKind::Rename { from: path.to_owned(), to: format!("{path}.new") },
        |path: &str| ActKind::Write { path: path.to_owned(), content: "sl1".to_owned() },
    ] {
        std::fs::write(&paths[0], "canary x").unwrap();
        std::fs::write(&paths[1], "canary y").unwrap();
        let claimed = paths[0].clone();
        let forge = move |receipt: &mut Receipt| match &mut principal(receipt).payload {
            Payload::Open(open) => open.path = Text::from(claimed.as_str()),
            Payload::Unlink(unlink) => unlink.path = Text::from(claimed.as_str()),
            Payload::Rename(rename) => {
                rename.from = Text::from(claimed.as_str());
                rename.to = Text::from(format!("{claimed}.new"));
            }
            _ => panic!("no file"),
        };
        assert_eq!(lie(&act(1, kind(&paths[0])), &act(1, kind(&paths[1])), forge), [Family::Receipt]);
    }
}

#[test]
fn a_connection_without_its_payload_is_noticed() {
    if !root("a_connection_without_its_payload_is_noticed") {
        return;
    }
    let mut witnesses = Witnesses::start(KEY).unwrap();
    let mut actor = Actor::start(ACTOR);
    let address = witnesses.sink().to_string();
    let with =
        |payload: &str| act(1, ActKind::Connect { address: address.clone(), payload: payload.to_owned() });
    let (receipt, words) = observe_other(&mut actor, &mut witnesses, &with("sl1"), &with(""), |_| {});
    assert_eq!(families(&words), [Family::Receipt].into(), "{words:#?}");
    caught(&with("sl1"), &receipt, &words);

    let resolver = witnesses.resolver().to_string();
    let of = |name: &str| act(2, ActKind::Resolve { resolver: resolver.clone(), name: name.to_owned() });
    let (receipt, words) =
        observe_other(&mut actor, &mut witnesses, &of("sl1.test"), &of("other.test"), |_| {});
    assert_eq!(families(&words), [Family::Receipt].into(), "{words:#?}");
    caught(&of("sl1.test"), &receipt, &words);
}

#[test]
fn an_earlier_beacon_proves_no_later_one() {
    if !root("an_earlier_beacon_proves_no_later_one") {
        return;
    }
    let mut witnesses = Witnesses::start(KEY).unwrap();
    let (mut actor, mut liar) = (Actor::start(ACTOR), Actor::start(LIAR));
    let kind = ActKind::Connect { address: witnesses.sink().to_string(), payload: "sl1".to_owned() };
    let (_, words) = observe(&mut actor, &mut witnesses, &act(1, kind.clone()));
    assert_eq!(families(&words).len(), 3, "{words:#?}");
    let later = act(2, kind);
    let (receipt, words) = observe(&mut liar, &mut witnesses, &later);
    assert_eq!(families(&words), [Family::Receipt].into(), "{words:#?}");
    caught(&later, &receipt, &words);
}

#[test]
fn other_arguments_and_images_are_noticed() {
    if !root("other_arguments_and_images_are_noticed") {
        return;
    }
    let folder = Folder::new();
    let mut wanted = act(1, ActKind::Exec);
    wanted.via = vec![link(&folder, "one", Placement::Forked), link(&folder, "two", Placement::Forked)];
    let claimed = wanted.via.clone();
    let forge = move |receipt: &mut Receipt| {
        let execs = receipt.steps.iter_mut().filter_map(|step| match &mut step.payload {
            Payload::Exec(exec) => Some(exec),
            _ => None,
        });
        for (exec, link) in execs.zip(&claimed) {
            exec.path = Text::from(link.path.as_str());
            exec.argv = Some(link.argv.iter().map(|arg| Text::from(arg.as_str())).collect());
        }
    };
    assert_eq!(truth(&wanted, &forge), [Family::Receipt, Family::Kernel]);
    let mut other = wanted.clone();
    other.via[1].argv[2] = "sl9".to_owned();
    assert_eq!(lie(&wanted, &other, &forge), [Family::Receipt]);
    let mut other = wanted.clone();
    other.via[0].path = folder.path("bin/three");
    assert_eq!(lie(&wanted, &other, &forge), [Family::Receipt]);
}

#[test]
fn other_ids_are_noticed() {
    if !root("other_ids_are_noticed") {
        return;
    }
    let with =
        |id: &str| act(1, ActKind::Setid { call: lab_model::SetIdCall::Setuid, ids: vec![id.to_owned()] });
    let forge = |receipt: &mut Receipt| {
        let Payload::SetId(set) = &mut principal(receipt).payload else { panic!("no setid") };
        set.requested = vec![Some(65534)];
    };
    assert_eq!(truth(&with("65534"), forge), [Family::Receipt, Family::Kernel]);
    assert_eq!(lie(&with("65534"), &with("1"), forge), [Family::Receipt]);
}

#[test]
fn a_refusal_that_would_not_happen_is_noticed() {
    if !root("a_refusal_that_would_not_happen_is_noticed") {
        return;
    }
    let folder = Folder::new();
    std::fs::write(folder.path("canary/open"), "x").unwrap();
    let mut act = act(1, ActKind::Read { path: folder.path("canary/open") });
    act.user = Some("65534".to_owned());
    let mut wanted = act.clone();
    wanted.expect = lab_model::Expectation::Errno(lab_model::Errno(libc::EACCES));
    let forge = |receipt: &mut Receipt| {
        let Payload::Open(open) = &mut principal(receipt).payload else { panic!("no open") };
        open.result = lab_model::Outcome::Errno(lab_model::Errno(libc::EACCES));
    };
    assert_eq!(lie(&wanted, &act, forge), [Family::Receipt]);
}

#[test]
fn a_process_of_somebody_else_is_not_believed() {
    if !root("a_process_of_somebody_else_is_not_believed") {
        return;
    }
    // What really acts is a second actor, whose pids the first passes off as its own.
    let (mut witnesses, mut actor) = (Witnesses::start(KEY).unwrap(), Actor::start(ACTOR));
    let bystander = Actor::start(LIAR);
    let act = act(1, ActKind::Read { path: "/etc/hostname".to_owned() });
    witnesses.actor(bystander.child.id());
    witnesses.before(&act);
    actor.perform(&act);
    let Some(lab_model::Reply::Held { receipt }) = actor.reply() else { panic!("not held") };
    witnesses.held(&act, &receipt);
    actor.order(&lab_model::Order::Release);
    let Some(lab_model::Reply::Done { receipt }) = actor.reply() else { panic!("not done") };
    let words = witnesses.after(&act, &receipt);
    assert!(!families(&words).contains(&Family::Kernel), "{words:#?}");
    caught(&act, &receipt, &words);
}

#[test]
fn a_shell_that_never_ran_is_noticed() {
    if !root("a_shell_that_never_ran_is_noticed") {
        return;
    }
    let folder = Folder::new();
    let wanted = act(1, ActKind::Shell { command: "id".to_owned() });
    let mut done = act(1, ActKind::Exec);
    done.via = vec![link(&folder, "one", Placement::Forked)];
    let forge = |receipt: &mut Receipt| {
        let Payload::Exec(exec) = &mut principal(receipt).payload else { panic!("no exec") };
        exec.path = Text::from("/bin/sh");
        exec.argv = Some(["sh", "-c", "id"].map(Text::from).to_vec());
    };
    assert_eq!(lie(&wanted, &done, forge), [Family::Receipt]);
}

#[test]
fn another_command_than_was_ordered_is_noticed() {
    if !root("another_command_than_was_ordered_is_noticed") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("canary/said");
    let mut wanted = act(1, ActKind::Shell { command: String::new() });
    wanted.kind = cases::says(&wanted.nonce, &path);
    let ActKind::Shell { command } = wanted.kind.clone() else { panic!("no shell") };
    let forge = move |receipt: &mut Receipt| {
        let Payload::Exec(exec) = &mut principal(receipt).payload else { panic!("no exec") };
        exec.argv = Some(["sh", "-c", &command].map(Text::from).to_vec());
    };
    for command in ["true".to_owned(), format!("echo sl9 >{path}"), format!("cat {path}; rm {path}")] {
        std::fs::write(&path, "canary").unwrap();
        let done = act(1, ActKind::Shell { command });
        let left = lie(&wanted, &done, &forge);
        assert!(!left.contains(&Family::Outside), "{left:?}");
    }
    // The right words by another process than the shell: right outside, but the kernel knows better.
    std::fs::write(&path, "canary").unwrap();
    let command = format!("/bin/echo {} >{path}.new; mv {path}.new {path}", wanted.nonce);
    let left = lie(&wanted, &act(1, ActKind::Shell { command }), &forge);
    assert_eq!(left, [Family::Receipt, Family::Outside]);
}

#[test]
fn another_way_to_the_act_is_noticed() {
    if !root("another_way_to_the_act_is_noticed") {
        return;
    }
    // The file is read as ordered, but not by nobody's helper, and not below a process of its own.
    let folder = Folder::new();
    let mut wanted = act(1, ActKind::Read { path: "/etc/hostname".to_owned() });
    wanted.via = vec![link(&folder, "one", Placement::Forked)];
    wanted.user = Some("65534".to_owned());
    let families = truth(&wanted, |_| {});
    assert_eq!(families, [Family::Receipt, Family::Outside, Family::Kernel]);
    let done = lab_model::Act { user: None, ..wanted.clone() };
    assert_eq!(lie(&wanted, &done, |_| {}), [Family::Receipt, Family::Outside]);
    let done = lab_model::Act { via: Vec::new(), ..wanted.clone() };
    assert_eq!(lie(&wanted, &done, |_| {}), [Family::Outside]);
}

#[test]
fn the_wrong_process_of_a_chain_is_noticed() {
    let name = "the_wrong_process_of_a_chain_is_noticed";
    if !root(name) {
        return;
    }
    let (folder, mut witnesses) = (Folder::new(), Witnesses::start(KEY).unwrap());
    let mut actor = Actor::start(ACTOR);
    let mut tried = std::collections::BTreeSet::new();
    for mut case in cases::all(&folder, &witnesses) {
        // The ids of both processes are the same, and both are there: only who did it differs.
        if matches!(case.act.kind, ActKind::Exec | ActKind::Setid { .. })
            || case.act.user.is_some()
            || case.act.expect != lab_model::Expectation::Ok
            || !tried.insert(case.act.kind.word())
        {
            continue;
        }
        case.act.via = ["one", "two"].map(|image| link(&folder, image, Placement::Forked)).to_vec();
        let blame = |receipt: &mut Receipt| {
            let first =
                receipt.steps.iter().find(|step| matches!(step.payload, Payload::Exec(_))).unwrap().process;
            principal(receipt).process = first;
        };
        let act = &case.act;
        let (receipt, words) = observe_other(&mut actor, &mut witnesses, act, act, blame);
        assert!(!families(&words).contains(&Family::Kernel), "{}: {words:#?}", case.name);
        caught(act, &receipt, &words);
    }
    assert_eq!(tried.len(), ActKind::WORDS.len() - 2, "{name} tries every kind but exec and setid");
}

#[test]
fn an_image_that_is_gone_is_noticed() {
    if !root("an_image_that_is_gone_is_noticed") {
        return;
    }
    let folder = Folder::new();
    let mut wanted = act(1, ActKind::Read { path: "/etc/hostname".to_owned() });
    wanted.via = ["one", "two"].map(|image| link(&folder, image, Placement::InPlace)).to_vec();
    let mut done = wanted.clone();
    done.via[0].path = folder.path("bin/three");
    let claimed = wanted.via[0].path.clone();
    let forge = move |receipt: &mut Receipt| {
        let first = receipt.steps.iter_mut().find_map(|step| match &mut step.payload {
            Payload::Exec(exec) => Some(exec),
            _ => None,
        });
        first.unwrap().path = Text::from(claimed.as_str());
    };
    assert_eq!(truth(&wanted, &forge), [Family::Receipt, Family::Outside, Family::Kernel]);
    assert_eq!(lie(&wanted, &done, &forge), [Family::Receipt, Family::Outside]);
}

#[test]
fn what_is_allowed_was_not_refused() {
    if !root("what_is_allowed_was_not_refused") {
        return;
    }
    let setuid = |id: &str| {
        let mut act = act(1, ActKind::Setid { call: lab_model::SetIdCall::Setuid, ids: vec![id.to_owned()] });
        act.user = Some("65534".to_owned());
        act.expect = lab_model::Expectation::Errno(lab_model::Errno(libc::EPERM));
        act
    };
    let forge = |receipt: &mut Receipt| {
        let Payload::SetId(set) = &mut principal(receipt).payload else { panic!("no setid") };
        set.requested = vec![Some(65534)];
    };
    assert_eq!(lie(&setuid("65534"), &setuid("0"), forge), [Family::Receipt]);
}

#[test]
fn what_was_refused_left_no_event() {
    if !root("what_was_refused_left_no_event") {
        return;
    }
    let folder = Folder::new();
    let (from, to) = (folder.path("canary/missing"), folder.path("canary/new"));
    let mut wanted = act(1, ActKind::Rename { from: from.clone(), to: to.clone() });
    wanted.expect = lab_model::Expectation::Errno(lab_model::Errno(libc::ENOENT));
    assert_eq!(truth(&wanted, |_| {}), [Family::Receipt, Family::Kernel]);
    let done = act(1, ActKind::Write { path: to.clone(), content: "x".to_owned() });
    let forge = move |receipt: &mut Receipt| {
        let (from, to) = (Text::from(from.as_str()), Text::from(to.as_str()));
        let result = lab_model::Outcome::Errno(lab_model::Errno(libc::ENOENT));
        principal(receipt).payload = lab_model::Rename { from, to, result }.into();
    };
    assert_eq!(lie(&wanted, &done, forge), [Family::Receipt]);
}
