//! The environment of an observed program: the caller's, less what looks like a secret and what cargo has put there.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::Path,
};

use lab_model::{Text, redact};

/// Variables that `cargo run` and rustup set for xtask; a program of the person's own has nothing to do with them.
const OF_CARGO: &[&str] =
    &["CARGO", "CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "RUSTUP_TOOLCHAIN", "RUST_RECURSION_COUNT"];

/// Words by which a variable's name says that its value is a secret.
const SECRET_NAMES: &[&str] =
    &["TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "APIKEY"];

/// What a program gets, and the names of what it does not get.
pub(super) struct Environment {
    pub(super) pairs: BTreeMap<OsString, OsString>,
    pub(super) left_out: BTreeSet<String>,
}

impl Environment {
    /// From the variables `of` this process. `wanted`: `NAME` for one that is given whatever it looks like, `NAME=VALUE`
    /// for one more.
    pub(super) fn new(
        of: impl Iterator<Item = (OsString, OsString)>,
        wanted: &[String],
        checkout: &Path,
    ) -> Self {
        let mut pairs: BTreeMap<OsString, OsString> = of.collect();
        if pairs.get(OsStr::new("CARGO_MANIFEST_DIR")).is_some_and(|dir| Path::new(dir).starts_with(checkout))
        {
            without_cargos(&mut pairs, checkout);
        }
        let mut left_out = BTreeSet::new();
        pairs.retain(|name, value| {
            let secret = is_secret(name, value) && !wanted.iter().any(|wanted| OsStr::new(wanted) == name);
            if secret {
                left_out.insert(name.to_string_lossy().into_owned());
            }
            !secret
        });
        for (name, value) in wanted.iter().filter_map(|wanted| wanted.split_once('=')) {
            left_out.remove(name);
            pairs.insert(name.into(), value.into());
        }
        Self { pairs, left_out }
    }

    /// `NAME=VALUE` each.
    pub(super) fn texts(&self) -> Vec<Text> {
        let text = |(name, value): (&OsString, &OsString)| {
            Text::from([name.as_bytes(), b"=", value.as_bytes()].concat())
        };
        self.pairs.iter().map(text).collect()
    }

    /// As one file, for a process that does not inherit it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.texts().iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect()
    }

    /// What [`Environment::to_bytes`] has written.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let pair = |line: &[u8]| {
            let at = line.iter().position(|byte| *byte == b'=')?;
            Some((OsString::from_vec(line[..at].to_vec()), OsString::from_vec(line[at + 1..].to_vec())))
        };
        Self { pairs: bytes.split(|byte| *byte == 0).filter_map(pair).collect(), left_out: BTreeSet::new() }
    }
}

fn is_secret(name: &OsStr, value: &OsStr) -> bool {
    let upper = name.to_string_lossy().to_ascii_uppercase();
    let named = SECRET_NAMES.iter().any(|word| upper.contains(word)) || upper.ends_with("_KEY");
    // A path or a number by such a name (`SSH_ASKPASS`, `TOKEN_COUNT`) tells nothing.
    let tells = !value.is_empty()
        && !value.as_bytes().starts_with(b"/")
        && !value.as_bytes().iter().all(u8::is_ascii_digit);
    let mut bytes = value.as_bytes().to_vec();
    named && tells || redact::redact_in_place(&mut bytes) > 0
}

fn without_cargos(pairs: &mut BTreeMap<OsString, OsString>, checkout: &Path) {
    pairs.retain(|name, _| {
        let name = name.to_string_lossy();
        !OF_CARGO.contains(&&*name) && !name.starts_with("CARGO_PKG_") && !name.starts_with("CARGO_BIN_")
    });
    let Some(libraries) = pairs.remove(OsStr::new("LD_LIBRARY_PATH")) else { return };
    let foreign = |path: &std::path::PathBuf| {
        !path.starts_with(checkout) && !path.components().any(|part| part.as_os_str() == "toolchains")
    };
    let kept: Vec<_> = std::env::split_paths(&libraries)
        .filter(|path| !path.as_os_str().is_empty() && foreign(path))
        .collect();
    if let Ok(kept) = std::env::join_paths(&kept)
        && !kept.is_empty()
    {
        pairs.insert("LD_LIBRARY_PATH".into(), kept);
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsString, path::Path};

    use super::Environment;

    fn environment(pairs: &[(&str, &str)], wanted: &[&str]) -> (Vec<String>, Vec<String>) {
        let pairs = pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let wanted: Vec<String> = wanted.iter().map(|text| (*text).to_owned()).collect();
        let found = Environment::new(pairs, &wanted, Path::new("/src/lab"));
        let again = Environment::from_bytes(&found.to_bytes());
        assert_eq!(found.texts(), again.texts());
        (found.texts().iter().map(ToString::to_string).collect(), found.left_out.into_iter().collect())
    }

    #[test]
    fn secrets_stay_behind_unless_they_are_asked_for() {
        let github = format!("ghp_{}", "a1B2".repeat(6));
        let caller = [
            ("PATH", "/bin"),
            ("AWS_SECRET_ACCESS_KEY", "x1y2"),
            ("API_KEY", "abc"),
            ("SECRET_FILE", "/run/secrets/x"),
            ("TOKEN_COUNT", "12"),
            ("OPTIONS", &github),
        ];
        let (pairs, left_out) = environment(&caller, &[]);
        assert_eq!(pairs, ["PATH=/bin", "SECRET_FILE=/run/secrets/x", "TOKEN_COUNT=12"]);
        assert_eq!(left_out, ["API_KEY", "AWS_SECRET_ACCESS_KEY", "OPTIONS"]);
        let (pairs, left_out) =
            environment(&caller[..3], &["API_KEY", "NEW=1", "AWS_SECRET_ACCESS_KEY=other"]);
        assert_eq!(pairs, ["API_KEY=abc", "AWS_SECRET_ACCESS_KEY=other", "NEW=1", "PATH=/bin"]);
        assert!(left_out.is_empty());
    }

    #[test]
    fn what_cargo_put_there_goes_and_what_the_person_put_there_stays() {
        let cargos = [
            ("CARGO", "/c"),
            ("CARGO_MANIFEST_DIR", "/src/lab/xtask"),
            ("CARGO_PKG_NAME", "xtask"),
            ("CARGO_TARGET_DIR", "/mine"),
            ("LD_LIBRARY_PATH", "/src/lab/target/debug:/home/a/.rustup/toolchains/s/lib:/opt/lib"),
        ];
        assert_eq!(environment(&cargos, &[]).0, ["CARGO_TARGET_DIR=/mine", "LD_LIBRARY_PATH=/opt/lib"]);
        let elsewhere = [("CARGO_MANIFEST_DIR", "/src/other"), ("CARGO_PKG_NAME", "other")];
        assert_eq!(environment(&elsewhere, &[]).0.len(), 2);
    }
}
