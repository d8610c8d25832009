//! `pins` on the command line: what it prints, and how it ends.

use std::{
    fs,
    process::{Command, Stdio},
    sync::{Mutex, mpsc},
};

use crate::tree::root;
use server::{Server, cut, redirect, status, whole};

#[path = "../../../crates/lab-tools/tests/it/server.rs"]
mod server;

/// A lab's folder with these pins.
fn lab(pins: &str) -> tempfile::TempDir {
    let lab = tempfile::tempdir().unwrap();
    fs::create_dir(lab.path().join("profiles")).unwrap();
    fs::write(lab.path().join("pins.toml"), pins).unwrap();
    lab
}

fn xtask(lab: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("--lab").arg(lab).arg("pins").args(args).env("NO_COLOR", "1");
    command
}

fn ended(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_projects_own_are_right_and_listed() {
    assert_eq!(ended(xtask(&root(), &["lint"])), (Some(0), String::new()));
    let (code, listed) = ended(xtask(&root(), &["list", "--set", "host"]));
    assert_eq!(code, Some(0));
    assert!(listed.lines().all(|line| line.split_whitespace().last() == Some("host")), "{listed}");
    let (_, json) = ended(xtask(&root(), &["list", "--json"]));
    let all: serde_json::Value = serde_json::from_str(&json).unwrap();
    let pins = all["pins"].as_array().unwrap();
    let (_, listed) = ended(xtask(&root(), &["list"]));
    assert_eq!(pins.len(), listed.lines().count());
    assert!(pins.iter().all(|pin| pin["sha256"].as_str().is_some_and(|hash| hash.len() == 64)));
}

#[test]
fn every_mistake_is_said_at_once_and_it_exits_2() {
    let lab = lab(
        "[[chart]]\nname = \"a-chart\"\nversion = \"latest\"\nurl = \"https://example.org/a.tgz\"\nverified = \"once\"\nhue = 1\n",
    );
    let (code, said) = ended(xtask(lab.path(), &["lint"]));
    assert_eq!(code, Some(2));
    let places: Vec<&str> = said.lines().filter_map(|line| line.split(": ").next()).collect();
    assert_eq!(places, ["pins.toml:1:1", "  hint", "pins.toml:3:11", "  hint", "pins.toml:6:1"], "{said}");
    let (code, json) = ended(xtask(lab.path(), &["lint", "--json"]));
    assert_eq!(code, Some(2));
    let mistakes: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(mistakes[1]["line"], 3);
    assert_eq!(mistakes[1]["hint"], "name one release, such as `v1.34.1`");
    // Whoever needs a pin gets the same mistakes.
    let output = xtask(lab.path(), &["list"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("pins.toml:3:11: `latest` is a floating tag"));
}

/// SHA-256 of 100,000 bytes of 7.
const SEVENS: &str = "2c4b101169bf328cd4a882e640a8b57eb3acf76518b3d105869905cf629e791c";

fn tool(version: &str) -> String {
    let arch = std::env::consts::ARCH;
    format!(
        "[[tool]]\nname = \"seven\"\nversion = \"{version}\"\narch = \"{arch}\"\nurl = \"https://files.example.org/seven\"\n\
         sha256 = \"{SEVENS}\"\nverified = \"twice\"\n"
    )
}

/// `pins fetch` with a folder of tools of its own, inside the lab's.
fn fetching(lab: &tempfile::TempDir, server: &Server, args: &[&str]) -> Command {
    let mut command = xtask(lab.path(), &[&["fetch"], args].concat());
    command.env("SIGHTLINE_MIRROR", server.address()).env("XDG_CACHE_HOME", lab.path().join("cache"));
    command
}

#[test]
fn an_interrupted_fetch_leaves_nothing_under_its_name_and_goes_on() {
    let file = vec![7; 100_000];
    let (reached, half) = mpsc::channel();
    let (over, is_over) = mpsc::channel::<()>();
    let is_over = Mutex::new(is_over);
    let server = Server::start({
        let file = file.clone();
        move |number, request| match number {
            0 => cut(request, &file, 40_000, || {
                reached.send(()).unwrap();
                is_over.lock().unwrap().recv().unwrap_or(());
            }),
            _ => whole(request, &file),
        }
    });
    let lab = lab(&tool("v1.2.3"));
    let tools = lab.path().join("cache/sightline/tools");
    let partial = tools.join(format!(".partial-{SEVENS}"));
    let mut child =
        fetching(&lab, &server, &["seven"]).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    half.recv().unwrap();
    // The server has sent it; the other side has it when its file has it.
    while fs::metadata(&partial).map_or(0, |meta| meta.len()) < 40_000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(over);
    let left: Vec<_> = fs::read_dir(&tools).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [partial]);

    let (code, said) = ended(fetching(&lab, &server, &["seven"]));
    assert_eq!(code, Some(0));
    let program = tools.join(format!("seven-v1.2.3-{}/bin/seven", std::env::consts::ARCH));
    assert_eq!(said, format!("{}\n", program.display()));
    assert_eq!(fs::read(program).unwrap(), file);
    assert_eq!(server.ranges(), [None, Some("bytes=40000-".to_owned())]);
}

#[test]
fn a_fetch_that_fails_says_why_and_exits_2() {
    let server = Server::start(|_, request| match request.url() {
        "/mirror/files.example.org/seven" => whole(request, b"eight"),
        _ => status(request, 404),
    });
    let lab = lab(&format!("{}{}", tool("v1.2.3"), tool("v1.2.4").replace("/seven", "/gone")));
    let said = |args: &[&str]| {
        let output = fetching(&lab, &server, args).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&["seven"]).contains("which seven? It is pinned as seven@v1.2.3, seven@v1.2.4"));
    assert!(said(&["sevn"]).contains("did you mean `seven`?"));
    let wrong = said(&["seven@v1.2.3"]);
    assert!(wrong.contains(SEVENS) && wrong.contains("thrown away"), "{wrong}");
    let gone = said(&["seven@v1.2.4"]);
    assert!(gone.contains("the server answers 404 Not Found\nhint: SIGHTLINE_MIRROR="), "{gone}");
    assert!(said(&["seven@v1.2.3", "--arch", "riscv64"]).contains("is not pinned for riscv64"));
    assert_eq!(fs::read_dir(lab.path().join("cache/sightline/tools")).unwrap().count(), 0);
}

