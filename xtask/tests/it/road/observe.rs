//! Programs of a person's own: observed, blessed, observed again, and seen to have changed.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use super::{Lab, code, program, report, state::State, stderr, stdout, turn};

/// How often what was blessed is observed again.
const AGAIN: usize = 5;

/// A lab, and a folder in which a person works.
pub(super) struct Desk {
    pub(super) lab: Lab,
    folder: PathBuf,
}

impl Desk {
    pub(super) fn new() -> Self {
        let lab = Lab::new();
        let folder = lab.path("desk");
        fs::create_dir(&folder).unwrap();
        Self { lab, folder }
    }

    /// `lab observe` in the person's folder, with `options` before the command.
    pub(super) fn observe(&self, options: &[&str], command: &[&str]) -> Command {
        let mut observe = self.lab.xtask(&["lab", "observe", "--no-install", "--probe"]);
        observe.arg(program("lab-probe")).arg("--actor").arg(program("lab-actor")).args(options);
        observe.arg("--").args(command).current_dir(&self.folder).stdin(Stdio::null());
        // As a person's shell has it, not as cargo and its proxies leave it to a test.
        let kept = ["PATH", "HOME", "LANG", "NO_COLOR", "CARGO_MANIFEST_DIR"];
        let kept = kept.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        observe.env_clear().envs(kept).env("NO_COLOR", "1").env("PATH", "/usr/local/bin:/usr/bin:/bin");
        observe
    }

    fn golden(&self, words: &[&str]) -> Output {
        self.lab.xtask(&["golden"]).args(words).output().unwrap()
    }

    /// Observes, blesses, observes again and again; `before` puts the folder back as it was.
    #[track_caller]
    fn is_stable(&self, name: &str, options: &[&str], command: &[&str], before: impl Fn()) {
        let named = [&["--name", name], options].concat();
        before();
        let first = self.observe(&named, command).output().unwrap();
        code(&first, 1);
        assert!(stderr(&first).contains("observed"), "{}", stderr(&first));
        assert!(!stderr(&first).contains("unproven"), "{}", stderr(&first));
        code(&self.golden(&["bless", "host", name]), 0);
        let golden = fs::read_to_string(self.lab.path(&format!("golden/{name}.golden"))).unwrap();
        assert!(golden.starts_with(&format!("sightline golden 1\nobserved {name}\n")), "{golden}");
        for _ in 0..AGAIN {
            before();
            let output = self.observe(&named, command).output().unwrap();
            let diff = self.golden(&["diff", "host", name]);
            assert_eq!(output.status.code(), Some(0), "{}\n{}\n{golden}", stdout(&diff), stderr(&output));
        }
    }

    /// Observes something else under the same name: drift, and the diff names the line.
    #[track_caller]
    fn is_drift(&self, name: &str, options: &[&str], command: &[&str], line: &str) {
        let output = self.observe(&[&["--name", name], options].concat(), command).output().unwrap();
        code(&output, 1);
        // By its id: of two runs that began in one second, none is the later.
        let said = stderr(&output);
        let id = said.lines().find_map(|line| line.strip_prefix("run ")).unwrap();
        let diff = self.golden(&["diff", "host", name, "--run", id]);
        code(&diff, 1);
        assert!(stdout(&diff).contains(line), "{line} is not in\n{}", stdout(&diff));
    }
}

pub(super) fn has(program: &str, test: &str) -> bool {
    let found = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"]
        .iter()
        .any(|dir| Path::new(dir).join(program).exists());
    if !found {
        println!("SKIP road::{test}: there is no {program} here");
    }
    found
}

#[test]
fn a_build_is_stable_and_another_flag_is_drift() {
    let test = "observe::a_build_is_stable_and_another_flag_is_drift";
    let Some(_turn) = turn(test) else { return };
    if !has("cc", test) || !has("make", test) {
        return;
    }
    let desk = Desk::new();
    let makefile =
        "CFLAGS = -O1\nhello: hello.o\n\tcc -o hello hello.o\nhello.o: hello.c\n\tcc $(CFLAGS) -c hello.c\n";
    fs::write(desk.folder.join("Makefile"), makefile).unwrap();
    fs::write(
        desk.folder.join("hello.c"),
        "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n",
    )
    .unwrap();
    let clean = || {
        for made in ["hello", "hello.o"] {
            let _ = fs::remove_file(desk.folder.join(made));
        }
    };
    desk.is_stable("build", &[], &["make"], clean);
    clean();
    desk.is_drift("build", &[], &["make", "CFLAGS=-O2"], "\"-O2\"");
    // Nothing to do is something else, too.
    desk.is_drift("build", &[], &["make"], "missing");
}

