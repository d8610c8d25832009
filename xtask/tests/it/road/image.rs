//! The image's commands where there is no image, or a damaged lock.

use super::{Lab, code, stderr};

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
