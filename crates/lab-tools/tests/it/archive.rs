//! The program of a fetched archive.

use std::{io::Write as _, process::Command, sync::Arc};

use crate::{
    fetch::{Place, content, pin_of},
    server::{Server, whole},
};

/// An archive with these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_program_of_an_archive() {
    let tar = archive(&[("linux/LICENSE", b"free"), ("linux/thing", b"#!/bin/sh\n")]);
    let zstd = zstd::encode_all(tar.as_slice(), 1).unwrap();
    for (packed, ending) in [(gzip(&tar), ".tar.gz"), (gzip(&tar), ".tgz"), (zstd, ".tar.zst")] {
        let pin = pin_of(&packed, Some("thing"), ending);
        let packed = Arc::new(packed);
        let server = Server::start(move |_, request| whole(request, &packed));
        let place = Place::new(&server);
        place.fetch(&pin).unwrap();
        place.holds(b"#!/bin/sh\n");
        assert!(Command::new(place.program()).status().unwrap().success());
    }
}

#[test]
fn an_archive_without_the_program_and_what_is_no_archive() {
    let without = gzip(&archive(&[("linux/other", b"x"), ("thing/other", b"x")]));
    let half = gzip(&archive(&[("linux/thing", &content())]))[..50_000].to_vec();
    for (packed, why) in
        [(without, "there is no file `thing` in it"), (b"text".to_vec(), "as an archive"), (half, "")]
    {
        let pin = pin_of(&packed, Some("thing"), ".tar.gz");
        let server = Server::start(move |_, request| whole(request, &packed));
        let place = Place::new(&server);
        let said = place.fetch(&pin).unwrap_err().to_string();
        assert!(said.contains(why) && said.contains("thing"), "{said}");
        assert_eq!(place.left(), Vec::<String>::new());
    }
}
