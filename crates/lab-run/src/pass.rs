//! One pass: a subject of its own, one set of sensors, six stages.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use lab_act::witness::Witnesses;
use lab_env::{Environment, Inventory, Subject, SubjectSpec, cgroup};
use lab_model::{Act, InstanceRecord, PassRecord, Question, Stamp};
use lab_profile::{PassPlan, Scenario, Stage};
use lab_store::BundleWriter;

use crate::{
    Guest, Options, RunError,
    deadline::Deadline,
    exercise::{Exercise, Exercised, let_go, mark},
    observer::{Moment, Observer},
    random,
    sensor::{self, Instance, Turn},
    stages::{Stages, instances_own},
};

/// The domain whose names the lab's own resolver answers.
const DOMAIN: &str = "lab.sightline.test";

/// How long an actor may take to say hello, and a stage without a time-out of its own.
const BRIEF: Duration = Duration::from_secs(5);

/// What all passes of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) options: &'a Options,
    pub(crate) environment: &'a mut dyn Environment,
    pub(crate) inventory: &'a mut Inventory,
    pub(crate) bundle: &'a BundleWriter,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) probe_options: &'a [String],
}

/// What a pass has built up, piece by piece; whatever is there is taken away at its end.
#[derive(Default)]
struct Standing {
    subject: Option<Box<dyn Subject>>,
    witnesses: Option<Witnesses>,
    instances: Vec<Box<dyn Instance>>,
    turns: Vec<Turn>,
    actor: Option<Stamp>,
    /// key of the hashes of content
    key: String,
    acts: Vec<Act>,
    exercised: Exercised,
}

/// Runs one pass. The record says what happened, failures included.
pub(crate) fn run(shared: &mut Shared<'_>, scenario: &Scenario, pass: &PassPlan) -> PassRecord {
    let name = scenario.head.name.as_str();
    let time = |stage: Stage| {
        let planned = pass.stages.iter().find(|planned| planned.stage == stage);
        planned.map_or(BRIEF, |planned| planned.timeout.value)
    };
    let mut stages = Stages {
        scenario: name,
        pass: pass.pass,
        interrupt: &shared.options.interrupt,
        observer: shared.observer,
        records: Vec::new(),
    };
    let mut standing = Standing::default();
    let mut records = Vec::new();

    let ready = stages
        .run_after(
            Stage::Attach,
            time(Stage::Attach),
            |stages| turns(stages, pass),
            |turns, deadline| {
                standing.turns = turns;
                attach(shared, scenario, pass, &mut standing, deadline)
            },
        )
        .and_then(|()| {
            stages.run(Stage::Deploy, time(Stage::Deploy), |deadline| {
                deploy(shared, scenario, pass, &mut standing, deadline)
            })
        });
    if ready.is_some() {
        stages.run(Stage::Exercise, time(Stage::Exercise), |deadline| match &shared.options.guest {
            Some(guest) => launch(guest, &mut standing, deadline, shared.observer),
            None => act_by_act(name, &mut standing, deadline, shared.observer),
        });
        stages.run(Stage::Settle, time(Stage::Settle), |deadline| settle(&mut standing, deadline));
    }
    stages
        .run(Stage::Collect, time(Stage::Collect), |deadline| collect(&mut standing, &mut records, deadline));
    let (variables, cgroup) = match &standing.subject {
        Some(subject) => (subject.variables().clone(), cgroup::id(subject.cgroup()).ok()),
        None => (BTreeMap::new(), None),
    };
    stages.run(Stage::Cleanup, time(Stage::Cleanup), |_| take_away(&mut standing));
    PassRecord {
        pass: pass.pass,
        actor: standing.actor,
        cgroup,
        variables,
        stages: stages.records,
        acts: standing.acts,
        receipts: standing.exercised.receipts,
        witnesses: standing.exercised.witnesses,
        instances: records,
    }
}

