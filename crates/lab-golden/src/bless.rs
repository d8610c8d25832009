//! To bless: to accept a run as golden, or to say why it never can be.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use lab_model::{Judged, Role, SensorKind, Verdict};

use crate::{ActRef, FileError, Golden, drift::unified, settle::settle};

/// What blessing did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blessed {
    /// the golden says this already; the file was not touched
    Unchanged,
    /// the file was written
    Written {
        /// what was accepted, as a unified diff
        diff: String,
    },
}

/// Why a run was not blessed.
#[derive(Debug, thiserror::Error)]
pub enum BlessError {
    /// DESIGN section 6: some things are never blessed
    #[error("bless {scenario}: {}", list(reasons))]
    Never {
        /// scenario
        scenario: String,
        /// every reason
        reasons: Vec<NeverBlessed>,
    },
    /// the golden and the judge's word are of different scenarios
    #[error("bless {scenario}: the golden is of scenario `{golden}`")]
    OtherScenario {
        /// the judge's
        scenario: String,
        /// the golden's
        golden: String,
    },
    /// the file could not be read or written
    #[error(transparent)]
    File(#[from] FileError),
}

/// Something that is never blessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NeverBlessed {
    /// too few witnesses
    #[error("{act} is unproven in pass {pass} ({})", why(missing))]
    Unproven {
        /// act
        act: ActRef,
        /// pass
        pass: u32,
        /// what was missing
        missing: Vec<String>,
    },
    /// no proof of it at all
    #[error("{act} is unproven (nobody looked for its witnesses)")]
    NoProof {
        /// act
        act: ActRef,
    },
    /// `lost` by any sensor, `missed` or `wrong` by the probe
    #[error("{sensor} {verdict} {act} ({})", why(reasons))]
    Verdict {
        /// act
        act: ActRef,
        /// sensor
        sensor: SensorKind,
        /// verdict
        verdict: Verdict,
        /// the judge's reasons
        reasons: Vec<String>,
    },
    /// a rule fired on behaviour that is benign
    #[error("{detection} fired on {act}, a benign twin")]
    DetectionOnTwin {
        /// twin
        act: ActRef,
        /// the rule
        detection: String,
    },
    /// a loss in a closed interval, or another reason to doubt
    #[error("the record is in doubt: {0}")]
    Doubt(String),
    /// a step failed
    #[error("a step failed: {0}")]
    Trouble(String),
}

fn list(reasons: &[NeverBlessed]) -> String {
    reasons.iter().map(NeverBlessed::to_string).collect::<Vec<_>>().join("; ")
}

fn why(reasons: &[String]) -> String {
    if reasons.is_empty() { "no reason given".to_owned() } else { reasons.join(", ") }
}

/// True for a verdict that no golden has.
pub(crate) fn never(sensor: SensorKind, verdict: Verdict) -> bool {
    match verdict {
        Verdict::Lost => true,
        Verdict::Missed | Verdict::Wrong => sensor == SensorKind::Probe,
        _ => false,
    }
}

/// Everything in a run that is never blessed.
pub fn never_blessed(golden: &Golden, judged: &Judged) -> Vec<NeverBlessed> {
    let role = |id: u32| judged.acts.iter().find(|act| act.id == id).map_or(Role::Act, |act| act.role);
    let act = |id: u32| ActRef { id, role: role(id) };
    let proven = |id: u32| judged.proofs.iter().any(|proof| proof.act == id);
    let without = judged.acts.iter().filter(|act| !act.is_observed() && !proven(act.id));
    let no_proof = without.map(|without| NeverBlessed::NoProof { act: act(without.id) });
    let unproven = judged.proofs.iter().filter(|proof| !proof.proven).map(|proof| NeverBlessed::Unproven {
        act: act(proof.act),
        pass: proof.pass,
        missing: proof.missing.clone(),
    });
    let verdicts = judged.verdicts.iter().filter(|row| never(row.sensor, row.verdict));
    let verdicts = verdicts.map(|row| NeverBlessed::Verdict {
        act: act(row.act),
        sensor: row.sensor,
        verdict: row.verdict,
        reasons: row.reasons.clone(),
    });
    let hits = golden
        .detections
        .iter()
        .flat_map(|detection| detection.acts.iter().map(move |act| (detection, *act)));
    let twins = hits.filter(|(_, act)| act.role == Role::Twin);
    let twins =
        twins.map(|(detection, act)| NeverBlessed::DetectionOnTwin { act, detection: detection.to_string() });
    let doubts = judged.doubts.iter().cloned().map(NeverBlessed::Doubt);
    let troubles = judged.troubles.iter().cloned().map(NeverBlessed::Trouble);
    no_proof.chain(unproven).chain(verdicts).chain(twins).chain(doubts).chain(troubles).collect()
}

