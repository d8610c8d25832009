//! The plan as text: one value a line, and behind `#` where it came from. Goldens hold it, so it must not change by itself.

use std::fmt::{Display, Write};

use lab_model::{
    Act, ActKind, Expectation, Image, Interest, Link, Placement, ScenarioHead, Scope, SetUpFile,
};

use crate::{
    machines::Machines,
    place::Place,
    plan::{InstancePlan, PassPlan, Plan, ScenarioPlan, StagePlan},
    probe::ProbeSettings,
    scenario::{Places, Scenario},
    stage::Stage,
    timeout,
};

/// The whole plan. Structures are taken apart by name, so that nothing new stays unprinted.
pub(crate) fn text(plan: &Plan) -> String {
    let Plan { profile, path, phase, summary, environment, probe, pins, machines, scenarios, inputs } = plan;
    let ProbeSettings { ring_bytes, actions, files } = probe;
    let mut out = Lines(String::new());
    out.line(0, format_args!("plan {profile}"), path);
    out.line(0, format_args!("phase {}", phase.value), &phase.place);
    out.line(0, format_args!("summary {:?}", summary.value), &summary.place);
    out.line(0, format_args!("environment {}", environment.value), &environment.place);
    out.line(0, format_args!("probe ring_bytes {}", ring_bytes.value), &ring_bytes.place);
    if let Some(actions) = actions {
        let words: Vec<&str> = actions.value.iter().map(|action| action.word()).collect();
        out.line(0, format_args!("probe actions {}", words.join(" ")), &actions.place);
    }
    if let Some(files) = files {
        out.line(0, format_args!("probe files {:?}", files.value), &files.place);
    }
    if let Some(pins) = pins {
        out.line(0, format_args!("pins {}", pins.value), &pins.place);
    }
    if let Some(machines) = machines {
        machines_text(machines, &mut out);
    }
    for input in inputs {
        out.line(0, format_args!("input {}", input.path), &Place::Derived);
    }
    for scenario in scenarios {
        out.0.push('\n');
        scenario_text(scenario, &mut out);
    }
    out.0
}

fn machines_text(machines: &Machines, out: &mut Lines) {
    let Machines { kernels, at_once, memory_mib, timeout } = machines;
    out.line(0, format_args!("vm at_once {}", at_once.value), &at_once.place);
    out.line(0, format_args!("vm memory_mib {}", memory_mib.value), &memory_mib.place);
    out.line(0, format_args!("vm within {}", timeout::text(timeout.value)), &timeout.place);
    for kernel in kernels {
        out.line(0, format_args!("vm kernel {}", kernel.value), &kernel.place);
    }
}

struct Lines(String);

impl Lines {
    fn line(&mut self, depth: usize, what: impl Display, place: &(impl Display + ?Sized)) {
        let line = format!("{:indent$}{what}", "", indent = depth * 2);
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line:<87} # {place}");
    }
}

fn scenario_text(plan: &ScenarioPlan, out: &mut Lines) {
    let ScenarioPlan { scenario, place, passes } = plan;
    let Scenario { head, files, images, acts, input: _, places } = scenario;
    let ScenarioHead { name, summary, attack } = head;
    out.line(0, format_args!("scenario {name}"), place);
    out.line(1, format_args!("summary {summary:?}"), places.get("summary"));
    out.line(1, format_args!("attack {}", attack.join(" ")), places.get("attack"));
    for (file, number) in files.iter().zip(1..) {
        let SetUpFile { path, content, mode, owner } = file;
        let place = |key: &str| places.get(&format!("file.{number}.{key}"));
        out.line(1, format_args!("file {path:?}"), place("path"));
        out.line(2, format_args!("content {content:?}"), place("content"));
        out.line(2, format_args!("mode 0o{mode:o}"), place("mode"));
        if let Some(owner) = owner {
            out.line(2, format_args!("owner {owner}"), place("owner"));
        }
    }
    for Image { name, set_user_id } in images {
        let mark = if *set_user_id { " set-user-id" } else { "" };
        out.line(1, format_args!("image {name:?}{mark}"), &Place::Derived);
    }
    for act in acts {
        act_text(act, places, out);
    }
    for pass in passes {
        pass_text(pass, acts, out);
    }
}