/// Waits for other runs to give up what the pass's sensors need for themselves.
fn turns(stages: &Stages<'_>, pass: &PassPlan) -> Result<Vec<Turn>, RunError> {
    let tell = |whom: &str| {
        stages.observer.on(&Moment::Waiting { scenario: stages.scenario, pass: stages.pass, whom });
    };
    let turns = pass
        .instances
        .iter()
        .map(|planned| sensor::turn(planned.sensor, &planned.instance, stages.interrupt, tell));
    turns.filter_map(Result::transpose).collect()
}

/// Makes the subject's place, starts the witnesses, and attaches the sensors that need no process.
fn attach(
    shared: &mut Shared<'_>,
    scenario: &Scenario,
    pass: &PassPlan,
    standing: &mut Standing,
    deadline: &Deadline,
) -> Result<(), RunError> {
    standing.key = random::hex::<32>()?;
    let witnesses = Witnesses::start(&standing.key).map_err(RunError::Witness)?;
    let mut variables = BTreeMap::from([
        ("sink".to_owned(), witnesses.sink().to_string()),
        ("resolver".to_owned(), witnesses.resolver().to_string()),
        ("domain".to_owned(), DOMAIN.to_owned()),
        ("nonce".to_owned(), random::nonce()?),
    ]);
    if let Some(guest) = &shared.options.guest {
        variables.extend(guest.variables(&scenario.acts));
    }
    let spec = SubjectSpec {
        name: format!("{}-{}", scenario.head.name, pass.pass),
        actor: shared.options.actor.clone(),
        images: scenario.images.clone(),
        files: scenario.files.clone(),
        variables,
        guest: shared.options.guest.as_ref().map(Guest::room),
    };
    let subject = standing.subject.insert(shared.environment.place(&spec)?);
    let values = subject.variables();
    for act in &scenario.acts {
        let bound = act.bind(&random::nonce()?, &|name| values.get(name).cloned());
        standing.acts.push(bound.map_err(|source| RunError::Variable { act: act.id, source })?);
    }
    standing.witnesses = Some(witnesses);
    attach_instances(shared, scenario, pass, standing, false, deadline)
}

/// Starts the actor, attaches the sensors that need a process, and sees that every sensor sees.
fn deploy(
    shared: &mut Shared<'_>,
    scenario: &Scenario,
    pass: &PassPlan,
    standing: &mut Standing,
    deadline: &Deadline,
) -> Result<(), RunError> {
    let subject = standing.subject.as_mut().ok_or(RunError::NoSubject)?;
    standing.actor = Some(subject.start(BRIEF)?);
    if let (Some(witnesses), Some(pid)) = (&mut standing.witnesses, subject.pid()) {
        witnesses.actor(pid);
    }
    attach_instances(shared, scenario, pass, standing, true, deadline)?;
    marker(standing, "start", deadline)?;
    Ok(())
}

fn attach_instances(
    shared: &mut Shared<'_>,
    scenario: &Scenario,
    pass: &PassPlan,
    standing: &mut Standing,
    to_process: bool,
    deadline: &Deadline,
) -> Result<(), RunError> {
    let subject = standing.subject.as_ref().ok_or(RunError::NoSubject)?;
    let addresses = addresses(subject.variables(), &standing.acts);
    for planned in pass.instances.iter().filter(|planned| sensor::needs_process(planned.sensor) == to_process)
    {
        let (name, instance) = (&scenario.head.name, planned.instance.as_str());
        let place = sensor::Place {
            instance: instance.to_owned(),
            scope: subject.cgroup(),
            sensors: shared.environment.sensors(),
            actor: subject.pid(),
            addresses: &addresses,
            inventory: shared.inventory,
            raw: shared.bundle.raw_path(name, pass.pass, instance, sensor::raw_extension(planned.sensor))?,
            events: shared.bundle.events(name, pass.pass, instance)?,
            probe: &shared.options.probe,
            probe_options: shared.probe_options,
        };
        standing.instances.push(sensor::attach(planned.sensor, place, deadline)?);
    }
    Ok(())
}

