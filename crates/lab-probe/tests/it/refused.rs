//! What a kernel refuses is left out with its reason, and nothing else is.

use std::process::{Command, Stdio};

use lab_model::{Action, Refusal};

use crate::lab::{Lab, PROBE, of, open};

/// Starts a probe that takes a field to be elsewhere; what it refused. What is not refused must work.
fn start(name: &str, pretended: &str, works: bool) -> Option<Vec<Refusal>> {
    let (lab, refused) = Lab::start_refused(name, &["--pretend", pretended])?;
    let (path, none) = (lab.path("dir"), lab.path("none"));
    // SAFETY: a valid string.
    let subject = lab.subject(|| unsafe {
        open(&none, libc::O_RDONLY);
        libc::syscall(libc::SYS_mkdir, path.as_ptr(), 0o700) as i32
    });
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let opens = refused.iter().all(|refusal| refusal.action != Action::Open);
    assert_eq!(of!(events, subject.pid, Mkdir).len(), usize::from(works), "{pretended}");
    assert_eq!(of!(events, subject.pid, Open).len(), usize::from(opens), "{pretended}");
    Some(refused)
}

fn actions(refused: &[Refusal]) -> Vec<Action> {
    refused.iter().map(|refusal| refusal.action).collect()
}

#[test]
fn a_field_that_a_kernel_does_not_have() {
    for (field, reason, expected) in [
        ("fd_table", "files_struct.fdt", &[Action::Open, Action::Send, Action::IoUring, Action::Connect][..]),
        ("mm_exe_file", "mm_struct.exe_file", &[Action::Exec]),
        ("signal_live", "signal_struct.live.counter", &[Action::Exit]),
        ("css_set_cgroup", "css_set.dfl_cgrp", &[Action::Fork]),
        ("ring_operation", "io_kiocb.opcode", &[Action::IoUring]),
        ("later_state", "sock.__sk_common.skc_state", &[Action::Connect]),
    ] {
        let Some(refused) = start(&format!("no-{field}"), &format!("{field}=none"), true) else { return };
        assert_eq!(actions(&refused), expected, "{field}");
        for refusal in &refused {
            assert!(refusal.reason.contains(&format!("this kernel has no {reason}")), "{refusal:?}");
        }
    }
}

#[test]
fn a_program_that_the_verifier_does_not_take() {
    // A load that is not where a field is: it is refused for each program that has it, and told in the kernel's words.
    let Some(refused) = start("verifier", "fd_files=3", true) else { return };
    let actions = actions(&refused);
    assert!([Action::Open, Action::Send].iter().all(|action| actions.contains(action)), "{refused:?}");
    assert!(!actions.contains(&Action::Exec) && !actions.contains(&Action::Bind));
    let verified = |refusal: &Refusal| {
        refusal.reason.contains("verification time") || refusal.reason.contains("processed")
    };
    assert!(refused.iter().all(verified), "{refused:?}");
}

#[test]
fn without_what_tells_who_acts_nothing_can_be_observed() {
    let Some((dir, cgroup)) = Lab::place("no-tgid") else { return };
    let mut probe = Command::new(PROBE);
    probe.args(["record", "--pretend", "task_tgid=none", "--scope"]).arg(&cgroup);
    let output = probe.arg("--spool").arg(dir.path().join("spool")).stdin(Stdio::null()).output().unwrap();
    std::fs::remove_dir(&cgroup).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("find task_struct.tgid in the kernel's types"),
        "{said}"
    );
}
