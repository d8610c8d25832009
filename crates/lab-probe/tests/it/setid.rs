//! Ids changed: before, after, and the refused way back.

use lab_model::{Errno, Ids, Outcome, SetIdCall};

use crate::lab::{Lab, of};

const NOBODY: u32 = 65534;

#[test]
fn to_nobody_and_the_refused_way_back() {
    let Some(lab) = Lab::start("setid", &[]) else { return };
    // SAFETY: raw calls; the C library's own would tell other threads.
    let subject = lab.subject(|| unsafe {
        libc::syscall(libc::SYS_setresgid, NOBODY, NOBODY, NOBODY);
        libc::syscall(libc::SYS_setreuid, -1, 1000);
        libc::syscall(libc::SYS_setuid, 0);
        libc::syscall(libc::SYS_setresuid, NOBODY, NOBODY, NOBODY);
        libc::syscall(libc::SYS_setuid, 0);
        libc::syscall(libc::SYS_setfsuid, 0);
        0
    });
    subject.wait();
    let (events, _) = lab.stop();
    let calls = of!(events, subject.pid, SetId);
    let names: Vec<_> = calls.iter().map(|c| (c.call, c.requested.clone(), c.result)).collect();
    let nobody = Some(NOBODY);
    let good = Outcome::Ok(0);
    assert_eq!(
        names,
        [
            (SetIdCall::Setresgid, vec![nobody; 3], good),
            (SetIdCall::Setreuid, vec![None, Some(1000)], good),
            (SetIdCall::Setuid, vec![Some(0)], good),
            (SetIdCall::Setresuid, vec![nobody; 3], good),
            (SetIdCall::Setuid, vec![Some(0)], Outcome::Errno(Errno(libc::EPERM))),
            (SetIdCall::Setfsuid, vec![Some(0)], Outcome::Ok(i64::from(NOBODY))),
        ]
    );
    let groups = Ids { gid: NOBODY, egid: NOBODY, sgid: NOBODY, fsgid: NOBODY, ..Ids::default() };
    assert_eq!((calls[0].before, calls[0].after), (Some(Ids::default()), Some(groups)));
    let other = Ids { euid: 1000, suid: 1000, fsuid: 1000, ..groups };
    assert_eq!(calls[1].after, Some(other));
    // With root's effective id gone setuid changes only the effective one.
    let other_way = Ids { suid: 1000, ..groups };
    assert_eq!(calls[2].after, Some(other_way), "the real id was still root's");
    let all = Ids { uid: NOBODY, euid: NOBODY, suid: NOBODY, fsuid: NOBODY, ..groups };
    assert_eq!(calls[3].after, Some(all));
    for refused in &calls[4..] {
        assert_eq!((refused.before, refused.after), (Some(all), Some(all)));
    }
}
