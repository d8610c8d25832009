//! Each mistake that `pins.toml` can hold, and what is said about it; and how a profile names a set of it.

use lab_model::PinSource;
use lab_profile::{load_pins, load_plan, load_profile};

use crate::memory::{HOST, Project, project, put};

const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A right file: a tool on line 3, an image on line 10, a package on line 16.
fn right() -> String {
    format!(
        "[set.host]
kind = \"v0.30.0\"
[[tool]]
name = \"kind\"
version = \"v0.30.0\"
arch = \"x86_64\"
url = \"https://example.org/kind\"
sha256 = \"{HASH}\"
verified = \"twice\"
[[image]]
name = \"cilium/cilium\"
version = \"v1.19.6\"
registry = \"quay\"
digest = \"sha256:{HASH}\"
verified = \"once\"
[[package]]
name = \"linux-image-6.1\"
version = \"6.1.162-1\"
arch = \"amd64\"
suite = \"bookworm\"
sha256 = \"{HASH}\"
"
    )
}

fn with(text: &str) -> Project {
    let mut project = project();
    put(&mut project, "pins.toml", text);
    project
}

/// What is said when a piece that stands there is another.
fn said(from: &str, to: &str) -> String {
    let text = right();
    assert!(text.contains(from), "{from}");
    load_pins(&with(&text.replacen(from, to, 1))).unwrap_err().to_string().replace("pins.toml:", "")
}

#[test]
fn the_right_one_is_right() {
    let pins = load_pins(&with(&right())).unwrap();
    let named: Vec<_> =
        pins.pins.iter().map(|pin| (pin.source.word(), pin.name.as_str(), pin.line)).collect();
    assert_eq!(
        named,
        [("tool", "kind", 3), ("image", "cilium/cilium", 10), ("package", "linux-image-6.1", 16)]
    );
    assert_eq!(pins.pins[0].source.url(), Some("https://example.org/kind"));
    assert_eq!(pins.pins[1].sha256, HASH);
    assert_eq!(pins.pins[2].source, PinSource::Package { suite: "bookworm".into() });
    assert_eq!(pins.of_set("host", "kind").count(), 1);
    assert_eq!(pins.of_set("host", "cilium/cilium").count(), 0);
}

#[test]
fn no_hash() {
    let hash = format!("sha256 = \"{HASH}\"\n");
    assert_eq!(
        said(&hash, ""),
        "3:1: the tool `kind` has no hash, so it could be anything\n  hint: add `sha256 = \"...\"`, the 64 digits that its \
         makers publish"
    );
    let digest = format!("digest = \"sha256:{HASH}\"\n");
    assert_eq!(
        said(&digest, ""),
        "10:1: the image `cilium/cilium` has no digest, so it could be anything\n  hint: add `digest = \"sha256:...\"`, the \
         64 digits that its makers publish"
    );
    assert!(
        said("digest = \"sha256:", "digest = \"")
            .starts_with("14:10: `digest` does not begin with `sha256:`")
    );
}

#[test]
fn a_hash_that_is_none() {
    assert_eq!(
        said(HASH, &HASH[1..]),
        "8:10: `sha256` of the tool `kind` has 63 digits, a SHA-256 has 64\n  hint: copy it again from where its makers \
         publish it"
    );
    let upper = HASH.to_uppercase();
    assert!(said(HASH, &upper).starts_with("8:10: `sha256` of the tool `kind` holds 'B', expected digits"));
    assert!(said(HASH, &format!("{HASH}0")).contains("has 65 digits"));
}

#[test]
fn what_moves_is_no_version() {
    for moving in ["latest", "v1", "1.36", "main"] {
        assert_eq!(
            said("version = \"v1.19.6\"", &format!("version = \"{moving}\"")),
            format!(
                "12:11: `{moving}` is a floating tag, no version\n  hint: name one release, such as `v1.34.1`"
            )
        );
    }
    assert!(said("6.1.162-1", "stable").starts_with("18:11: `stable` is a floating tag"));
}

