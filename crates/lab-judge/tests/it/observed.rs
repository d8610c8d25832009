//! Programs of a person's own: no proof, no set-up in the tree, and made-up names that are the same in every pass.

use lab_judge::{judge, outcome};
use lab_model::{
    ActKind, Origin, PassRecord, Payload, Rename, RunOutcome, ScenarioRecord, SensorKind, SetId, SetIdCall,
    Unlink, Verdict,
};

use crate::{
    facts::show,
    world::{OK, World, exec, open, record},
};

fn exclusively(path: &str) -> Payload {
    let Payload::Open(mut open) = open(path, OK) else { unreachable!("it is an open") };
    open.flags = lab_model::OpenFlags(0o302);
    open.into()
}

fn setid() -> Payload {
    let requested = vec![Some(1000); 3];
    SetId { call: SetIdCall::Setresuid, requested, before: None, after: None, result: OK }.into()
}

/// A compiler that makes up names as gcc does, in a pass where they are `made`.
fn pass(number: u32, sensor: SensorKind, made: [&str; 3]) -> PassRecord {
    let mut world = World::new(number, sensor);
    let work = world.var("work");
    let [assembly, object, folder] = made.map(|name| format!("{work}/tmp/{name}"));
    let program = world.fork(world.actor(), true);
    world.step(program, setid());
    world.step(program, exec("/usr/bin/cc", &["cc", "a.c"]));
    world.call(program, exclusively(&assembly));
    let child = world.fork(program, false);
    world.call(child, exec("/usr/bin/as", &["as", "-o", &object, &assembly]));
    world.call(child, exclusively(&object));
    world.call(child, open(&format!("{folder}/log"), OK));
    world.exit(child, false);
    let rename = Rename { from: object.as_str().into(), to: format!("{work}/a.o").into(), result: OK };
    world.call(program, rename);
    world.call(program, exclusively("./index.lock"));
    world.call(program, Rename { from: "./index.lock".into(), to: "./index".into(), result: OK });
    world.call(program, Unlink { path: assembly.as_str().into(), directory: false, result: OK });
    world.exit(program, true);
    let kind = ActKind::Observe {
        program: "/usr/bin/cc".to_owned(),
        argv: vec!["cc".to_owned(), "a.c".to_owned()],
        directory: "/src".to_owned(),
    };
    world.act(1, kind, 2);
    let mut pass = world.end();
    pass.acts[0].origin = Origin::Observed;
    pass.witnesses.clear();
    pass
}

fn both() -> ScenarioRecord {
    record(vec![
        pass(1, SensorKind::Probe, ["ccAb12Cd.s", "ccEf34Gh.o", "tmpx_1y2"]),
        pass(2, SensorKind::Strace, ["ccZy98Xw.s", "ccVu76Ts.o", "tmpq_9w8"]),
    ])
}

const TREE: &str = "\
exec /usr/bin/cc cc a.c (act 1)
  open ${work}/tmp/${temp:1}.s
  exec /usr/bin/as as -o ${work}/tmp/${temp:2}.o ${work}/tmp/${temp:1}.s
    open ${work}/tmp/${temp:2}.o
    open ${work}/tmp/${temp:3}/log
    exit
  rename ${work}/tmp/${temp:2}.o ${work}/a.o
  open ./index.lock
  rename ./index.lock ./index
  unlink ${work}/tmp/${temp:1}.s
  exit
";

#[test]
fn made_up_names_are_the_same_in_every_pass_and_the_set_up_does_not_show() {
    assert_eq!(show(&both()), TREE);
}

#[test]
fn the_same_names_in_a_performed_act_are_what_they_are() {
    let mut record = both();
    record.passes.truncate(1);
    record.passes[0].acts[0].origin = Origin::Performed;
    let tree = show(&record);
    assert!(tree.contains("${work}/tmp/ccAb12Cd.s") && tree.contains("setid"), "{tree}");
}

#[test]
fn there_is_a_verdict_and_no_proof() {
    let judged = judge(&both());
    assert!(judged.proofs.is_empty());
    assert!(judged.verdicts.iter().all(|row| row.verdict == Verdict::Seen), "{:?}", judged.verdicts);
    assert_eq!(judged.verdicts.len(), 2);
    assert_eq!(outcome(&judged), RunOutcome::Pass);
    // Its exit was another than the launcher's.
    let mut record = both();
    for event in &mut record.passes[0].instances[0].events {
        if let (Payload::Exit(exit), Some(1001)) = (&mut event.payload, event.image.pid) {
            exit.code = Some(3);
        }
    }
    assert_eq!(judge(&record).verdicts[0].verdict, Verdict::Wrong);
}
