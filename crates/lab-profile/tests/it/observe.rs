//! The plan for a program of a person's own, and drafts of scenarios.

use std::{collections::BTreeMap, time::Duration};

use lab_model::{
    Act, ActKind, Exec, Expectation, Fact, FactNode, Interest, Judged, Open, OpenFlags, Origin, Outcome,
    Payload, Rename, Role, ScenarioHead, Scope, SensorKind, Text, Unlink,
};
use lab_profile::{Observe, Plan, Stage, draft, lint, load_scenario, observe_plan, observed_name, template};

use crate::memory::{project, put};

fn observe() -> Observe {
    Observe {
        name: "build".to_owned(),
        program: "/usr/bin/make".to_owned(),
        argv: vec!["make".to_owned(), "${HOME}".to_owned()],
        directory: "/src".to_owned(),
        timeout: None,
        sensors: Vec::new(),
        all_passes: false,
    }
}

fn passes(plan: &Plan) -> Vec<(u32, Vec<SensorKind>)> {
    let sensors = |pass: &lab_profile::PassPlan| pass.instances.iter().map(|i| i.sensor).collect();
    plan.scenarios[0].passes.iter().map(|pass| (pass.pass, sensors(pass))).collect()
}

#[test]
fn a_program_runs_once_unless_more_is_asked_for() {
    use SensorKind::{Probe, Strace};
    let plan = |observe: &Observe| observe_plan(&project(), "host", observe).unwrap();
    assert_eq!(passes(&plan(&observe())), [(1, vec![Probe])]);
    let all = Observe { all_passes: true, ..observe() };
    assert_eq!(passes(&plan(&all)), [(1, vec![Probe]), (2, vec![Strace])]);
    let strace = Observe { sensors: vec![Strace], ..observe() };
    assert_eq!(passes(&plan(&strace)), [(1, vec![Strace])]);
    let both = Observe { sensors: vec![Strace, Probe], ..observe() };
    assert_eq!(passes(&plan(&both)), passes(&plan(&all)));
}

#[test]
fn its_one_act_is_observed_and_taken_as_it_was_given() {
    let plan = observe_plan(&project(), "host", &observe()).unwrap();
    let scenario = &plan.scenarios[0].scenario;
    assert!(scenario.head.attack.is_empty() && scenario.acts.len() == 1 && scenario.acts[0].is_observed());
    let bound = scenario.acts[0].bind("sl0", &|_| None).unwrap();
    assert_eq!(bound.kind, scenario.acts[0].kind);
    let text = plan.to_text();
    assert!(text.contains("act 1 observe") && text.contains("argv [\"make\", \"${HOME}\"]"), "{text}");
    let short = Observe { timeout: Some(Duration::from_secs(90)), ..observe() };
    let short = observe_plan(&project(), "host", &short).unwrap();
    let exercise = short.scenarios[0].passes[0].stages.iter().find(|s| s.stage == Stage::Exercise).unwrap();
    assert_eq!(exercise.timeout.value, Duration::from_secs(90));
    assert_ne!(plan.sha256(), short.sha256());
}

#[test]
fn what_cannot_be_observed() {
    let refused = |observe: Observe| observe_plan(&project(), "host", &observe).unwrap_err().to_string();
    let named = |name: &str| refused(Observe { name: name.to_owned(), ..observe() });
    assert!(named("look").contains("`look` is a scenario's name"));
    for name in ["", "Build", "a/b", "-x", &"a".repeat(61)] {
        assert!(named(name).contains("is no name"), "{name}");
    }
    let mut one = project();
    put(&mut one, "profiles/base/host.toml", "environment = \"host\"\nsensors = [\"strace\"]\n");
    let error = observe_plan(&one, "host", &observe()).unwrap_err().to_string();
    assert!(error.contains("perturbs") && error.contains("--all-passes"), "{error}");
    let probe = Observe { sensors: vec![SensorKind::Probe], ..observe() };
    let error = observe_plan(&one, "host", &probe).unwrap_err().to_string();
    assert!(error.contains("does not have the sensor `probe`"), "{error}");
}

#[test]
fn names() {
    for (program, name) in [("/usr/bin/make", "make"), ("./My_Script.py", "my-script-py"), ("g++", "g")] {
        assert_eq!(observed_name(program).as_deref(), Some(name));
    }
    assert_eq!(observed_name("/bin/["), None);
}

fn fact(payload: impl Into<Payload>, acts: &[u32]) -> FactNode {
    let fact = Fact {
        payload: payload.into(),
        ids: None,
        acts: acts.into(),
        folded: None,
        count: 1,
        free: Default::default(),
        sightings: Default::default(),
        unseen_by: Default::default(),
    };
    FactNode { fact, children: Default::default() }
}