#[test]
fn curl_to_the_sink_is_stable_and_another_flag_is_drift() {
    let test = "observe::curl_to_the_sink_is_stable_and_another_flag_is_drift";
    let Some(_turn) = turn(test) else { return };
    if !has("curl", test) {
        return;
    }
    let desk = Desk::new();
    let script = |flags: &str| {
        format!(
            "exec curl --silent {flags} --max-time 20 --output answer \"http://$SIGHTLINE_SINK/$SIGHTLINE_NONCE\""
        )
    };
    let script = |flags: &str| ["sh".to_owned(), "-c".to_owned(), script(flags)];
    let usual = script("");
    let words: Vec<&str> = usual.iter().map(String::as_str).collect();
    desk.is_stable("call", &[], &words, || ());
    let other = script("--user-agent other");
    let words: Vec<&str> = other.iter().map(String::as_str).collect();
    desk.is_drift("call", &[], &words, "\"other\"");
    let golden = fs::read_to_string(desk.lab.path("golden/call.golden")).unwrap();
    assert!(fs::read(desk.folder.join("answer")).unwrap().len() == 33, "the sink's answer");
    // The program has a cgroup of its own, below the one that sensors are told of.
    assert!(!golden.contains("not bpftrace"), "{golden}");
    assert!(golden.contains("connect <sink>") && golden.contains("http://<sink>/<nonce>"), "{golden}");
}

const SCRIPT: &str = r#"
import os, subprocess, sys, tempfile
with open("notes.txt") as notes:
    text = notes.read()
handle, path = tempfile.mkstemp(suffix=".txt")
os.write(handle, text.encode())
os.close(handle)
with tempfile.TemporaryDirectory() as folder:
    open(os.path.join(folder, "copy"), "w").close()
    os.remove(os.path.join(folder, "copy"))
subprocess.run(["/usr/bin/env", "true", path], check=True)
os.rename(path, os.path.join(os.getcwd(), "out.txt"))
print(*sys.argv[1:])
"#;

#[test]
fn a_script_is_stable_under_both_sensors_and_another_argument_is_drift() {
    let test = "observe::a_script_is_stable_under_both_sensors_and_another_argument_is_drift";
    let Some(_turn) = turn(test) else { return };
    if !Path::new("/usr/bin/python3").exists() {
        println!("SKIP road::{test}: there is no /usr/bin/python3 here");
        return;
    }
    let desk = Desk::new();
    fs::write(desk.folder.join("script.py"), SCRIPT).unwrap();
    fs::write(desk.folder.join("notes.txt"), "notes\n").unwrap();
    let command = |argument| ["/usr/bin/python3", "-B", "script.py", argument];
    let tidy = || _ = fs::remove_file(desk.folder.join("out.txt"));
    desk.is_stable("script", &["--all-passes"], &command("one"), tidy);
    tidy();
    let output = desk.observe(&["--all-passes", "--name", "script"], &command("one")).output().unwrap();
    assert_eq!(stdout(&output), "one\none\n", "the program's own output alone");
    assert!(
        stderr(&output)
            .contains("will run 2 times: pass 1 under probe, auditd, bpftrace, tcpdump, pass 2 under strace")
    );
    let golden = fs::read_to_string(desk.lab.path("golden/script.golden")).unwrap();
    // The first is python's own, by which it tries out the folder.
    for piece in [
        "open \"<work>/tmp/<temp:1>\"",
        "\"<work>/tmp/<temp:2>.txt\"]",
        "rename \"<work>/tmp/<temp:2>.txt\" -> \"<cwd>/out.txt\"",
        "open \"<work>/tmp/<temp:3>/copy\"",
    ] {
        assert!(golden.contains(piece), "{piece} is not in\n{golden}");
    }
    tidy();
    desk.is_drift("script", &["--all-passes"], &command("two"), "\"two\"");
}