#[test]
fn twice_the_same() {
    let text = right();
    let (_, tool) = text.split_once("[[tool]]").unwrap();
    let (tool, _) = tool.split_once("[[image]]").unwrap();
    assert_eq!(
        load_pins(&with(&format!("{text}[[tool]]{tool}"))).unwrap_err().to_string(),
        "pins.toml:22:1: the tool `kind` v0.30.0 stands here again, expected once (line 3)\n  hint: take one of the two away"
    );
    let other = tool.replace("x86_64", "aarch64");
    assert_eq!(load_pins(&with(&format!("{text}[[tool]]{other}"))).unwrap().pins.len(), 4);
}

#[test]
fn keys_kinds_and_words() {
    assert!(said("registry", "registri").starts_with("10:1: missing key `registry`"));
    assert!(said("arch = \"x86_64\"", "arch = \"x86\"").contains("expected one of `x86_64`, `aarch64`"));
    assert!(said("arch = \"amd64\"", "arch = \"x86_64\"").contains("`amd64`, `arm64`, `all`"));
    let said_of_kind = said("[[tool]]", "[[tol]]");
    assert!(said_of_kind.contains("3:3: unknown kind of pin `tol`"), "{said_of_kind}");
    assert!(said_of_kind.contains("hint: did you mean `tool`?"), "{said_of_kind}");
    assert!(said("[[tool]]", "[tool]").contains("hint: write `[[tool]]` above each of them"));
    let extra = said("suite = \"bookworm\"", "suite = \"bookworm\"\nurl = \"https://example.org/x\"");
    assert!(extra.starts_with("21:1: unknown key `url` in the package `linux-image-6.1`"), "{extra}");
    for wrong in ["http://example.org/kind", "https://example.org", "https://example.org/a b", "kind"] {
        assert!(said("https://example.org/kind", wrong).starts_with("7:7: `url` is"), "{wrong}");
    }
    for wrong in ["../kind", "a b", "", "a//b", "/a"] {
        let said = said("name = \"kind\"", &format!("name = {wrong:?}"));
        assert!(said.contains("4:8: `name` is"), "{wrong}: {said}");
    }
}

#[test]
fn sets_name_what_is_pinned() {
    assert_eq!(
        said("kind = \"v0.30.0\"", "kind = \"v0.31.0\""),
        "2:8: `kind` v0.31.0 is not pinned, expected `v0.30.0`\n  hint: add its pin, or name a version that has one"
    );
    assert_eq!(
        said("kind = \"v0.30.0\"", "kin = \"v0.30.0\""),
        "2:1: nothing is pinned under the name `kin`\n  hint: did you mean `kind`?"
    );
}

#[test]
fn all_mistakes_are_said_at_once_in_the_order_of_lines() {
    let text = right()
        .replacen(HASH, "abc", 1)
        .replace("v1.19.6", "latest")
        .replace("suite", "suit")
        .replace("\"once\"", "\"thrice\"");
    let said = load_pins(&with(&text)).unwrap_err();
    let lines: Vec<u32> = said.iter().filter_map(|mistake| Some(mistake.at.as_ref()?.line)).collect();
    assert_eq!(lines, [8, 12, 15, 16, 20], "{said}");
}

#[test]
fn a_profile_names_a_set_and_rests_on_the_file() {
    let naming = |set: &str| {
        let mut project = with(&right());
        put(&mut project, "profiles/01-host.toml", &format!("{HOST}pins = {set:?}\n"));
        project
    };
    let plan = load_plan(&naming("host"), "host").unwrap();
    assert!(plan.to_text().contains("\npins host "), "{}", plan.to_text());
    let pins = load_pins(&naming("host")).unwrap();
    let inputs: Vec<_> = plan.inputs.iter().map(|input| (&*input.path, input.sha256.as_str())).collect();
    assert!(inputs.contains(&("pins.toml", pins.sha256.as_str())), "{inputs:?}");

    let said = |project: &Project| {
        load_profile(project, "host").unwrap_err().to_string().replace("profiles/01-host.toml", "host")
    };
    assert_eq!(
        said(&naming("hots")),
        "host:5:8: unknown set of pins `hots`, expected `host`\n  hint: did you mean `host`?"
    );
    let mut without = naming("host");
    without.remove("pins.toml");
    assert_eq!(said(&without), "host:5:8: no file `pins.toml`");
    let mut broken = naming("host");
    put(&mut broken, "pins.toml", &right().replacen(HASH, "abc", 1));
    assert!(said(&broken).starts_with("pins.toml:8:10: "), "{}", said(&broken));
}
