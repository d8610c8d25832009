//! Which run is meant.

use std::fs;

use lab_store::{BundleWriter, StoreError, find, list};

#[test]
fn by_word_id_beginning_and_path() {
    let runs = tempfile::tempdir().unwrap();
    assert!(
        find(runs.path(), "latest").unwrap_err().to_string().starts_with("find run `latest`: no runs in ")
    );
    assert_eq!(list(&runs.path().join("none")).unwrap(), []);
    for name in
        ["20261123T062808Z-host-ab12cd", "20261123T062809Z-my-host-ab34cd", "20261123T062810Z-k8s-ff00ff"]
    {
        fs::create_dir(runs.path().join(name)).unwrap();
    }
    fs::create_dir(runs.path().join("notes")).unwrap();
    let names: Vec<String> = list(runs.path()).unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(names, ["ab12cd", "ab34cd", "ff00ff"]);
    let found = |wanted: &str| find(runs.path(), wanted).map(|dir| dir.file_name().unwrap().to_owned());
    for (wanted, name) in [
        ("latest", "20261123T062810Z-k8s-ff00ff"),
        ("ab12cd", "20261123T062808Z-host-ab12cd"),
        ("ab3", "20261123T062809Z-my-host-ab34cd"),
        ("20261123T062809", "20261123T062809Z-my-host-ab34cd"),
        ("20261123T062808Z-host-ab12cd", "20261123T062808Z-host-ab12cd"),
    ] {
        assert_eq!(found(wanted).unwrap(), name, "{wanted}");
    }
    let message = found("ab").unwrap_err().to_string();
    assert_eq!(
        message,
        "find run `ab`: it can be any of 20261123T062808Z-host-ab12cd, 20261123T062809Z-my-host-ab34cd"
    );
    let message = found("ff0ff").unwrap_err().to_string();
    assert!(message.ends_with("; near names: 20261123T062810Z-k8s-ff00ff"), "{message}");
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("manifest.json"), "{}").unwrap();
    let path = elsewhere.path().to_str().unwrap();
    assert_eq!(find(runs.path(), path).unwrap(), elsewhere.path());
}

#[test]
fn a_name_that_leaves_its_folder_is_refused() {
    let runs = tempfile::tempdir().unwrap();
    for (profile, id) in [("../x", "a1"), ("host", "a-1"), ("", "a1"), ("host", "")] {
        assert!(matches!(BundleWriter::create(runs.path(), profile, id, None), Err(StoreError::Name { .. })));
    }
    let writer = BundleWriter::create(runs.path(), "host", "a1", None).unwrap();
    for (scenario, instance, extension) in [("..", "a", "b"), ("a", "a/b", "c"), ("a", "b", "c/d")] {
        let error = writer.raw_path(scenario, 1, instance, extension).unwrap_err();
        assert!(matches!(error, StoreError::Name { .. }), "{error}");
    }
    assert_eq!(fs::read_dir(writer.dir()).unwrap().count(), 0);
}

#[test]
fn of_two_runs_of_one_second_the_latest_is_the_one_written_last() {
    let runs = tempfile::tempdir().unwrap();
    let now = std::time::SystemTime::now();
    for (id, age) in [("aaaa", 1), ("ffff", 3), ("cccc", 2)] {
        let dir = runs.path().join(format!("20261123T062810Z-host-{id}"));
        std::fs::create_dir(&dir).unwrap();
        let manifest = std::fs::File::create(dir.join("manifest.json")).unwrap();
        manifest.set_modified(now - std::time::Duration::from_secs(age)).unwrap();
    }
    let ids: Vec<String> = list(runs.path()).unwrap().into_iter().map(|run| run.id).collect();
    assert_eq!(ids, ["ffff", "cccc", "aaaa"]);
}
