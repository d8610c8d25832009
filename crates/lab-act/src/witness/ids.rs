//! What user and group ids an act must leave its last process with: the kernel's rules, written down a second time.
//!
//! Source: setuid(2), setreuid(2), setresuid(2), setfsuid(2) and their group twins; credentials(7).

use lab_model::{Act, ActKind, Expectation, Ids, SetIdCall};

use crate::actor::user_taken_before;

/// The ids of the process that acts, after the act, if it began as `actor` and every call ended as expected.
pub(super) fn expected(act: &Act, actor: Ids) -> Option<Ids> {
    let mut ids = actor;
    let taken = user_taken_before(act);
    let user = match &act.user {
        Some(user) => Some(user.parse().ok()?),
        None => None,
    };
    let refused = matches!(act.expect, Expectation::Errno(_));
    for at in 0..=act.via.len() {
        if taken == Some(at)
            && let Some(id) = user
        {
            ids = all(id);
        }
        let last = at + 1 == act.via.len();
        if act.via.get(at).is_some_and(|link| link.set_user_id)
            && !(last && refused && matches!(act.kind, ActKind::Exec))
        {
            ids = Ids { euid: 0, suid: 0, fsuid: 0, ..ids };
        }
    }
    match &act.kind {
        ActKind::Setid { call, ids: requested } if !refused => apply(*call, &parse(requested)?, ids),
        _ => Some(ids),
    }
}

/// The supplementary groups that the act must leave, where it says anything about them.
pub(super) fn expected_groups(act: &Act) -> Option<Vec<u32>> {
    match &act.kind {
        ActKind::Setid { call: SetIdCall::Setgroups, ids } if act.expect == Expectation::Ok => {
            let mut groups: Vec<u32> = parse(ids)?.into_iter().collect::<Option<_>>()?;
            groups.sort_unstable();
            Some(groups)
        }
        _ => act.user.as_ref().map(|_| Vec::new()),
    }
}

/// Every id the same.
pub(crate) fn all(id: u32) -> Ids {
    Ids { uid: id, euid: id, suid: id, fsuid: id, gid: id, egid: id, sgid: id, fsgid: id }
}

pub(crate) fn parse(requested: &[String]) -> Option<Vec<Option<u32>>> {
    requested.iter().map(|id| if id == "-" { Some(None) } else { id.parse().ok().map(Some) }).collect()
}

/// The ids after a call; `None` where it cannot succeed.
pub(crate) fn apply(call: SetIdCall, requested: &[Option<u32>], ids: Ids) -> Option<Ids> {
    let root = ids.euid == 0;
    let user = [ids.uid, ids.euid, ids.suid, ids.fsuid];
    let group = [ids.gid, ids.egid, ids.sgid, ids.fsgid];
    let with_user = |[uid, euid, suid, fsuid]: [u32; 4]| Ids { uid, euid, suid, fsuid, ..ids };
    let with_group = |[gid, egid, sgid, fsgid]: [u32; 4]| Ids { gid, egid, sgid, fsgid, ..ids };
    match (call, requested) {
        (SetIdCall::Setuid, [Some(id)]) => one(*id, root, user).map(with_user),
        (SetIdCall::Setgid, [Some(id)]) => one(*id, root, group).map(with_group),
        (SetIdCall::Setreuid, [real, effective]) => two(*real, *effective, root, user).map(with_user),
        (SetIdCall::Setregid, [real, effective]) => two(*real, *effective, root, group).map(with_group),
        (SetIdCall::Setresuid, [a, b, c]) => three([*a, *b, *c], root, user).map(with_user),
        (SetIdCall::Setresgid, [a, b, c]) => three([*a, *b, *c], root, group).map(with_group),
        (SetIdCall::Setfsuid, [id]) => Some(with_user(file_system(*id, root, user))),
        (SetIdCall::Setfsgid, [id]) => Some(with_group(file_system(*id, root, group))),
        (SetIdCall::Setgroups, _) => root.then_some(ids),
        _ => None,
    }
}

fn one(id: u32, root: bool, [real, _, saved, _]: [u32; 4]) -> Option<[u32; 4]> {
    if root { Some([id; 4]) } else { [real, saved].contains(&id).then_some([real, id, saved, id]) }
}

fn two(new_real: Option<u32>, new: Option<u32>, root: bool, old: [u32; 4]) -> Option<[u32; 4]> {
    let [real, effective, saved, _] = old;
    let may = |id: Option<u32>, known: &[u32]| root || id.is_none_or(|id| known.contains(&id));
    if !may(new_real, &[real, effective]) || !may(new, &[real, effective, saved]) {
        return None;
    }
    let now = new.unwrap_or(effective);
    let saves = new_real.is_some() || new.is_some_and(|id| id != real);
    Some([new_real.unwrap_or(real), now, if saves { now } else { saved }, now])
}

fn three(new: [Option<u32>; 3], root: bool, [real, effective, saved, _]: [u32; 4]) -> Option<[u32; 4]> {
    let may = |id: &Option<u32>| root || id.is_none_or(|id| [real, effective, saved].contains(&id));
    let now = new[1].unwrap_or(effective);
    new.iter().all(may).then_some([new[0].unwrap_or(real), now, new[2].unwrap_or(saved), now])
}

fn file_system(new: Option<u32>, root: bool, old: [u32; 4]) -> [u32; 4] {
    match new {
        Some(id) if root || old.contains(&id) => [old[0], old[1], old[2], id],
        _ => old,
    }
}

#[cfg(test)]
mod tests {
    use lab_model::{Ids, SetIdCall};

    use super::{all, apply};

    fn user(call: SetIdCall, requested: &[Option<u32>], ids: Ids) -> Option<[u32; 4]> {
        apply(call, requested, ids).map(|ids| [ids.uid, ids.euid, ids.suid, ids.fsuid])
    }

    #[test]
    fn the_rules() {
        let (root, nobody) = (all(0), all(9));
        let helper = Ids { euid: 0, suid: 0, fsuid: 0, ..nobody };
        assert_eq!(user(SetIdCall::Setuid, &[Some(9)], root), Some([9; 4]));
        assert_eq!(user(SetIdCall::Setuid, &[Some(0)], nobody), None);
        assert_eq!(user(SetIdCall::Setresuid, &[None, Some(9), None], root), Some([0, 9, 0, 9]));
        assert_eq!(user(SetIdCall::Setreuid, &[None, Some(9)], helper), Some([9, 9, 0, 9]));
        assert_eq!(user(SetIdCall::Setreuid, &[Some(9), Some(9)], root), Some([9; 4]));
        assert_eq!(user(SetIdCall::Setfsuid, &[Some(9)], root), Some([0, 0, 0, 9]));
        assert_eq!(user(SetIdCall::Setfsuid, &[Some(0)], nobody), Some([9; 4]));
        assert_eq!(apply(SetIdCall::Setgroups, &[], nobody), None);
    }
}
