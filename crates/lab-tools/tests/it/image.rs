//! Building an image where something is not as it should be.

use std::path::Path;

use lab_tools::{
    Error, Options, Package,
    image::{self, LOCK, Lock, Payload},
    packages,
};

fn options(tools: &Path) -> Options {
    Options {
        root: "/".into(),
        path: std::env::var_os("PATH").unwrap_or_default(),
        clone: tools.to_owned(),
        tools: tools.to_owned(),
        runs: tools.to_owned(),
        cargo: tools.to_owned(),
        pins: lab_model::Pins::default(),
    }
}

fn committed() -> Lock {
    Lock::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap()
}

#[test]
fn the_committed_lock_has_what_was_wanted() {
    let lock = committed();
    let names: Vec<&str> = lock.packages.iter().map(|package| package.name.as_str()).collect();
    for wanted in &lock.wanted {
        assert!(names.contains(&wanted.as_str()), "{wanted} is not in {LOCK}");
    }
    assert!(
        names.iter().any(|name| name.starts_with("linux-image-") && name.ends_with("-cloud-amd64")),
        "no kernel"
    );
}

#[test]
fn a_damaged_lock_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let text = committed().text().replace("suite trixie", "suit trixie");
    std::fs::write(folder.path().join(LOCK), text).unwrap();
    let error = Lock::read(folder.path()).unwrap_err().to_string();
    assert!(error.contains(LOCK) && error.contains("line 3: `suit` with 1 words"), "{error}");
}

/// A version that never was: apt is asked, and there is no image afterwards but the one before.
#[test]
fn a_package_that_the_mirror_lacks_is_named_and_the_image_before_stays() {
    let place = tempfile::tempdir().unwrap();
    let (tools, folder) = (place.path().join("tools"), place.path().join("image"));
    std::fs::create_dir_all(&tools).unwrap();
    let options = options(&tools);
    let mut lock = committed();
    let good = lock.packages.iter().find(|package| package.name == "hostname").unwrap().clone();
    if let Err(error) = packages(&options, std::slice::from_ref(&good), &mut |_| {}) {
        println!("SKIP image::a_package_that_the_mirror_lacks_is_named_and_the_image_before_stays: {error}");
        return;
    }
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("disk.ext4"), "before").unwrap();
    let payload = Payload { release: place.path().join("none"), version: "0".to_owned() };

    lock.packages = vec![Package { version: "0-never".to_owned(), sha256: "0".repeat(64), ..good.clone() }];
    let error = image::build(&options, &lock, &payload, &folder, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, Error::NoPackage { package, .. } if package == "hostname 0-never"), "{error}");

    lock.packages = vec![Package { sha256: "1".repeat(64), ..good }];
    let error = image::build(&options, &lock, &payload, &folder, &mut |_| {}).unwrap_err();
    assert!(matches!(&error, Error::WrongPackage { pinned, .. } if *pinned == "1".repeat(64)), "{error}");

    assert_eq!(std::fs::read_to_string(folder.join("disk.ext4")).unwrap(), "before");
    let left: Vec<_> =
        std::fs::read_dir(place.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}
