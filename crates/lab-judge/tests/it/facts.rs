//! The tree of facts.

use std::fmt::Write;

use lab_judge::judge;
use lab_model::{Errno, FactNode, Freedom, Outcome, Payload, ScenarioRecord, SensorKind};

use crate::{
    sample::{event, events, sample, verdicts},
    world::{OK, World, exec, open, record, write},
};

/// The tree as text: action, texts, result, and what is special.
pub(crate) fn show(record: &ScenarioRecord) -> String {
    let mut out = String::new();
    print(&judge(record).tree, 0, &mut out);
    out
}

fn print(nodes: &[FactNode], depth: usize, out: &mut String) {
    for FactNode { fact, children } in nodes {
        let texts: Vec<String> = fact.payload.texts().iter().map(|text| format!(" {text}")).collect();
        write!(out, "{}{}{}", "  ".repeat(depth), fact.payload.action(), texts.concat()).unwrap();
        if let Payload::Connect(connect) = &fact.payload {
            write!(out, " {}", connect.address).unwrap();
        }
        if let Some(lab_model::Outcome::Errno(errno)) = fact.payload.result() {
            write!(out, " {errno}").unwrap();
        }
        if let Some(class) = fact.folded {
            write!(out, " [{} {}]", class.word(), fact.count).unwrap();
        }
        for act in &fact.acts {
            write!(out, " (act {act})").unwrap();
        }
        for instance in &fact.unseen_by {
            write!(out, " not {instance}").unwrap();
        }
        out.push('\n');
        print(children, depth + 1, out);
    }
}

const TREE: &str = "\
exec ${bin}/cat cat ${nonce}
  open /etc/ld.so.cache [loader 2]
  open /etc/shadow (act 1)
  exit
exec /bin/sh sh -c id; true ${nonce} (act 2)
  exec /usr/bin/id id
fork
  connect ${sink} (act 3)
  rename ${work}/a-${nonce} ${work}/b
  unlink ${work}/c ENOENT
  setid EPERM
  exit
";

/// How a connection ended after the call had returned is known to the probe alone.
#[test]
fn what_one_sensor_alone_knows_of_a_connection_makes_no_second_fact() {
    let mut record = sample();
    for pass in 0..2 {
        let connect = event(&mut record, pass, |payload| matches!(payload, Payload::Connect(_)));
        let Payload::Connect(connect) = &mut connect.payload else { unreachable!() };
        connect.result = Outcome::Errno(Errno(115));
        connect.later = (pass == 0).then_some(OK);
    }
    let tree = show(&record);
    assert_eq!(tree.matches("connect ${sink} EINPROGRESS (act 3)\n").count(), 1, "{tree}");
    assert_eq!(tree.matches("connect").count(), 1, "{tree}");
}

#[test]
fn two_passes_make_one_tree() {
    assert_eq!(show(&sample()), TREE);
    let judged = judge(&sample());
    let exec = &judged.tree[0].fact;
    let instances: Vec<_> = exec.sightings.iter().map(|sighting| &*sighting.instance).collect();
    assert_eq!(instances, ["probe@host", "strace@host"]);
    let Payload::Exec(payload) = &exec.payload else { panic!("{exec:?}") };
    assert_eq!(payload.exe, Some("${bin}/cat".into()), "only the probe knows it");
    assert!(exec.ids.is_some());
}

#[test]
fn the_union_holds_what_one_sensor_lacks() {
    for (pass, other) in [(0, "probe@host"), (1, "strace@host")] {
        for (is, line) in [("shadow", "  open /etc/shadow (act 1)"), ("usr/bin/id", "  exec /usr/bin/id id")]
        {
            let mut record = sample();
            events(&mut record, pass)
                .retain(|event| !event.payload.texts().iter().any(|text| text.contains(is)));
            let expected = TREE.replace(line, &format!("{line} not {other}"));
            assert_eq!(show(&record), expected);
        }
    }
}

