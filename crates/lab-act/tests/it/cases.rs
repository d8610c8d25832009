//! One act or more of each kind, as data.

use std::{collections::BTreeSet, fs};

use lab_act::witness::Witnesses;
use lab_model::{
    Act, ActKind, Errno, Expectation, Family, Interest, Link, Origin, Placement, Role, Scope, SetIdCall,
};

use crate::stage::Folder;

const NOBODY: &str = "65534";

/// An act, and who must be able to prove it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) act: Act,
    pub(crate) families: BTreeSet<Family>,
}

pub(crate) fn act(id: u32, kind: ActKind) -> Act {
    let interest = Interest {
        scope: Scope::Subtree,
        actions: BTreeSet::new(),
        exec_only: false,
        folded: BTreeSet::new(),
        free: Default::default(),
    };
    Act {
        id,
        role: Role::Act,
        origin: Origin::Performed,
        kind,
        via: Vec::new(),
        user: None,
        expect: Expectation::Ok,
        interest,
        nonce: format!("sl{id:012x}"),
    }
}

pub(crate) fn link(folder: &Folder, image: &str, placement: Placement) -> Link {
    let argv = vec![image.to_owned(), "--nonce".to_owned(), "sl0".to_owned()];
    Link { path: folder.path(&format!("bin/{image}")), argv, placement, set_user_id: image == "helper" }
}

