//! The image's commands where there is no image, or a damaged lock.

use std::{fs, path::Path};

use lab_env::{INVENTORY_DIR, Inventory, Thing};

use super::{Lab, code, stderr, turn};

#[test]
fn without_an_image_there_is_a_hint_and_nothing_is_started() {
    let lab = Lab::new();
    let nowhere = lab.path("nowhere").display().to_string();
    for args in [vec!["image", "boot", "--check"], vec!["image", "run", "host"]] {
        let output = lab.xtask(&[args, vec!["--image", &nowhere]].concat()).output().unwrap();
        code(&output, 2);
        let said = stderr(&output);
        assert!(said.contains(&format!("there is no image in {nowhere}")), "{said}");
        assert!(said.contains("hint: cargo xtask image build"), "{said}");
    }
}

#[test]
fn a_release_by_another_name_is_refused() {
    let lab = Lab::new();
    let output = lab.xtask(&["image", "build", "--release", "x.tar.gz", "--out", "y"]).output().unwrap();
    code(&output, 2);
    assert!(stderr(&output).contains("x.tar.gz is not named as a release is"), "{}", stderr(&output));
}

/// No kernel and no disk, but files of their names: QEMU ends at once.
#[test]
fn booting_takes_away_what_the_dead_have_left_and_leaves_nothing_itself() {
    let Some(_turn) = turn("image::booting_takes_away_what_the_dead_have_left_and_leaves_nothing_itself")
    else {
        return;
    };
    if std::process::Command::new(lab_env::vm::PROGRAM).arg("--version").output().is_err() {
        println!(
            "SKIP road::image::booting_takes_away_what_the_dead_have_left_and_leaves_nothing_itself: no QEMU"
        );
        return;
    }
    let lab = Lab::new();
    let (image, left) = (lab.path("image"), lab.path("left"));
    fs::create_dir(&image).unwrap();
    fs::create_dir(&left).unwrap();
    for name in ["disk.ext4", "vmlinuz", "initrd.img", "image.spdx.json"] {
        fs::write(image.join(name), "no image").unwrap();
    }
    let inventories = Path::new(INVENTORY_DIR);
    let mut dead = Inventory::open(inventories, "0badcafe", "a test").unwrap();
    dead.note(Thing::Folder { path: left.clone() }).unwrap();
    // As when its runner was killed: the lock is gone, and the file stays.
    drop(dead);
    let mut boot = lab.xtask(&["image", "boot", "--check", "--image"]);
    let output = boot.arg(&image).output().unwrap();
    code(&output, 2);
    let said = stderr(&output);
    assert!(
        said.contains("cleaned up after 0badcafe") && said.contains("failed to boot the image"),
        "{said}"
    );
    assert!(!left.exists());
    let alive = lab_env::list_live(inventories).unwrap();
    assert!(!alive.iter().any(|run| format!("{:?}", run.things).contains("image boot")), "{alive:?}");
}
