//! On a terminal a bar shows how far the run is; elsewhere there are plain lines; standard output is the report alone.

use std::{
    fs::File,
    io::Read,
    process::{Command, Stdio},
};

use nix::pty::{Winsize, openpty};

use super::{Lab, code, stderr, stdout, turn};

/// Runs it with standard error on a pseudo-terminal; gives the exit code, standard output and what the terminal got.
fn on_terminal(mut command: Command) -> (Option<i32>, String, String) {
    let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(pair.slave).env("TERM", "xterm");
    let mut child = command.spawn().unwrap();
    // It holds the other end of the terminal, which has to be closed for the reading to end.
    drop(command);
    let terminal = std::thread::spawn(move || {
        let (mut master, mut bytes, mut piece) = (File::from(pair.master), Vec::new(), [0; 4096]);
        // Linux ends the reading with EIO when nobody has the other end any more.
        while let Ok(length @ 1..) = master.read(&mut piece) {
            bytes.extend_from_slice(&piece[..length]);
        }
        bytes
    });
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    let status = child.wait().unwrap();
    let shown = terminal.join().unwrap();
    (status.code(), out, String::from_utf8_lossy(&shown).into_owned())
}

#[test]
fn a_bar_on_a_terminal_and_lines_elsewhere() {
    let Some(_turn) = turn("terminal::a_bar_on_a_terminal_and_lines_elsewhere") else { return };
    let lab = Lab::new();
    let (code_, out, shown) = on_terminal(lab.run(&["--scenario", "sensitive-read"]));
    assert_eq!(code_, Some(0), "{out}\n{shown}");
    // Each redrawing of the bar: `████░░░░ 3/15 sensitive-read pass 1: exercise`.
    let drawn: Vec<(u64, u64)> = shown
        .split(['\r', '\n'])
        .filter_map(|line| line.split_whitespace().find_map(|word| word.split_once('/')))
        .filter_map(|(at, of)| Some((at.parse().ok()?, of.parse().ok()?)))
        .collect();
    assert!(drawn.len() > 2, "{shown:?}");
    assert!(drawn.is_sorted_by_key(|(at, _)| *at), "it never goes back: {drawn:?}");
    assert!(drawn.iter().any(|(at, of)| *at > 0 && at <= of), "{drawn:?}");
    assert!(shown.contains("sensitive-read pass 1: ") && shown.contains('█'), "{shown:?}");
    let left = shown.rsplit(['\r', '\n']).next().unwrap_or_default();
    assert_eq!(left.replace("\x1b[2K", "").trim(), "", "the bar is taken away at the end: {shown:?}");
    assert!(out.starts_with("profile ") && !out.contains(['\x1b', '█']), "{out:?}");

    let plain = lab.run(&["--scenario", "sensitive-read"]).output().unwrap();
    code(&plain, 0);
    assert!(!stderr(&plain).contains(['\x1b', '\r', '█']), "{:?}", stderr(&plain));
    let stages = stderr(&plain).lines().filter(|line| line.starts_with("sensitive-read pass 1: ")).count();
    assert!(stages >= 5, "{}", stderr(&plain));
    assert!(stdout(&plain).starts_with("profile "));
}
