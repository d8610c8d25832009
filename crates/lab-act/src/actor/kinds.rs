//! What each kind of act does in the last process of its chain.

use std::os::fd::OwnedFd;

use lab_model::ActKind;
use nix::unistd::Pid;

use super::{
    chain::{Doer, Performed},
    file, network, setid, shell,
};

/// What must stay while the act is held.
#[derive(Default)]
pub(super) struct Kept {
    /// open descriptors
    pub(super) open: Vec<OwnedFd>,
    /// a child that has ended and is to be reaped at the release
    pub(super) child: Option<Pid>,
}

/// Performs the act's kind; steps go to the resident actor as they happen.
pub(super) fn perform(doer: &Doer, key: &[u8]) -> Result<Kept, String> {
    let nothing = |performed: Performed| performed.map(|()| Kept::default());
    match &doer.act.kind {
        ActKind::Exec if doer.act.via.is_empty() => Err("execute: the chain of images is empty".to_owned()),
        ActKind::Exec => Ok(Kept::default()),
        ActKind::Read { path } => nothing(file::read(doer, key, path)),
        ActKind::Write { path, content } => nothing(file::write(doer, key, path, content)),
        ActKind::Append { path, content } => nothing(file::append(doer, key, path, content)),
        ActKind::Unlink { path } => nothing(file::unlink(doer, path)),
        ActKind::Rename { from, to } => nothing(file::rename(doer, from, to)),
        ActKind::Connect { address, payload } => network::connect(doer, key, address, payload),
        ActKind::Resolve { resolver, name } => network::resolve(doer, key, resolver, name),
        ActKind::Serve { address } => network::serve(doer, key, address),
        ActKind::Setid { call, ids } => {
            let requested = setid::parse(ids)?;
            if setid::arguments(*call).is_some_and(|wanted| wanted != requested.len()) {
                return Err(format!("call {call}: it does not take {} ids", requested.len()));
            }
            doer.step(setid::make(*call, requested), true);
            Ok(Kept::default())
        }
        ActKind::Shell { command } => shell::run(doer, key, command),
        ActKind::Observe { .. } => Err("perform an observed program: it is launched".to_owned()),
    }
}
