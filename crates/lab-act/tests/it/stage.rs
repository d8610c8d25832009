//! A folder, an actor and witnesses for one test.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use lab_act::witness::Witnesses;
use lab_model::{Act, Family, Order, PassRecord, Receipt, Reply, ScenarioHead, ScenarioRecord, Witness};

pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff";
pub(crate) const ACTOR: &str = env!("CARGO_BIN_EXE_lab-actor");
pub(crate) const LIAR: &str = env!("CARGO_BIN_EXE_lab-liar");
/// The images that the environment would place.
const IMAGES: [&str; 3] = ["one", "two", "three"];
/// Longer than any act takes, shorter than anyone's patience.
const PATIENCE: Duration = Duration::from_secs(20);

/// True if the test can run; else says why not.
pub(crate) fn root(name: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        println!("SKIP {name}: it needs root");
    }
    root
}

/// A folder that everyone may traverse, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/var/lib/sightline-test-{}-{number}", std::process::id()));
        let folder = Self(path);
        for name in ["", "bin", "canary"] {
            fs::create_dir_all(folder.0.join(name)).unwrap();
            fs::set_permissions(folder.0.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for (image, mode) in IMAGES.iter().map(|image| (*image, 0o755)).chain([("helper", 0o4755)]) {
            let image = folder.path(&format!("bin/{image}"));
            // Another process writes it: were the file open for writing here, a child that another test forks meanwhile
            // would hold it open, and nobody could execute it (ETXTBSY).
            assert!(std::process::Command::new("cp").args([ACTOR, &image]).status().unwrap().success());
            fs::set_permissions(&image, fs::Permissions::from_mode(mode)).unwrap();
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A resident actor, or who claims to be one.
pub(crate) struct Actor {
    pub(crate) child: Child,
    orders: Option<ChildStdin>,
    replies: Receiver<Reply>,
}

impl Actor {
    pub(crate) fn start(program: &str) -> Self {
        Self::spawn(Command::new(program))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (orders, out) = (child.stdin.take(), child.stdout.take().unwrap());
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let actor = Self { child, orders, replies };
        assert!(matches!(actor.reply(), Some(Reply::Hello { .. })));
        actor
    }

    pub(crate) fn order(&mut self, order: &Order) {
        let line = format!("{}\n", serde_json::to_string(order).unwrap());
        self.orders.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.orders.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// The next reply; `None` if the actor is gone, or says nothing for too long.
    pub(crate) fn reply(&self) -> Option<Reply> {
        self.replies.recv_timeout(PATIENCE).ok()
    }

    pub(crate) fn hang_up(&mut self) {
        self.orders = None;
    }

    pub(crate) fn perform(&mut self, act: &Act) {
        self.order(&Order::Perform { act: Box::new(act.clone()), key: KEY.to_owned() });
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has `act` performed before the witnesses.
pub(crate) fn observe(actor: &mut Actor, witnesses: &mut Witnesses, act: &Act) -> (Receipt, Vec<Witness>) {
    observe_other(actor, witnesses, act, act, |_| {})
}

/// Has `done` performed before witnesses who are told `act`, with a receipt that `forge` changes.
pub(crate) fn observe_other(
    actor: &mut Actor,
    witnesses: &mut Witnesses,
    act: &Act,
    done: &Act,
    forge: impl Fn(&mut Receipt),
) -> (Receipt, Vec<Witness>) {
    witnesses.actor(actor.child.id());
    witnesses.before(act);
    actor.perform(done);
    let mut held = loop {
        match actor.reply() {
            Some(Reply::Listening { address }) => witnesses.listening(act, &address),
            Some(Reply::Held { receipt }) => break receipt,
            other => panic!("{other:?}"),
        }
    };
    forge(&mut held);
    witnesses.held(act, &held);
    actor.order(&Order::Release);
    let Some(Reply::Done { mut receipt }) = actor.reply() else { panic!("not done") };
    forge(&mut receipt);
    let words = witnesses.after(act, &receipt);
    (receipt, words)
}

/// The families of which every claim was observed.
pub(crate) fn families(words: &[Witness]) -> BTreeSet<Family> {
    let all = words.iter().map(|word| word.family).collect::<BTreeSet<_>>();
    all.into_iter().filter(|f| words.iter().all(|word| word.family != *f || word.observed)).collect()
}

/// Whether the judge takes the act as proven.
pub(crate) fn proven(act: &Act, receipt: &Receipt, words: &[Witness]) -> bool {
    let pass = PassRecord {
        pass: 1,
        actor: None,
        cgroup: None,
        variables: BTreeMap::new(),
        stages: Vec::new(),
        acts: vec![act.clone()],
        receipts: vec![receipt.clone()],
        witnesses: words.to_vec(),
        instances: Vec::new(),
    };
    let head = ScenarioHead { name: "one act".to_owned(), summary: String::new(), attack: Vec::new() };
    let judged = lab_judge::judge(&ScenarioRecord { head, planned: Vec::new(), passes: vec![pass] });
    assert_eq!(judged.proofs.len(), 1);
    judged.proofs[0].proven
}
