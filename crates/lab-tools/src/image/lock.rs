//! `image.lock`: every package of the image, by version and hash, one on a line.

use std::path::Path;

use crate::Error;
use crate::packages::Package;

/// The file, relative to the workspace.
pub const LOCK: &str = "image.lock";

/// What the first word of the file is followed by.
const FORMAT: &str = "1";

/// What an image is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Debian's release.
    pub suite: String,
    /// The time of everything in it that would have a later one, in seconds since 1970.
    pub epoch: u64,
    /// The file system's identity.
    pub uuid: String,
    /// What was asked for; the other packages come with these.
    pub wanted: Vec<String>,
    /// All packages, by name.
    pub packages: Vec<Package>,
}

impl Lock {
    /// Reads the file of a workspace.
    ///
    /// # Errors
    /// It is not there, or a line of it is none.
    pub fn read(root: &Path) -> Result<Self, Error> {
        let path = root.join(LOCK);
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        Self::parse(&text).map_err(|mistakes| Error::Format { path, what: mistakes.join("; ") })
    }

    /// All mistakes at once, each with its line.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut lock = Self {
            suite: String::new(),
            epoch: 0,
            uuid: String::new(),
            wanted: Vec::new(),
            packages: Vec::new(),
        };
        let (mut format, mut mistakes) = (None, Vec::new());
        for (index, line) in text.lines().enumerate() {
            let mut mistake = |what: String| mistakes.push(format!("line {}: {what}", index + 1));
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                [] => {}
                [word, ..] if word.starts_with('#') => {}
                ["image", FORMAT] => format = Some(()),
                ["image", other] => mistake(format!("format {other} is not known; this is {FORMAT}")),
                ["suite", suite] => lock.suite = (*suite).to_owned(),
                ["epoch", epoch] => match epoch.parse() {
                    Ok(epoch) => lock.epoch = epoch,
                    Err(_) => mistake(format!("`{epoch}` is no time in seconds")),
                },
                ["uuid", uuid] => lock.uuid = (*uuid).to_owned(),
                ["wanted", names @ ..] => lock.wanted.extend(names.iter().map(|name| (*name).to_owned())),
                ["package", name, version, arch, sha256] => {
                    if !is_sha256(sha256) {
                        mistake(format!("`{sha256}` is no SHA-256"));
                    }
                    if lock.packages.last().is_some_and(|last| last.name.as_str() >= *name) {
                        mistake(format!("`{name}` stands twice, or out of its order"));
                    }
                    lock.packages.push(Package {
                        name: (*name).to_owned(),
                        version: (*version).to_owned(),
                        arch: (*arch).to_owned(),
                        suite: String::new(),
                        sha256: (*sha256).to_owned(),
                    });
                }
                [word, ..] => mistake(format!(
                    "`{word}` with {} words is none of `image`, `suite`, `epoch`, `uuid`, `wanted`, `package`",
                    words.len() - 1
                )),
            }
        }
        let missing = [
            ("image", format.is_none()),
            ("suite", lock.suite.is_empty()),
            ("epoch", lock.epoch == 0),
            ("uuid", lock.uuid.is_empty()),
            ("wanted", lock.wanted.is_empty()),
            ("package", lock.packages.is_empty()),
        ];
        mistakes.extend(missing.iter().filter(|(_, is)| *is).map(|(word, _)| format!("no line `{word}`")));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        for package in &mut lock.packages {
            package.suite.clone_from(&lock.suite);
        }
        Ok(lock)
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# Every package of the image. `cargo xtask image lock` renews it; read the difference before you commit it.\n\
             image {FORMAT}\nsuite {}\nepoch {}\nuuid {}\nwanted {}\n\n",
            self.suite,
            self.epoch,
            self.uuid,
            self.wanted.join(" ")
        );
        for Package { name, version, arch, sha256, .. } in &self.packages {
            text += &format!("package {name} {version} {arch} {sha256}\n");
        }
        text
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
pub(super) mod tests {
    use super::Lock;

    pub(in super::super) fn sample() -> Lock {
        let hash = "ab".repeat(32);
        let text = format!(
            "image 1\nsuite trixie\nepoch 1790000000\nuuid 5160e2c2-0000-4000-8000-000000000001\nwanted b\n\
             package a 1:2-3 amd64 {hash}\npackage b 2+deb13u1 all {hash}\n"
        );
        Lock::parse(&text).unwrap()
    }

    #[test]
    fn it_comes_back_from_its_text() {
        let lock = sample();
        assert_eq!(Lock::parse(&lock.text()).unwrap(), lock);
        assert_eq!(lock.packages[1].suite, "trixie");
    }

    #[test]
    fn all_mistakes_are_told_with_their_lines() {
        let text = sample().text();
        let damaged = text
            .replace("image 1", "image 2")
            .replace("epoch 1790000000", "epoch soon")
            .replace("package a 1:2-3", "package a 1:2-3 more")
            .replace(&"ab".repeat(32), "ab");
        let mistakes = Lock::parse(&damaged).unwrap_err();
        assert_eq!(
            mistakes,
            [
                "line 2: format 2 is not known; this is 1",
                "line 4: `soon` is no time in seconds",
                "line 8: `package` with 5 words is none of `image`, `suite`, `epoch`, `uuid`, `wanted`, `package`",
                "line 9: `ab` is no SHA-256",
                "no line `image`",
                "no line `epoch`"
            ]
        );
    }

    #[test]
    fn a_package_stands_once() {
        let text = sample().text();
        let line = text.lines().last().unwrap();
        let mistakes = Lock::parse(&format!("{text}{line}\n")).unwrap_err();
        assert_eq!(mistakes, ["line 10: `b` stands twice, or out of its order"]);
    }
}