#[test]
fn a_missing_fork_changes_nothing_where_the_parent_is_known() {
    let mut record = sample();
    events(&mut record, 0).retain(|event| !matches!(event.payload, Payload::Fork(_)));
    assert_eq!(show(&record), TREE.replace("\nfork\n", "\nfork not probe@host\n"));
}

#[test]
fn what_was_wrong_still_anchors_its_act() {
    let mut record = sample();
    for pass in [0, 1] {
        let shadow = |payload: &Payload| payload.texts().iter().any(|text| text.contains("shadow"));
        let Payload::Open(open) = &mut event(&mut record, pass, shadow).payload else { unreachable!() };
        open.path = "/etc/gshadow".into();
    }
    assert_eq!(show(&record), TREE.replace("/etc/shadow", "/etc/gshadow"));
    for pass in [0, 1] {
        events(&mut record, pass)
            .retain(|event| !event.payload.texts().iter().any(|t| t.contains("gshadow")));
    }
    let rest =
        TREE.replace("  open /etc/shadow (act 1)\n", "").replace("cat ${nonce}", "cat ${nonce} (act 1)");
    assert_eq!(show(&record), rest, "an act whose call nobody saw stands on its first fact");
}

#[test]
fn what_is_free_is_said_of_the_fact_and_counted() {
    let mut record = one_act_about(2, |w| {
        let pid = w.fork(w.actor(), true);
        w.step(pid, exec("/bin/a", &["a"]));
        w.step(pid, open("/m", OK));
        for path in ["/m", "/o", "/m", "/m", "/m"] {
            w.call(pid, open(path, OK));
        }
        w.call(pid, write("/o"));
        w.call(pid, write("/o"));
        w.exit(pid, true);
    });
    let all = |unordered, at_most| Freedom { unordered, optional: true, at_most };
    for pass in &mut record.passes {
        let free = [("/m", all(false, Some(2))), ("/o", all(true, None)), ("/bin/a", all(true, Some(1)))];
        pass.acts[0].interest.free = free.map(|(path, free)| (path.to_owned(), free)).into();
    }
    let tree = judge(&record).tree;
    let line = |node: &FactNode| {
        format!("{} {} [{}]", node.fact.payload.texts()[0], node.fact.count, node.fact.free)
    };
    assert_eq!(line(&tree[0]), "/bin/a 1 [unordered]", "what nothing can loosen");
    let lines: Vec<_> =
        tree[0].children.iter().filter(|node| !node.fact.payload.texts().is_empty()).map(line).collect();
    let wanted = [
        "/m 1 []", // the act itself
        "/m 2 [optional, at-most 2]",
        "/o 1 [unordered, optional]",
        "/m 2 [optional, at-most 2]", // too many
        "/o 1 [unordered]",
        "/o 1 [unordered]",
    ];
    assert_eq!(lines, wanted);
    let sightings = &tree[0].children[1].fact.sightings;
    assert!(
        sightings.len() == 2 && sightings.iter().all(|sighting| sighting.events.len() == 2),
        "{sightings:?}"
    );
}

pub(crate) fn one_act(make: impl Fn(&mut World)) -> ScenarioRecord {
    one_act_about(0, make)
}

/// One act whose own call is that step of its receipt.
fn one_act_about(principal: usize, make: impl Fn(&mut World)) -> ScenarioRecord {
    let passes = [(1, SensorKind::Probe), (2, SensorKind::Strace)];
    record(
        passes
            .into_iter()
            .map(|(number, sensor)| {
                let mut world = World::new(number, sensor);
                make(&mut world);
                world.act(1, lab_model::ActKind::Exec, principal);
                world.end()
            })
            .collect(),
    )
}

