//! The path of what was opened, however long its names are, on kernels that let memory be read directly and on others.

use std::{fs, os::unix::ffi::OsStrExt};

use lab_model::Text;

use crate::lab::{Lab, of, open};

/// Around what is copied in one go, and the longest that there is.
const LENGTHS: [usize; 10] = [1, 7, 8, 9, 31, 32, 33, 39, 40, 255];

fn names_of_every_length(name: &str, options: &[&str]) {
    let Some(lab) = Lab::start(name, options) else { return };
    let mut path = lab.dir.path().canonicalize().unwrap();
    for (length, letter) in LENGTHS.into_iter().zip('a'..) {
        path.push(letter.to_string().repeat(length));
        fs::create_dir(&path).unwrap();
    }
    let mut paths = Vec::new();
    for length in LENGTHS {
        let file = path.join("f".repeat(length));
        fs::write(&file, "").unwrap();
        paths.push(std::ffi::CString::new(file.as_os_str().as_bytes()).unwrap());
    }
    let subject = lab.subject(|| paths.iter().map(|path| i32::from(open(path, libc::O_RDONLY) < 0)).sum());
    assert_eq!(subject.wait(), 0);
    let (events, _) = lab.stop();
    let opens = of!(events, subject.pid, Open);
    let told: Vec<Option<Text>> = opens.iter().map(|open| open.opened.as_ref()?.path.clone()).collect();
    assert_eq!(told.len(), paths.len());
    for (told, path) in told.iter().zip(&paths) {
        assert_eq!(told.as_ref().map(|told| told.as_bytes()), Some(path.as_bytes()));
    }
}

#[test]
fn names_that_are_read_directly() {
    names_of_every_length("walk", &[]);
}

#[test]
fn names_that_are_read_by_a_helper() {
    names_of_every_length("walk-by-helper", &["--pretend", "words=0"]);
}