#[test]
fn what_a_program_is_given_and_what_is_said_of_it() {
    let Some(_turn) = turn("observe::what_a_program_is_given_and_what_is_said_of_it") else { return };
    let desk = Desk::new();
    let show = "pwd; echo \"$KEPT|$API_TOKEN|$OTHER_TOKEN|${SIGHTLINE_WORK:+work}|$(test -w \"$TMPDIR\" && echo tmp)\"; \
                echo aside >&2; read line; echo \"$line\"; exit 7";
    let mut observe = desk.observe(&["--name", "show", "--env", "OTHER_TOKEN"], &["sh", "-c", show]);
    observe.env("KEPT", "kept").env("API_TOKEN", "hidden").env("OTHER_TOKEN", "wanted");
    fs::write(desk.folder.join("input"), "from standard input\n").unwrap();
    let input = fs::File::open(desk.folder.join("input")).unwrap();
    let output = observe.stdin(input).output().unwrap();
    code(&output, 1);
    let folder = desk.folder.canonicalize().unwrap();
    let expected = format!("{}\nkept||wanted|work|tmp\nfrom standard input\n", folder.display());
    assert_eq!(stdout(&output), expected);
    let said = stderr(&output);
    for piece in ["aside\n", "looks like a secret: API_TOKEN", "exit code 7", "golden bless host show --run"]
    {
        assert!(said.contains(piece), "{piece:?} is not in\n{said}");
    }
    // In every form of the report it is observed and nothing is proven.
    let json = report(&desk.lab.xtask(&["report", "--json"]).output().unwrap());
    assert_eq!(json["scenarios"][0]["acts"][0]["origin"], "observed");
    assert_eq!(json["scenarios"][0]["proofs"].as_array().unwrap().len(), 0);
    for form in ["--html", "--junit", "--markdown", "--sarif"] {
        let text = stdout(&desk.lab.xtask(&["report", form]).output().unwrap());
        assert!(!text.contains("unproven: "), "{form}: {text}");
        assert!(form == "--junit" || form == "--sarif" || text.contains("observed"), "{form}: {text}");
    }
    // With a report on standard output, the program's goes aside.
    let output = desk.observe(&["--json", "--name", "show"], &["sh", "-c", "echo said"]).output().unwrap();
    code(&output, 1);
    report(&output);
    assert!(stderr(&output).contains("said\n"));
}

#[test]
fn goldens_of_programs_lint_and_are_none_of_the_profiles() {
    let Some(_turn) = turn("observe::goldens_of_programs_lint_and_are_none_of_the_profiles") else { return };
    let desk = Desk::new();
    code(&desk.observe(&[], &["true"]).output().unwrap(), 1);
    code(&desk.golden(&["bless", "host", "true"]), 0);
    code(&desk.golden(&["lint"]), 0);
    for words in [["diff", "host"], ["bless", "host"]] {
        let output = desk.golden(&words);
        code(&output, 2);
        assert!(stderr(&output).contains("there is no run of profile `host` yet"), "{}", stderr(&output));
    }
    let output = desk.golden(&["diff", "host", "false"]);
    code(&output, 2);
    assert!(stderr(&output).contains("no program was observed under that name"), "{}", stderr(&output));
    let other = desk.lab.path("golden/file-tamper.golden");
    fs::write(
        &other,
        fs::read_to_string(desk.lab.path("golden/true.golden"))
            .unwrap()
            .replace("observed true", "observed file-tamper"),
    )
    .unwrap();
    let output = desk.golden(&["lint"]);
    code(&output, 2);
    assert!(stdout(&output).contains("`file-tamper` is a scenario"), "{}", stdout(&output));
}

#[test]
fn what_cannot_be_observed() {
    let Some(_turn) = turn("observe::what_cannot_be_observed") else { return };
    let desk = Desk::new();
    let refused = |options: &[&str], command: &[&str], piece: &str| {
        let output = desk.observe(options, command).output().unwrap();
        code(&output, 2);
        assert!(stderr(&output).contains(piece), "{piece:?} is not in\n{}", stderr(&output));
    };
    fs::write(desk.folder.join("plain"), "text").unwrap();
    refused(&[], &["no-such-program"], "there is no `no-such-program` in PATH");
    refused(&[], &["./plain"], "./plain is no executable file");
    refused(&["--name", "shell-spawn"], &["true"], "a scenario's name");
    refused(&["--name", "Bad/Name"], &["true"], "is no name");
    refused(
        &["--sensor", "prob"],
        &["true"],
        "expected one of `probe`, `strace`, `auditd`, `bpftrace`, `tcpdump`",
    );
    assert!(!desk.lab.path("runs").exists(), "something was written");
    // Executable, but nothing that a kernel executes: the step that failed stands in the record.
    fs::set_permissions(desk.folder.join("plain"), fs::Permissions::from_mode(0o755)).unwrap();
    refused(&[], &["./plain"], "Exec format error");
    refused(&["--timeout", "1s", "--name", "long"], &["sleep", "600"], "time-out");
}

/// A program that says on its standard output that it runs, and then runs for long.
fn long_running(desk: &Desk) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let command = ["sh", "-c", "sleep 1000 & echo runs; wait"];
    let mut observe = desk.observe(&["--name", "long"], &command);
    let mut run = observe.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(run.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "runs\n");
    (run, output)
}