/// Accepts a run: writes its golden to `path`, whole or not at all, and only if the text changes. One run says nothing
/// of how often a line holds, so `unstable` marks that the golden has stay. The file is made by whoever runs this; a
/// caller that is root for somebody else's sake drops to that user first.
///
/// # Errors
/// [`BlessError::Never`] with every reason, or the file that could not be read or written.
pub fn bless(path: &Path, golden: &Golden, judged: &Judged) -> Result<Blessed, BlessError> {
    let scenario = judged.head.name.clone();
    if golden.scenario != scenario {
        return Err(BlessError::OtherScenario { scenario, golden: golden.scenario.clone() });
    }
    let reasons = never_blessed(golden, judged);
    if !reasons.is_empty() {
        return Err(BlessError::Never { scenario, reasons });
    }
    let old = read(path)?;
    let known = old.as_deref().and_then(|old| Golden::parse(std::str::from_utf8(old).ok()?, "").ok());
    let text = match known.filter(|known| known.scenario == scenario) {
        Some(known) => settle(&known, golden).0.to_text(),
        None => golden.to_text(),
    };
    accept(path, old, &text)
}

/// Accepts what many runs say together ([`crate::Tally::merge`]), marks and all, in place of what was measured
/// before. `reasons` are what [`never_blessed`] says of all of them.
///
/// # Errors
/// As [`bless`].
pub fn bless_many(path: &Path, golden: &Golden, reasons: Vec<NeverBlessed>) -> Result<Blessed, BlessError> {
    if !reasons.is_empty() {
        return Err(BlessError::Never { scenario: golden.scenario.clone(), reasons });
    }
    accept(path, read(path)?, &golden.to_text())
}

pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(FileError { doing: "read", path: path.to_owned(), source }),
    }
}

/// Writes a text to a file, if it is not there yet.
pub(crate) fn accept(path: &Path, old: Option<Vec<u8>>, text: &str) -> Result<Blessed, BlessError> {
    if old.as_deref() == Some(text.as_bytes()) {
        return Ok(Blessed::Unchanged);
    }
    write_whole(path, text.as_bytes()).map_err(|source| FileError {
        doing: "write",
        path: path.to_owned(),
        source,
    })?;
    let name = path.display().to_string();
    let old_name = if old.is_some() { &name } else { "/dev/null" };
    let old = old.unwrap_or_default();
    Ok(Blessed::Written { diff: unified(old_name, &String::from_utf8_lossy(&old), &name, text) })
}

/// Takes a file away that has nothing to say any more.
pub(crate) fn remove(path: &Path, old: Option<Vec<u8>>) -> Result<Blessed, BlessError> {
    let failed = |source| FileError { doing: "remove", path: path.to_owned(), source };
    fs::remove_file(path).map_err(failed)?;
    let old = String::from_utf8_lossy(&old.unwrap_or_default()).into_owned();
    Ok(Blessed::Written { diff: unified(&path.display().to_string(), &old, "/dev/null", "") })
}

/// Writes a file whole or not at all: beside it, then moved into place.
///
/// # Errors
/// As [`fs::File::create`], [`fs::rename`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::create_dir_all(folder.unwrap_or(Path::new(".")))?;
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let beside: PathBuf = path.with_file_name(name);
    let write = || {
        let mut file = fs::File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        // What matters is the error that is returned; the golden itself is as it was.
        let _ = fs::remove_file(&beside);
    })
}
