//! The expansion: passes, stages, filter, text.

use lab_profile::{Plan, Stage, load_plan};

use crate::memory::{BASE, HOST, LOOK, project, put};

fn instances(plan: &Plan) -> Vec<Vec<&str>> {
    let pass = |pass: &lab_profile::PassPlan| pass.instances.len();
    let passes = &plan.scenarios[0].passes;
    assert!(passes.iter().all(|one| pass(one) > 0));
    assert!(passes.iter().zip(1..).all(|(one, number)| one.pass == number));
    passes.iter().map(|one| one.instances.iter().map(|i| i.instance.as_str()).collect()).collect()
}

fn plan_with(sensors: &str) -> Plan {
    let mut project = project();
    put(&mut project, "profiles/base/host.toml", &BASE.replace("[\"probe\", \"strace\"]", sensors));
    load_plan(&project, "host").unwrap()
}

#[test]
fn a_sensor_that_perturbs_has_a_pass_of_its_own() {
    for sensors in ["[\"probe\", \"strace\"]", "[\"strace\", \"probe\"]"] {
        assert_eq!(instances(&plan_with(sensors)), [["probe@host"], ["strace@host"]]);
    }
    assert_eq!(instances(&plan_with("[\"strace\"]")), [["strace@host"]]);
    assert_eq!(instances(&plan_with("[\"probe\"]")), [["probe@host"]]);
}

#[test]
fn every_pass_has_every_stage_in_order() {
    let plan = plan_with("[\"probe\", \"strace\"]");
    for pass in &plan.scenarios[0].passes {
        let stages: Vec<_> = pass.stages.iter().map(|stage| stage.stage).collect();
        assert_eq!(stages, Stage::ALL);
        assert_eq!(pass.stages[0].timeout.as_secs(), 1);
    }
}

#[test]
fn only_what_is_asked_for() {
    let mut project = project();
    put(&mut project, "profiles/01-host.toml", &HOST.replace("\"look\"", "\"look\", \"see\""));
    put(&mut project, "scenarios/see.toml", LOOK);
    let plan = load_plan(&project, "host").unwrap();
    let see = plan.clone().only(&["see"]).unwrap();
    assert_eq!(see.scenarios.len(), 1);
    assert_eq!(see.scenarios[0].scenario.head.name, "see");
    assert!(see.inputs.iter().all(|input| &*input.path != "scenarios/look.toml"));
    assert_eq!(plan.clone().only(&["see", "look"]).unwrap(), plan);
    assert_ne!(plan.sha256(), see.sha256());
    assert_eq!(
        plan.only(&["se"]).unwrap_err().to_string(),
        "unknown scenario `se` in profile `host`, expected one of `look`, `see`\n  hint: did you mean `see`?"
    );
}

#[test]
fn a_value_moves_the_text_and_every_line_says_where_it_came_from() {
    let project = project();
    let text = load_plan(&project, "host").unwrap().to_text();
    assert_eq!(text, load_plan(&project, "host").unwrap().to_text());
    assert!(text.lines().filter(|line| !line.is_empty()).all(|line| line.contains(" # ")), "{text}");
    let place = |value: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with(value));
        line.and_then(|line| line.split(" # ").nth(1)).unwrap_or_else(|| panic!("no {value} in {text}"))
    };
    assert_eq!(place("environment host"), "profiles/base/host.toml:1");
    assert_eq!(place("path \"${work}/b-${nonce}\""), "scenarios/look.toml:8");
    assert_eq!(place("probe@host"), "profiles/base/host.toml:2");
    assert_eq!(place("attach within 1s"), "profiles/base/host.toml:4");
    assert_eq!(place("settle within 5s"), "default");

    // Whatever is said in a scenario is in the text: a change of any value changes it.
    let full = r#"summary = "S"
attack = ["T1083"]
[[file]]
path = "${work}/f"
content = "C"
mode = 0o600
owner = "7"
[[act]]
kind = "read"
path = "/p/${nonce}"
via = [{ name = "n", argv = ["arg"], depth = 2, placement = "in-place", set_user_id = true }]
user = "9"
expect = "EIO"
interest = { scope = "process", actions = ["open"], fold = ["locale"], unordered = ["/u"], optional = ["/o"], at_most = { "/m" = 3 } }
[[twin]]
kind = "read"
path = "/q"
"#;
    let text_of = |scenario: &str| {
        let mut project = project.clone();
        put(&mut project, "scenarios/look.toml", scenario);
        load_plan(&project, "host").unwrap_or_else(|mistakes| panic!("{mistakes}")).to_text()
    };
    for (from, to) in [
        ("\"S\"", "\"T\""),
        ("T1083", "T1082"),
        ("/f\"", "/g\""),
        ("\"C\"", "\"D\""),
        ("0o600", "0o601"),
        ("\"7\"", "\"6\""),
        ("/p/", "/r/"),
        ("\"n\"", "\"m\""),
        ("\"arg\"", "\"org\""),
        ("depth = 2", "depth = 3"),
        ("\"in-place\"", "\"forked\""),
        ("set_user_id = true", "set_user_id = false"),
        ("\"9\"", "\"4\""),
        ("\"EIO\"", "\"ok\""),
        ("\"process\"", "\"subtree\""),
        ("[\"open\"]", "[\"exit\"]"),
        ("[\"locale\"]", "[]"),
        ("[\"/u\"]", "[\"/v\"]"),
        ("[\"/o\"]", "[\"/m\"]"),
        ("\"/m\" = 3", "\"/m\" = 4"),
    ] {
        assert!(full.contains(from));
        assert_ne!(text_of(full), text_of(&full.replacen(from, to, 1)), "{from}");
    }
}