#[test]
fn a_runner_killed_while_a_program_runs_leaves_nothing_that_lab_down_does_not_take() {
    let Some(_turn) =
        turn("observe::a_runner_killed_while_a_program_runs_leaves_nothing_that_lab_down_does_not_take")
    else {
        return;
    };
    let desk = Desk::new();
    fs::create_dir(desk.lab.path("runs")).unwrap();
    let before = State::now(&desk.lab);
    let (mut run, _output) = long_running(&desk);
    run.kill().unwrap();
    run.wait().unwrap();
    code(&desk.lab.xtask(&["lab", "down"]).output().unwrap(), 0);
    before.comes_back("killed while a program ran", || State::now(&desk.lab));
}

#[test]
fn an_interrupt_ends_the_program_and_cleans_up() {
    let Some(_turn) = turn("observe::an_interrupt_ends_the_program_and_cleans_up") else { return };
    let desk = Desk::new();
    let before = State::now(&desk.lab).without_bundles();
    let (mut run, _output) = long_running(&desk);
    let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    let mut said = String::new();
    run.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(130), "{said}");
    before.comes_back("interrupted", || State::now(&desk.lab).without_bundles());
}

#[test]
fn what_a_program_leaves_running_is_ended() {
    let Some(_turn) = turn("observe::what_a_program_leaves_running_is_ended") else { return };
    let desk = Desk::new();
    let before = State::now(&desk.lab).without_bundles();
    let command = ["sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 & :"];
    let output = desk.observe(&["--name", "left", "--all-passes"], &command).output().unwrap();
    code(&output, 1);
    assert!(stderr(&output).contains("left running, ended by the lab: 1"), "{}", stderr(&output));
    before.comes_back("afterwards", || State::now(&desk.lab).without_bundles());
}

#[test]
fn drafts_of_all_scenarios_lint_once_they_are_filled_in() {
    let Some(_turn) = turn("observe::drafts_of_all_scenarios_lint_once_they_are_filled_in") else { return };
    let lab = Lab::new();
    code(&lab.run(&[]).output().unwrap(), 0);
    let before = lint(&lab);
    for scenario in ["file-tamper", "network-beacon", "privilege-change", "sensitive-read", "shell-spawn"] {
        let (name, from) = (format!("{scenario}-draft"), format!("latest/{scenario}"));
        code(&lab.xtask(&["scenario", "new", &name, "--from", &from]).output().unwrap(), 0);
        let path = lab.path(&format!("scenarios/{name}.toml"));
        let text = fs::read_to_string(&path).unwrap();
        let kinds = |text: &str| text.lines().filter(|line| line.starts_with("kind = ")).count();
        let acts = fs::read_to_string(lab.path(&format!("scenarios/{scenario}.toml"))).unwrap();
        assert_eq!(kinds(&text), kinds(&acts), "{text}");
        // There is nothing left to mark in them, as the acts of the run are known to be acts and twins.
        let again = lab.xtask(&["scenario", "new", &name]).output().unwrap();
        code(&again, 2);
        assert!(stderr(&again).contains("is there already"));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert!(lint(&lab) >= before);
    // Of an observed program a person must say what it stands for.
    let desk = Desk { folder: lab.path("desk"), lab };
    fs::create_dir(&desk.folder).unwrap();
    let command = ["sh", "-c", "cat /etc/hostname >copied; mv copied moved; rm moved"];
    code(
        &desk.observe(&["--name", "copy"], &["env", command[0], command[1], command[2]]).output().unwrap(),
        1,
    );
    code(&desk.lab.xtask(&["scenario", "new", "copy", "--from", "latest"]).output().unwrap(), 0);
    let path = desk.lab.path("scenarios/copy.toml");
    let output = desk.lab.xtask(&["scenario", "lint"]).output().unwrap();
    code(&output, 2);
    for missing in ["scenarios/copy.toml", "no ATT&CK id", "no benign twin"] {
        assert!(stderr(&output).contains(missing), "{missing} is not in\n{}", stderr(&output));
    }
    let filled = fs::read_to_string(&path).unwrap().replace("attack = []", "attack = [\"T1074.001\"]");
    let (acts, twin) = filled.split_once("# [[twin]]").unwrap();
    fs::write(&path, format!("{acts}[[twin]]{}", twin.replace("\n# ", "\n"))).unwrap();
    lint(&desk.lab);
}

/// How much there is to say of the scenarios; nothing of it a mistake.
#[track_caller]
fn lint(lab: &Lab) -> usize {
    let output = lab.xtask(&["scenario", "lint"]).output().unwrap();
    code(&output, 0);
    stdout(&output).lines().count()
}