fn act_text(act: &Act, places: &Places, out: &mut Lines) {
    let Act { id, role, origin: _, kind, via, user, expect, interest, nonce: _ } = act;
    let place = |key: &str| places.get(&format!("act.{id}.{key}"));
    out.line(1, format_args!("{role} {id} {}", kind.word()), place("kind"));
    for (key, value) in values(kind) {
        out.line(2, format_args!("{key} {value}"), place(key));
    }
    for (link, number) in via.iter().zip(1..) {
        let Link { path, argv, placement, set_user_id } = link;
        let key = |key: &str| place(&format!("via.{number}.{key}"));
        let placement = match placement {
            Placement::Forked => "forked",
            Placement::InPlace => "in-place",
        };
        out.line(2, format_args!("via {path:?}"), key("name"));
        out.line(3, format_args!("argv {argv:?}"), key("argv"));
        out.line(3, format_args!("placement {placement}"), key("placement"));
        if *set_user_id {
            out.line(3, "set-user-id", key("set_user_id"));
        }
    }
    if let Some(user) = user {
        out.line(2, format_args!("user {user}"), place("user"));
    }
    match expect {
        Expectation::Ok => out.line(2, "expect ok", place("expect")),
        Expectation::Errno(errno) => out.line(2, format_args!("expect {errno}"), place("expect")),
    }
    let Interest { scope, actions, exec_only, folded, free } = interest;
    let scope = match scope {
        Scope::Subtree => "subtree",
        Scope::Process => "process",
    };
    out.line(2, format_args!("interest scope {scope}"), place("interest.scope"));
    if *exec_only {
        out.line(2, "interest exec only", &Place::Derived);
    } else {
        let actions: Vec<_> = actions.iter().map(|action| action.word()).collect();
        out.line(2, format_args!("interest actions {}", some(&actions)), place("interest.actions"));
        let folded: Vec<_> = folded.iter().map(|class| class.word()).collect();
        out.line(2, format_args!("interest fold {}", some(&folded)), place("interest.fold"));
    }
    for (path, freedom) in free {
        let key = [
            (freedom.at_most.is_some(), "interest.at_most"),
            (freedom.optional, "interest.optional"),
            (true, "interest.unordered"),
        ];
        let key = key.into_iter().find(|(is, _)| *is).map_or("", |(_, key)| key);
        out.line(2, format_args!("interest {freedom} {path:?}"), place(key));
    }
}

fn some(words: &[&str]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(" ") }
}

/// What a kind says, by its keys.
fn values(kind: &ActKind) -> Vec<(&'static str, String)> {
    let quoted = |text: &String| format!("{text:?}");
    match kind {
        ActKind::Exec => Vec::new(),
        ActKind::Read { path } | ActKind::Unlink { path } => vec![("path", quoted(path))],
        ActKind::Write { path, content } | ActKind::Append { path, content } => {
            vec![("path", quoted(path)), ("content", quoted(content))]
        }
        ActKind::Rename { from, to } => vec![("from", quoted(from)), ("to", quoted(to))],
        ActKind::Connect { address, payload } => {
            vec![("address", quoted(address)), ("payload", quoted(payload))]
        }
        ActKind::Resolve { resolver, name } => vec![("resolver", quoted(resolver)), ("name", quoted(name))],
        ActKind::Serve { address } => vec![("address", quoted(address))],
        ActKind::Setid { call, ids } => vec![("call", call.word().to_owned()), ("ids", format!("{ids:?}"))],
        ActKind::Shell { command } => vec![("command", quoted(command))],
        ActKind::Observe { program, argv, directory } => vec![
            ("program", quoted(program)),
            ("argv", format!("{argv:?}")),
            ("directory", quoted(directory)),
        ],
    }
}

fn pass_text(pass: &PassPlan, acts: &[Act], out: &mut Lines) {
    let PassPlan { pass, instances, stages } = pass;
    out.line(1, format_args!("pass {pass}"), &Place::Derived);
    for StagePlan { stage, timeout } in stages {
        let within = timeout::text(timeout.value);
        out.line(2, format_args!("{stage} within {within}"), &timeout.place);
        match stage {
            Stage::Attach | Stage::Settle | Stage::Collect => {
                for InstancePlan { instance, sensor: _, place } in instances {
                    out.line(3, instance, place);
                }
            }
            Stage::Exercise => {
                out.line(3, "marker start", &Place::Derived);
                for Act { id, role, kind, .. } in acts {
                    out.line(3, format_args!("{role} {id} {}", kind.word()), &Place::Derived);
                }
                out.line(3, "marker end", &Place::Derived);
            }
            Stage::Deploy | Stage::Cleanup => {}
        }
    }
}