/// Every kind, with all that can be told of it; sets up the canaries.
pub(crate) fn all(folder: &Folder, witnesses: &Witnesses) -> Vec<Case> {
    let mut cases = Cases { folder, list: Vec::new() };
    let canary = |name: &str| {
        let path = folder.path(&format!("canary/{name}"));
        fs::write(&path, "canary\n").unwrap();
        path
    };
    let fresh = |name: &str| folder.path(&format!("canary/{name}"));
    let (forked, in_place) = (Placement::Forked, Placement::InPlace);
    let chain = |placements: [Placement; 3]| -> Vec<Link> {
        ["one", "two", "three"].iter().zip(placements).map(|(image, p)| link(folder, image, p)).collect()
    };

    use Family::{Kernel, Outside, Receipt};
    let both: &[Family] = &[Receipt, Kernel];
    let three: &[Family] = &[Receipt, Outside, Kernel];

    cases.add("exec, one image", both, ActKind::Exec, |a| a.via = vec![link(folder, "one", forked)]);
    cases.add("exec, three forked", both, ActKind::Exec, |a| a.via = chain([forked; 3]));
    cases.add("exec, three in place", both, ActKind::Exec, |a| a.via = chain([in_place; 3]));
    cases.add("exec, set-user-id by nobody", both, ActKind::Exec, |a| {
        a.via = vec![link(folder, "one", forked), link(folder, "helper", forked)];
        a.user = Some(NOBODY.to_owned());
    });
    cases.add("exec of nothing", both, ActKind::Exec, |a| {
        a.via = vec![link(folder, "one", forked), link(folder, "missing", forked)];
        refused(a, libc::ENOENT);
    });
    cases.add("read", three, ActKind::Read { path: canary("read") }, |_| {});
    cases.add(
        "read a protected file, through images",
        three,
        ActKind::Read { path: "/etc/shadow".to_owned() },
        |a| {
            a.via = chain([forked, in_place, forked]);
        },
    );
    cases.add(
        "read a protected file by a helper",
        three,
        ActKind::Read { path: "/etc/shadow".to_owned() },
        |a| {
            a.via = vec![link(folder, "helper", forked)];
            a.user = Some(NOBODY.to_owned());
        },
    );
    cases.add("read, refused to nobody", both, ActKind::Read { path: "/etc/shadow".to_owned() }, |a| {
        a.user = Some(NOBODY.to_owned());
        refused(a, libc::EACCES);
    });
    cases.add("read nothing", both, ActKind::Read { path: fresh("absent") }, |a| refused(a, libc::ENOENT));
    let content = "sl1 content".to_owned();
    cases.add("write anew", three, ActKind::Write { path: fresh("new"), content: content.clone() }, |_| {});
    cases.add("write over", three, ActKind::Write { path: canary("old"), content: content.clone() }, |_| {});
    cases.add(
        "write, refused",
        both,
        ActKind::Write { path: canary("own"), content: content.clone() },
        |a| {
            a.user = Some(NOBODY.to_owned());
            refused(a, libc::EACCES);
        },
    );
    cases.add("append", three, ActKind::Append { path: canary("log"), content }, |_| {});
    cases.add("unlink", three, ActKind::Unlink { path: canary("doomed") }, |_| {});
    cases.add("unlink nothing", both, ActKind::Unlink { path: fresh("gone") }, |a| refused(a, libc::ENOENT));
    cases.add("rename", three, ActKind::Rename { from: canary("a"), to: fresh("b") }, |_| {});
    cases.add(
        "rename into another folder",
        three,
        ActKind::Rename { from: canary("e"), to: folder.path("e") },
        |_| {},
    );
    cases.add("rename over a file", three, ActKind::Rename { from: canary("f"), to: canary("g") }, |_| {});
    cases.add("rename, refused", both, ActKind::Rename { from: canary("c"), to: fresh("d") }, |a| {
        a.user = Some(NOBODY.to_owned());
        refused(a, libc::EACCES);
    });
    let payload = "beacon sl2".to_owned();
    let address = witnesses.sink().to_string();
    cases.add("connect", three, ActKind::Connect { address, payload: payload.clone() }, |a| {
        a.via = vec![link(folder, "one", forked)];
    });
    cases.add(
        "connect, refused",
        both,
        ActKind::Connect { address: "127.0.0.1:1".to_owned(), payload },
        |a| {
            refused(a, libc::ECONNREFUSED);
        },
    );
    let (resolver, name) = (witnesses.resolver().to_string(), "sl3.lab.sightline.test".to_owned());
    cases.add("resolve", three, ActKind::Resolve { resolver, name }, |_| {});
    cases.add("serve", three, ActKind::Serve { address: "127.0.0.1:0".to_owned() }, |_| {});
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        cases.add("serve over IPv6", three, ActKind::Serve { address: "[::1]:0".to_owned() }, |_| {});
    } else {
        println!("SKIP serve over IPv6: this kernel has no IPv6");
    }
    let taken = witnesses.sink().to_string();
    cases.add("serve, refused", both, ActKind::Serve { address: taken }, |a| refused(a, libc::EADDRINUSE));
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let setid = |call, list: &[&str]| ActKind::Setid { call, ids: ids(list) };
    cases.add("setid", both, setid(SetIdCall::Setresuid, &["-", NOBODY, "-"]), |_| {});
    cases.add("setid of groups", both, setid(SetIdCall::Setgroups, &["7", "5"]), |_| {});
    cases.add("setid for files", both, setid(SetIdCall::Setfsuid, &[NOBODY]), |_| {});
    cases.add("setid, the refused way back", both, setid(SetIdCall::Setuid, &["0"]), |a| {
        a.user = Some(NOBODY.to_owned());
        refused(a, libc::EPERM);
    });
    cases.add("shell", both, ActKind::Shell { command: "id; exit 3".to_owned() }, |_| {});
    cases.add("shell, through an image", both, ActKind::Shell { command: "echo sl4".to_owned() }, |a| {
        a.via = vec![link(folder, "one", forked)];
        a.user = Some(NOBODY.to_owned());
    });
    let said = canary("said");
    std::os::unix::fs::chown(&said, Some(65534), None).unwrap();
    cases.add("shell, heard outside", three, ActKind::Shell { command: String::new() }, |a| {
        a.kind = says(&a.nonce, &said);
        a.via = vec![link(folder, "one", forked)];
        a.user = Some(NOBODY.to_owned());
    });
    let new = fresh("said-anew");
    cases.add("shell, heard outside in a new file", three, ActKind::Shell { command: String::new() }, |a| {
        a.kind = says(&a.nonce, &new);
    });
    cases.list
}

/// A command that ends by saying the nonce into a file.
pub(crate) fn says(nonce: &str, path: &str) -> ActKind {
    ActKind::Shell { command: format!("/usr/bin/id -u >/dev/null; echo {nonce} >{path}") }
}

fn refused(act: &mut Act, error: i32) {
    act.expect = Expectation::Errno(Errno(error));
}

struct Cases<'a> {
    folder: &'a Folder,
    list: Vec<Case>,
}

impl Cases<'_> {
    fn add(&mut self, name: &'static str, families: &[Family], kind: ActKind, change: impl FnOnce(&mut Act)) {
        assert!(fs::exists(self.folder.path("bin")).unwrap());
        let mut act = act(self.list.len() as u32 + 1, kind);
        change(&mut act);
        self.list.push(Case { name, act, families: families.iter().copied().collect() });
    }
}