#[test]
fn the_newest_is_asked_for_and_never_guessed() {
    let server = Server::start(|_, request| match request.url() {
        "/mirror/github.com/a/new/releases/latest" => {
            redirect(request, "https://github.com/a/new/releases/tag/v1.3.0")
        }
        "/mirror/github.com/a/same/releases/latest" => {
            redirect(request, "https://github.com/a/same/releases/tag/v1.2.3")
        }
        "/mirror/github.com/a/charts/releases/latest" => {
            redirect(request, "https://github.com/a/charts/releases/tag/other-9.9.9");
        }
        _ => status(request, 503),
    });
    let at = |path: &str, kind: &str, version: &str| {
        let text = tool(version).replace("files.example.org/seven", path).replace("[[tool]]", kind);
        text.replace("\"seven\"", &format!("{:?}", path.split('/').nth(2).unwrap()))
    };
    let chart = at("github.com/a/charts/releases/download/chart-1.2.3/chart-1.2.3.tgz", "[[chart]]", "1.2.3");
    let pins = [
        at("github.com/a/new/releases/download/v1.2.3/new", "[[tool]]", "v1.2.3"),
        at("github.com/a/same/releases/download/v1.2.3/same", "[[tool]]", "v1.2.3"),
        at("github.com/a/away/releases/download/v1.2.3/away", "[[tool]]", "v1.2.3"),
        at("files.example.org/a/plain", "[[tool]]", "v1.2.3").replace("\"plain\"", "\"files\""),
        chart.lines().filter(|line| !line.starts_with("arch")).map(|line| format!("{line}\n")).collect(),
    ];
    let lab = lab(&pins.concat());
    let mut command = xtask(lab.path(), &["outdated", "--json"]);
    let (code, said) = ended({
        command.env("SIGHTLINE_MIRROR", server.address());
        command
    });
    assert_eq!(code, Some(0));
    let rows: serde_json::Value = serde_json::from_str(&said).unwrap();
    let newest = |n: usize| rows[n]["newest"].clone();
    assert_eq!(newest(0), serde_json::json!({ "state": "other", "version": "v1.3.0" }));
    assert_eq!(newest(1), serde_json::json!({ "state": "pinned" }));
    for (n, why) in
        [(2, "503"), (3, "no way to ask files.example.org"), (4, "other-9.9.9, of something else")]
    {
        assert_eq!(newest(n)["state"], "unknown");
        assert!(newest(n)["why"].as_str().is_some_and(|said| said.contains(why)), "{said}");
    }
}