fn exec(path: &str, argv: &[&str], children: Vec<FactNode>) -> FactNode {
    let argv = argv.iter().map(|arg| Text::from(*arg)).collect();
    let exec = Exec {
        path: path.into(),
        argv: Some(argv),
        argv_truncated: false,
        exe: None,
        file: None,
        executable: None,
        result: Outcome::Ok(0),
    };
    FactNode { children: children.into(), ..fact(exec, &[]) }
}

fn open(path: &str, flags: u32) -> FactNode {
    fact(
        Open {
            path: path.into(),
            flags: OpenFlags(flags),
            late_path: false,
            opened: None,
            result: Outcome::Ok(0),
        },
        &[],
    )
}

fn judged(tree: Vec<FactNode>) -> Judged {
    let kind = ActKind::Observe { program: String::new(), argv: Vec::new(), directory: String::new() };
    let interest = Interest {
        scope: Scope::Subtree,
        actions: Default::default(),
        exec_only: false,
        folded: Default::default(),
        free: Default::default(),
    };
    let act = Act {
        id: 1,
        role: Role::Act,
        origin: Origin::Observed,
        kind,
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest,
        nonce: String::new(),
    };
    Judged {
        head: ScenarioHead { name: "x".to_owned(), summary: "a \"b\"\nc".to_owned(), attack: Vec::new() },
        acts: vec![act],
        sensors: Vec::new(),
        tree,
        verdicts: Vec::new(),
        detections: Vec::new(),
        proofs: Vec::new(),
        doubts: Vec::new(),
        troubles: Vec::new(),
    }
}

/// Fills in what a person must, without thinking.
fn filled(draft: &str) -> String {
    let text = draft.replace("attack = []", "attack = [\"T1083\"]");
    match text.split_once("# [[twin]]") {
        Some((acts, twin)) => format!("{acts}[[twin]]{}", twin.replace("\n# ", "\n")),
        None => text,
    }
}

#[test]
fn a_draft_of_an_observed_program_reads_once_it_is_filled_in() {
    let rename =
        Rename { from: "${work}/tmp/${temp:1}".into(), to: "${cwd}/sub/out".into(), result: Outcome::Ok(0) };
    let unlink = Unlink { path: "${home}/x ${HOME}".into(), directory: false, result: Outcome::Ok(0) };
    let tree = vec![exec(
        "/usr/bin/tool",
        &["tool", "-o", "a\u{7f}\"\\"],
        vec![
            open("/etc/shadow", 0),
            open("/usr/share/x", 0),
            open("${work}/tmp/${temp:1}", 0o301),
            fact(rename, &[]),
            fact(unlink, &[]),
            exec("/bin/true", &["true"], Vec::new()),
            exec("/bin/sh", &["sh", "-c", "echo ${X} >a"], vec![open("a", 0o1101)]),
        ],
    )];
    let text = draft(&judged(tree), &BTreeMap::new());
    let mut project = project();
    put(&mut project, "scenarios/new.toml", &text);
    let missing = load_scenario(&project, "new").unwrap_err().to_string();
    assert!(missing.contains("no ATT&CK id") && missing.contains("no benign twin"), "{missing}");
    put(&mut project, "scenarios/new.toml", &filled(&text));
    let scenario = load_scenario(&project, "new").unwrap_or_else(|error| panic!("{error}\n{text}"));
    let kinds: Vec<&str> = scenario.acts.iter().map(|act| act.kind.word()).collect();
    assert_eq!(kinds, ["read", "write", "rename", "unlink", "exec", "shell", "read"], "{text}");
    assert_eq!(scenario.acts[0].via[0].argv[2], "a\u{7f}\"\\");
    let ActKind::Rename { from, to } = &scenario.acts[2].kind else { panic!("{text}") };
    assert_eq!((&**from, &**to), ("${work}/temp-1", "${work}/out"));
    // The renamed file is made by the act before; the one that is removed must be there.
    assert_eq!(scenario.files.iter().map(|file| &*file.path).collect::<Vec<_>>(), ["${work}/x $HOME"]);
}

#[test]
fn an_empty_record_makes_a_draft_that_says_what_is_missing() {
    let mut project = project();
    put(&mut project, "scenarios/new.toml", &draft(&judged(Vec::new()), &BTreeMap::new()));
    let missing = load_scenario(&project, "new").unwrap_err().to_string();
    assert!(missing.contains("no act"), "{missing}");
}

#[test]
fn the_template_reads_once_it_is_filled_in() {
    let mut project = project();
    put(&mut project, "scenarios/new.toml", &filled(&template()));
    let scenario = load_scenario(&project, "new").unwrap();
    assert!(scenario.acts.len() >= 4 && lint(&scenario).is_empty(), "{:?}", lint(&scenario));
}