#[test]
fn images_of_one_process_stand_in_its_node() {
    let record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        w.call(pid, open("/tmp/before", OK));
        w.step(pid, exec("/bin/a", &["a"]));
        w.call(pid, open("/tmp/in-a", OK));
        let child = w.fork(pid, false);
        w.call(pid, exec("/bin/b", &["b"]));
        w.exit(child, false);
        w.call(pid, open("/tmp/in-b", OK));
        w.exit(pid, true);
    });
    let expected = "\
fork (act 1)
  open /tmp/before
  exec /bin/a a
    open /tmp/in-a
    fork
      exit
  exec /bin/b b
    open /tmp/in-b
    exit
";
    assert_eq!(show(&record), expected);
}

#[test]
fn siblings_keep_the_order_of_their_forks() {
    let record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        let first = w.fork(pid, false);
        let second = w.fork(pid, false);
        w.call(second, exec("/bin/second", &["second"]));
        w.call(first, exec("/bin/first", &["first"]));
        w.exit(second, false);
        w.exit(first, false);
        w.exit(pid, true);
    });
    let expected =
        "fork (act 1)\n  exec /bin/first first\n    exit\n  exec /bin/second second\n    exit\n  exit\n";
    assert_eq!(show(&record), expected);
}

#[test]
fn a_process_of_no_act_is_an_extra_fact() {
    let record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        w.exit(pid, true);
        let stranger = w.fork(w.actor(), false);
        w.call(stranger, exec("/bin/stranger", &["stranger"]));
        w.exit(stranger, false);
    });
    assert_eq!(show(&record), "fork (act 1)\n  exit\nexec /bin/stranger stranger\n  exit\n");
}

#[test]
fn a_pid_that_is_used_again_is_another_process() {
    let passes = [(1, SensorKind::Probe), (2, SensorKind::Strace)];
    let passes = passes.into_iter().map(|(number, sensor)| {
        let mut w = World::new(number, sensor);
        for act in [1, 2] {
            let pid = w.fork_as(w.actor(), number * 1000 + 500, true);
            w.step(pid, exec(&format!("/bin/image-{act}"), &["image"]));
            w.exit(pid, true);
            w.act(act, lab_model::ActKind::Exec, 1);
        }
        w.end()
    });
    let record = record(passes.collect());
    for sensor in [SensorKind::Probe, SensorKind::Strace] {
        assert_eq!(verdicts(&record, sensor), [lab_model::Verdict::Seen; 2]);
    }
    assert_eq!(
        show(&record),
        "exec /bin/image-1 image (act 1)\n  exit\nexec /bin/image-2 image (act 2)\n  exit\n"
    );
    assert_eq!(judge(&record).doubts, Vec::<String>::new());
}

#[test]
fn another_process_with_the_pid_cannot_stand_in() {
    for (number, sensor) in [(1, SensorKind::Probe), (2, SensorKind::Strace)] {
        let mut w = World::new(number, sensor);
        let pid = w.fork(w.actor(), true);
        w.step(pid, exec("/bin/image", &["image"]));
        w.events().pop();
        w.exit(pid, true);
        w.act(1, lab_model::ActKind::Exec, 1);
        w.fork_as(w.actor(), pid, false);
        w.call(pid, exec("/bin/image", &["image"]));
        let record = record(vec![w.end()]);
        assert_eq!(verdicts(&record, sensor), [lab_model::Verdict::Missed], "{sensor}");
    }
}

#[test]
fn a_receipt_says_whose_child_it_is_where_no_fork_does() {
    let record = one_act(|w| {
        let outer = w.fork(w.actor(), true);
        w.step(outer, exec("/bin/outer", &["outer"]));
        let inner = w.fork(outer, true);
        w.events().pop();
        w.step(inner, exec("/bin/inner", &["inner"]));
        w.exit(inner, true);
        w.exit(outer, true);
    });
    let expected = "exec /bin/outer outer (act 1)\n  exec /bin/inner inner\n    exit\n  exit\n";
    assert_eq!(show(&record), expected);
}