/// What the lab's own programs listen at, and what the acts speak to.
fn addresses(variables: &BTreeMap<String, String>, acts: &[Act]) -> Vec<SocketAddr> {
    let own = ["sink", "resolver"].into_iter().filter_map(|name| variables.get(name).map(String::as_str));
    let peers = acts.iter().filter_map(|act| Some(act.kind.peer()?.1));
    own.chain(peers).filter_map(|address| address.parse().ok()).collect()
}

/// Makes a mark and waits until every instance has seen it.
fn marker(standing: &mut Standing, which: &str, deadline: &Deadline) -> Result<(), RunError> {
    let name = format!("sightline-mark-{which}-{}", random::nonce()?);
    let mut watching = Vec::new();
    for instance in &mut standing.instances {
        watching.push(instances_own(instance.watch(&name, &deadline.half()))?.is_some());
    }
    let asks = standing.instances.iter().any(|instance| instance.sees_packets_alone());
    let subject = standing.subject.as_mut().ok_or(RunError::NoSubject)?;
    let value = |name: &str| subject.variables().get(name).cloned().unwrap_or_default();
    let path = format!("{}/{name}", value("work"));
    let question =
        asks.then(|| Question { resolver: value("resolver"), name: format!("{name}.{}", value("domain")) });
    mark(subject.as_mut(), path, question, deadline)?;
    for (instance, _) in standing.instances.iter_mut().zip(watching).filter(|(_, watching)| *watching) {
        instances_own(instance.marker(&deadline.half()))?;
    }
    Ok(())
}

fn act_by_act(
    scenario: &str,
    standing: &mut Standing,
    deadline: &Deadline,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let Standing { subject: Some(subject), witnesses: Some(witnesses), acts, key, exercised, .. } = standing
    else {
        return Err(RunError::NoSubject);
    };
    let mut stage = Exercise { scenario, key, subject: subject.as_mut(), witnesses, deadline, observer };
    stage.run(acts, exercised)
}

fn launch(
    guest: &Guest,
    standing: &mut Standing,
    deadline: &Deadline,
    observer: &dyn Observer,
) -> Result<(), RunError> {
    let Standing { subject: Some(subject), acts, exercised, .. } = standing else {
        return Err(RunError::NoSubject);
    };
    acts.iter().try_for_each(|act| guest.launch(act, subject.as_mut(), exercised, deadline, observer))
}

fn settle(standing: &mut Standing, deadline: &Deadline) -> Result<(), RunError> {
    if let Some(subject) = &mut standing.subject
        && std::mem::take(&mut standing.exercised.under_way)
    {
        let_go(subject.as_mut(), deadline)?;
    }
    marker(standing, "end", deadline)?;
    // The actor goes first: a sensor that follows processes has the whole of them only once they have ended.
    let subject = standing.subject.as_mut().ok_or(RunError::NoSubject)?;
    subject.dismiss(BRIEF)?;
    for instance in &mut standing.instances {
        instances_own(instance.stop(&deadline.half()))?;
    }
    Ok(())
}

/// Collects every instance, also when one of them fails; the first failure is the stage's.
fn collect(
    standing: &mut Standing,
    records: &mut Vec<InstanceRecord>,
    deadline: &Deadline,
) -> Result<(), RunError> {
    let mut failed = None;
    for mut instance in standing.instances.drain(..) {
        match instance.collect(deadline) {
            Ok(record) => records.push(record),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(()), Err)
}

fn take_away(standing: &mut Standing) -> Result<(), RunError> {
    standing.instances.clear();
    standing.turns.clear();
    if let Some(witnesses) = standing.witnesses.take() {
        witnesses.finish();
    }
    if let Some(mut subject) = standing.subject.take() {
        subject.stop()?;
    }
    Ok(())
}
