//! Whatever is altered after the seal is found, and named.

use std::{fs, path::Path, sync::LazyLock};

use lab_model::Verdict;
use lab_store::{StoreError, VerifyError, append_verdicts, verify};
use proptest::sample::Index;

use crate::bundle::{Sealed, sealed, verdict};

static BUNDLE: LazyLock<Sealed> = LazyLock::new(|| {
    let mut sealed = sealed();
    sealed.head = append_verdicts(&sealed.dir, &[verdict(Verdict::Seen)]).unwrap();
    sealed
});

/// Every file of a bundle: path inside it, content.
fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut folders, mut files) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                files.push((name, fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn copy(files: &[(String, Vec<u8>)]) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = copy.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    copy
}

fn message(files: &[(String, Vec<u8>)]) -> String {
    verify(copy(files).path(), None).unwrap_err().to_string()
}

/// Alters one file of one copy for as long as `check` looks at the outcome.
fn altered(copy: &Path, name: &str, was: &[u8], is: &[u8], check: impl FnOnce(VerifyError)) {
    fs::write(copy.join(name), is).unwrap();
    let error = verify(copy, None).unwrap_err();
    fs::write(copy.join(name), was).unwrap();
    check(error);
}

#[test]
fn any_changed_byte_of_any_file() {
    let files = files(&BUNDLE.dir);
    let copy = copy(&files);
    proptest::proptest!(|(which: Index, at: Index, xor in 1u8..)| {
        let (name, was) = &files[which.index(files.len())];
        let mut is = was.clone();
        is[at.index(was.len())] ^= xor;
        altered(copy.path(), name, was, &is, |error| match &error {
            VerifyError::Changed { path, .. } => assert_eq!(path, name),
            VerifyError::Chain { .. } | VerifyError::BrokenLink { .. } => assert_eq!(name, "chain.jsonl"),
            other => panic!("{other}"),
        });
    });
}

#[test]
fn any_cut_of_any_file() {
    let files = files(&BUNDLE.dir);
    let copy = copy(&files);
    proptest::proptest!(|(which: Index, at: Index)| {
        let (name, was) = &files[which.index(files.len())];
        let is = &was[..at.index(was.len())];
        altered(copy.path(), name, was, is, |error| {
            let named = matches!(&error, VerifyError::CutOff { path, .. } if path == name);
            // Of a cut chain either the line is named, or the first file that it no longer knows.
            assert!(named || name == "chain.jsonl", "{error}");
        });
    });
}

#[test]
fn an_untouched_copy_is_whole() {
    verify(copy(&files(&BUNDLE.dir)).path(), Some(&BUNDLE.head)).unwrap();
}

#[test]
fn a_file_gone_added_grown_or_linked() {
    let whole = files(&BUNDLE.dir);
    let acts = "sensitive-read/pass-1/acts.jsonl";
    let at = whole.iter().position(|(name, _)| name == acts).unwrap();

    let mut gone = whole.clone();
    let (_, content) = gone.remove(at);
    let (bytes, hash) = (content.len(), lab_store::sha256_hex(&content));
    assert_eq!(
        message(&gone),
        format!("verify `{acts}`: missing, expected {bytes} bytes with SHA-256 {hash}")
    );

    let mut added = whole.clone();
    added.push(("sensitive-read/pass-1/notes".into(), Vec::new()));
    assert_eq!(message(&added), "verify `sensitive-read/pass-1/notes`: extra, the chain does not know it");

    let mut grown = whole.clone();
    grown[at].1.push(b'\n');
    let new = lab_store::sha256_hex(&grown[at].1);
    assert_eq!(
        message(&grown),
        format!(
            "verify `{acts}`: changed, expected {bytes} bytes with SHA-256 {hash}, found {} with {new}",
            bytes + 1
        )
    );

    let linked = copy(&whole);
    fs::remove_file(linked.path().join(acts)).unwrap();
    std::os::unix::fs::symlink(BUNDLE.dir.join(acts), linked.path().join(acts)).unwrap();
    let error = verify(linked.path(), None).unwrap_err().to_string();
    assert_eq!(error, format!("verify `{acts}`: not a regular file"));
}

#[test]
fn lines_of_the_chain_dropped_doubled_or_swapped() {
    let whole = files(&BUNDLE.dir);
    let at = whole.iter().position(|(name, _)| name == "chain.jsonl").unwrap();
    let text = String::from_utf8(whole[at].1.clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for n in 0..lines.len() {
        let with = |chain: Vec<&str>| {
            let mut files = whole.clone();
            files[at].1 = chain.concat().into_bytes();
            verify(copy(&files).path(), None).unwrap_err()
        };
        let dropped = with([&lines[..n], &lines[n + 1..]].concat());
        let last = n + 1 == lines.len();
        assert!(
            matches!(&dropped, VerifyError::Extra { path } if last && path == "verdicts.jsonl")
                || matches!(&dropped, VerifyError::BrokenLink { line, .. } if !last && *line == n + 1),
            "{dropped}"
        );
        let doubled = with([&lines[..=n], &lines[n..]].concat());
        assert!(matches!(doubled, VerifyError::BrokenLink { line, .. } if line == n + 2), "{doubled}");
    }
}

#[test]
fn a_forger_who_makes_a_new_chain_cannot_keep_the_head() {
    let forged = sealed();
    let mut files = files(&forged.dir);
    files.retain(|(name, _)| name != "chain.jsonl");
    let events = files.iter_mut().find(|(name, _)| name.contains("events/")).unwrap();
    events.1 = String::from_utf8(events.1.clone()).unwrap().replace("EACCES", "EPERM").into_bytes();
    // The forger's own chain, made as docs say it is made.
    let (mut chain, mut prev) = (String::new(), "0".repeat(64));
    for (name, content) in &files {
        let hash = lab_store::sha256_hex(content);
        let line =
            format!(r#"{{"path":"{name}","bytes":{},"sha256":"{hash}","prev":"{prev}""#, content.len());
        prev = lab_store::sha256_hex(format!("{prev}{line}}}").as_bytes());
        chain.push_str(&format!("{line},\"link\":\"{prev}\"}}\n"));
    }
    files.push(("chain.jsonl".into(), chain.into_bytes()));
    let copy = copy(&files);
    assert_eq!(verify(copy.path(), None).unwrap().head, prev, "by itself it is whole");
    let error = verify(copy.path(), Some(&forged.head)).unwrap_err().to_string();
    assert_eq!(error, format!("verify the head: expected {}, found {prev}", forged.head));
}

#[test]
fn an_altered_bundle_takes_no_verdicts() {
    let whole = files(&sealed().dir);
    for at in 0..whole.len() {
        let mut altered = whole.clone();
        altered[at].1[0] ^= 1;
        let copy = copy(&altered);
        let error = append_verdicts(copy.path(), &[verdict(Verdict::Seen)]).unwrap_err();
        assert!(matches!(error, StoreError::Altered { .. }), "{error}");
        assert!(!copy.path().join("verdicts.jsonl").exists());
    }
}
