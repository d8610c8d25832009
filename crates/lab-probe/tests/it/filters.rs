//! What is not wanted is left out and counted, and nothing that is wanted is.

use std::{ffi::CString, fs, path::Path, process::Command, ptr::null};

use lab_model::{Action, Payload};

use crate::{
    connect::inet,
    lab::{Lab, PROBE, call, copy_program, of, open},
};

fn string(path: &Path) -> CString {
    CString::new(path.to_str().unwrap()).unwrap()
}

#[test]
fn by_action() {
    let Some((lab, refused)) = Lab::start_refused("filter-action", &["--action", "connect"]) else { return };
    let (path, address) = (lab.path("none"), inet(9));
    // SAFETY: valid buffers and lengths.
    let subject = lab.subject(|| unsafe {
        open(&path, libc::O_RDONLY);
        let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM, 0);
        libc::connect(fd, address.as_ptr().cast(), address.len() as u32);
        0
    });
    subject.wait();
    let (events, counters) = lab.stop();
    let mine = events.iter().filter(|event| event.image.pid == Some(subject.pid));
    let actions: Vec<Action> = mine.map(|event| event.payload.action()).collect();
    assert_eq!(actions, [Action::Connect, Action::Exit], "who there is is always told");
    assert_eq!(counters.programs["open"].produced, 0);
    let open = refused.iter().find(|refusal| refusal.action == Action::Open).unwrap();
    assert_eq!(open.reason, "left out: other actions were asked for");
    let kept = [Action::Connect, Action::Exec, Action::Fork, Action::Exit];
    assert!(refused.iter().all(|refusal| !kept.contains(&refusal.action)));
}

/// A lab that wants only what is about the folder `in`.
fn about_one_folder(name: &str, more: &[&str]) -> Option<Lab> {
    let (dir, cgroup) = Lab::place(name)?;
    for folder in ["in", "out"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
        fs::write(dir.path().join(folder).join("file"), "x").unwrap();
    }
    let wanted = dir.path().join("in");
    let options = [&["--path", wanted.to_str().unwrap()], more].concat();
    let whom = ["--scope".as_ref(), cgroup.as_os_str()];
    let (lab, refused) = Lab::start_in(dir, cgroup.clone(), &mut Command::new(PROBE), &whom, &options);
    assert_eq!(refused, []);
    Some(lab)
}

#[test]
fn by_path_as_the_kernel_has_it() {
    let Some(lab) = about_one_folder("filter-path", &[]) else { return };
    let folder = lab.dir.path().to_owned();
    let at = |name: &str| string(&folder.join(name));
    std::os::unix::fs::symlink(folder.join("in/file"), folder.join("out/to-in")).unwrap();
    std::os::unix::fs::symlink(folder.join("out/file"), folder.join("in/to-out")).unwrap();
    fs::create_dir(folder.join("inside")).unwrap();
    fs::write(folder.join("inside/file"), "x").unwrap();
    let opens =
        ["in/file", "out/file", "out/to-in", "in/to-out", "in/none", "out/none", "in", "inside/file"].map(at);
    let [in_dir, out_dir, in_file, moved, out_file, relative] =
        ["in/dir", "out/dir", "in/file", "in/moved", "out/file", "out"].map(at);
    // SAFETY: valid strings.
    let subject = lab.subject(|| unsafe {
        opens.iter().for_each(|path| _ = open(path, libc::O_RDONLY));
        libc::syscall(libc::SYS_mkdir, in_dir.as_ptr(), 0o700);
        libc::syscall(libc::SYS_mkdir, out_dir.as_ptr(), 0o700);
        libc::syscall(libc::SYS_unlink, in_file.as_ptr());
        libc::syscall(libc::SYS_rename, out_file.as_ptr(), moved.as_ptr());
        libc::syscall(libc::SYS_unlink, out_file.as_ptr());
        libc::chdir(relative.as_ptr());
        libc::syscall(libc::SYS_unlink, c"gone".as_ptr());
        0
    });
    subject.wait();
    let (events, counters) = lab.stop();
    let short = |text: &lab_model::Text| text.to_string().replace(&format!("{}/", folder.display()), "");
    let opened: Vec<_> = of!(events, subject.pid, Open).iter().map(|open| short(&open.path)).collect();
    assert_eq!(opened, ["in/file", "out/to-in", "in/none", "in"]);
    let made: Vec<_> = of!(events, subject.pid, Mkdir).iter().map(|mkdir| short(&mkdir.path)).collect();
    assert_eq!(made, ["in/dir"]);
    let gone: Vec<_> = of!(events, subject.pid, Unlink).iter().map(|unlink| short(&unlink.path)).collect();
    assert_eq!(gone, ["in/file", "gone"], "what is relative to a folder that is not known here is kept");
    assert_eq!(of!(events, subject.pid, Rename).len(), 1, "one of its two paths is wanted");
    assert!(counters.programs["open"].filtered >= 4 && counters.programs["mkdir"].filtered >= 1);
}

#[test]
fn the_balance_holds_to_the_event_with_a_filter_and_a_ring_that_is_too_small() {
    let Some(lab) = about_one_folder("filter-balance", &["--ring-bytes", "4096"]) else { return };
    let folder = lab.dir.path().to_owned();
    let (wanted, other) = (string(&folder.join("in/none")), string(&folder.join("out/none")));
    const EACH: u64 = 20_000;
    let flood = || {
        for _ in 0..EACH {
            open(&wanted, libc::O_RDONLY);
            open(&other, libc::O_RDONLY);
        }
        0
    };
    let subjects = [lab.subject(flood), lab.subject(flood)];
    subjects.iter().for_each(|subject| assert_eq!(subject.wait(), 0));
    let (events, counters) = lab.stop();
    let opens = &counters.programs["open"];
    assert_eq!(opens.received + opens.lost_total(), 2 * EACH);
    assert!(opens.lost_total() > 0 && opens.filtered >= 2 * EACH);
    let (mut told, mut lost) = (0, 0);
    for event in &events {
        match &event.payload {
            Payload::Open(_) => told += 1,
            Payload::Loss(loss) => lost += loss.count.unwrap(),
            _ => {}
        }
    }
    assert_eq!((told, lost), (opens.received, counters.lost_total()), "what is left out makes no gap");
}

#[test]
fn by_executable() {
    let Some((dir, cgroup)) = Lab::place("filter-executable") else { return };
    let programs = ["wanted", "other"].map(|name| dir.path().join(name));
    programs.iter().for_each(|path| copy_program("/bin/cat", path));
    let options = ["--executable", programs[0].to_str().unwrap()];
    let whom = ["--scope".as_ref(), cgroup.as_os_str()];
    let (lab, refused) = Lab::start_in(dir, cgroup.clone(), &mut Command::new(PROBE), &whom, &options);
    assert_eq!(refused, []);
    let subjects = programs.each_ref().map(|path| {
        let path = string(path);
        // SAFETY: valid strings and lists that end in null.
        let subject = lab.subject(|| unsafe {
            let argv = [path.as_ptr(), c"/proc/self/comm".as_ptr(), null()];
            call(libc::syscall(libc::SYS_execve, path.as_ptr(), argv.as_ptr(), &null::<u8>()))
        });
        subject.wait();
        subject
    });
    let (events, _) = lab.stop();
    let opens = subjects.each_ref().map(|subject| of!(events, subject.pid, Open).len());
    assert!(opens[0] > 1 && opens[1] == 0, "{opens:?}");
    for subject in &subjects {
        assert_eq!((of!(events, subject.pid, Exec).len(), of!(events, subject.pid, Exit).len()), (1, 1));
    }
}
