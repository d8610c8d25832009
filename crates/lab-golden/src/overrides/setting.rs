//! The settings that overrides speak of, and which of them a run took place in.

use std::str::FromStr;

use lab_model::SensorKind;

/// Where and with what a run took place, as its manifest tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// environment: `host`
    pub environment: String,
    /// `ID-VERSION_ID` of os-release: `debian-12`; empty if unknown
    pub distribution: String,
    /// as `uname -m` gives it
    pub architecture: String,
    /// as `uname -r` gives it
    pub kernel: String,
    /// sensors with the version of the tool behind each
    pub tools: Vec<(SensorKind, String)>,
}

/// In what a setting differs. Overrides are applied in this order: what is nearer to the tool comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// `kind`
    Environment,
    /// `debian-12`, or `debian` for each of its releases
    Distribution,
    /// `aarch64`
    Architecture,
    /// `linux-6.1`, or `linux-6`
    Kernel,
    /// `strace-6.1`
    Tool,
}

const ENVIRONMENTS: &[&str] = &["host", "docker", "kind", "cluster", "vm"];
const ARCHITECTURES: &[&str] = &["x86_64", "aarch64", "riscv64", "s390x", "ppc64le"];

impl Axis {
    /// The axis of a setting's name; `None` if the name has none of their forms.
    pub fn of(setting: &str) -> Option<Self> {
        if ENVIRONMENTS.contains(&setting) {
            return Some(Self::Environment);
        }
        if ARCHITECTURES.contains(&setting) {
            return Some(Self::Architecture);
        }
        let (name, version) = split(setting);
        let named =
            name.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase()));
        let numbers = version.is_none_or(|version| version.split('.').all(is_number));
        match (name, version) {
            _ if !named || !numbers => None,
            ("linux", version) => version.map(|_| Self::Kernel),
            (name, version) if SensorKind::from_str(name).is_ok() => version.map(|_| Self::Tool),
            _ => Some(Self::Distribution),
        }
    }
}

impl Setting {
    /// True if this run took place in the setting of that name.
    pub(crate) fn is_in(&self, name: &str) -> bool {
        let (word, version) = split(name);
        let within = |found: &str| version.is_some_and(|version| is_within(found, version));
        match Axis::of(name) {
            None => false,
            Some(Axis::Environment) => self.environment == name,
            Some(Axis::Architecture) => self.architecture == name,
            Some(Axis::Kernel) => within(&self.kernel),
            Some(Axis::Distribution) => {
                let (id, release) = split(&self.distribution);
                let all = version.is_none();
                id == word && (all || release.is_some_and(within))
            }
            Some(Axis::Tool) => {
                let tool = self.tools.iter().find(|(kind, _)| kind.word() == word);
                tool.is_some_and(|(_, version)| within(version_in(version)))
            }
        }
    }

    /// The names by which an override may speak of this setting, in the order of axes.
    pub fn names(&self) -> Vec<String> {
        let release =
            |version: &str| version.split('.').take(2).map(leading_digits).collect::<Vec<_>>().join(".");
        let tools = self.tools.iter().map(|(kind, version)| (kind, release(version_in(version))));
        let tools = tools.map(|(kind, version)| format!("{kind}-{version}"));
        let names = [
            self.environment.clone(),
            self.distribution.clone(),
            self.architecture.clone(),
            format!("linux-{}", release(&self.kernel)),
        ];
        names.into_iter().chain(tools).filter(|name| self.is_in(name)).collect()
    }
}

/// `debian-12` as `debian` and `12`; a name without a version has none.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('-') {
        Some((word, version)) if version.starts_with(|c: char| c.is_ascii_digit()) => (word, Some(version)),
        _ => (name, None),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn leading_digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    &text[..end]
}

/// Where numbers begin in what a tool says of its version: `strace -- version 6.1`.
fn version_in(text: &str) -> &str {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    &text[start..]
}

/// True if `found` is the version `wanted` or one of its line: 6.1.5 is within 6.1 and 6, and 6.18 is not within 6.1.
fn is_within(found: &str, wanted: &str) -> bool {
    let mut parts = found.split('.').map(leading_digits);
    wanted.split('.').all(|wanted| parts.next() == Some(wanted))
}

#[cfg(test)]
mod tests {
    use lab_model::SensorKind;

    use super::{Axis, Setting};

    fn setting() -> Setting {
        Setting {
            environment: "host".into(),
            distribution: "debian-12".into(),
            architecture: "x86_64".into(),
            kernel: "6.18.44-cloud".into(),
            tools: vec![(SensorKind::Strace, "strace -- version 6.1".into())],
        }
    }

    #[test]
    fn names_have_an_axis() {
        let axes =
            ["kind", "debian-12", "ubuntu-24.04", "debian", "aarch64", "linux-6.1", "strace-6"].map(Axis::of);
        use Axis::{Architecture, Distribution, Environment, Kernel, Tool};
        let wanted = [Environment, Distribution, Distribution, Distribution, Architecture, Kernel, Tool];
        assert_eq!(axes, wanted.map(Some));
        for bad in ["", "linux", "strace", "Debian-12", "debian-12a", "debian-", "linux-6.", "a b"] {
            assert_eq!(Axis::of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_version_is_within_its_line() {
        let setting = setting();
        for name in ["host", "debian", "debian-12", "x86_64", "linux-6", "linux-6.18", "strace-6.1"] {
            assert!(setting.is_in(name), "{name}");
        }
        for name in [
            "vm",
            "debian-1",
            "debian-13",
            "ubuntu",
            "aarch64",
            "linux-6.1",
            "linux-7",
            "strace-6.13",
            "probe-1",
        ] {
            assert!(!setting.is_in(name), "{name}");
        }
        assert_eq!(setting.names(), ["host", "debian-12", "x86_64", "linux-6.18", "strace-6.1"]);
    }
}