#[test]
fn a_list_of_groups_that_one_sensor_cannot_read_is_still_one_fact() {
    let mut record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        let call = lab_model::SetIdCall::Setgroups;
        let requested = vec![Some(5), Some(6)];
        w.call(pid, lab_model::SetId { call, requested, before: None, after: None, result: OK });
    });
    let is = |payload: &Payload| matches!(payload, Payload::SetId(_));
    let Payload::SetId(setid) = &mut event(&mut record, 0, is).payload else { unreachable!() };
    setid.requested.clear();
    let tree = judge(&record).tree;
    assert_eq!(tree[0].children.len(), 1);
    let Payload::SetId(setid) = &tree[0].children[0].fact.payload else { unreachable!() };
    assert_eq!(setid.requested, [Some(5), Some(6)]);
}

#[test]
fn an_acts_own_call_is_never_folded() {
    let record = one_act_about(1, |w| {
        let pid = w.fork(w.actor(), true);
        w.call(pid, open("/etc/group", OK));
        w.step(pid, open("/etc/passwd", OK));
        w.exit(pid, true);
    });
    assert_eq!(
        show(&record),
        "fork\n  open /etc/group [name-service 1]\n  open /etc/passwd (act 1)\n  exit\n"
    );
}

#[test]
fn the_interest_leaves_out_what_it_does_not_name() {
    let mut record = one_act(|w| {
        let pid = w.fork(w.actor(), true);
        w.call(pid, open("/tmp/own", OK));
        let child = w.fork(pid, false);
        w.call(child, open("/tmp/childs", OK));
        w.call(child, exec("/bin/childs", &["childs"]));
        w.exit(child, false);
        w.exit(pid, true);
    });
    let mut with = |change: &dyn Fn(&mut lab_model::Interest)| {
        for pass in &mut record.passes {
            pass.acts[0].interest = crate::world::interest();
            change(&mut pass.acts[0].interest);
        }
        show(&record)
    };
    let own = "fork (act 1)\n  open /tmp/own\n  exit\n";
    assert_eq!(with(&|interest| interest.scope = lab_model::Scope::Process), own);
    assert_eq!(with(&|interest| interest.actions.clear()), "exec /bin/childs childs (act 1)\n");
    let opens = "open /tmp/own (act 1)\nopen /tmp/childs\nexec /bin/childs childs\n";
    assert_eq!(with(&|interest| interest.actions = [lab_model::Action::Open].into()), opens);
}

#[test]
fn a_child_may_run_before_its_parents_call_returns() {
    let mut record = sample();
    for event in events(&mut record, 1) {
        event.time.began_ns = None;
    }
    let fork = event(&mut record, 1, |payload| matches!(payload, Payload::Fork(_)));
    fork.time.ns += 2_000_000;
    assert_eq!(show(&record), TREE);
    assert_eq!(judge(&record).doubts, Vec::<String>::new());
}

#[test]
fn a_pid_that_comes_back_without_a_fork_is_ambiguous() {
    let mut record = sample();
    let exit = events(&mut record, 1).iter().position(|e| matches!(e.payload, Payload::Exit(_))).unwrap();
    let mut again = events(&mut record, 1)[exit - 1].clone();
    again.time.ns += 400_000_000;
    again.seq.n = 1000;
    events(&mut record, 1).push(again);
    assert!(judge(&record).doubts[0].contains("1 events could belong to more than one process"));
}

#[test]
fn a_tree_too_deep_to_read_is_hoisted_with_a_doubt() {
    let record = one_act(|w| {
        let mut pid = w.actor();
        for depth in 0..40 {
            pid = w.fork(pid, depth == 0);
        }
    });
    let judged = judge(&record);
    assert!(judged.doubts[0].contains("more than 24 processes below each other"), "{:?}", judged.doubts);
    assert_eq!(show(&record).matches("fork").count(), 40);
    let json = serde_json::to_string(&judged).unwrap();
    assert_eq!(serde_json::from_str::<lab_model::Judged>(&json).unwrap(), judged);
}
