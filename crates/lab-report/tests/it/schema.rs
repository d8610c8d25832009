//! The published schemas of JUnit and SARIF, kept in `tests/it/schema/`, and what checks a document against them.

use std::{fs, path::Path, process::Command, sync::LazyLock};

use serde_json::Value;

/// The schema's pattern of a language: as published it has a bracket too many, and is no regular expression.
const LANGUAGE: [&str; 2] =
    ["^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}?$"];

static SARIF: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = include_str!("schema/sarif-schema-2.1.0.json").replace(LANGUAGE[0], LANGUAGE[1]);
    let schema = serde_json::from_str(&text).unwrap();
    jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap()
});

/// Panics unless `document` is SARIF 2.1.0.
pub(crate) fn sarif(document: &Value) {
    let wrong: Vec<String> =
        SARIF.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Panics unless every document is valid by junit-10.xsd; says so where there is no xmllint to ask.
pub(crate) fn junit(test: &str, documents: &[String]) {
    if Command::new("xmllint").arg("--version").output().is_err() {
        eprintln!("SKIP {test}: there is no xmllint (Debian's libxml2-utils)");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let files: Vec<_> = (0..documents.len()).map(|n| folder.join(format!("{n}.xml"))).collect();
    for (file, document) in files.iter().zip(documents) {
        fs::write(file, document).unwrap();
    }
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/schema/junit-10.xsd");
    let output = Command::new("xmllint")
        .args(["--noout", "--nonet", "--huge", "--schema"])
        .arg(schema)
        .args(&files)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(told.matches(" validates\n").count(), documents.len(), "{told}");
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
#[should_panic(expected = "/runs/0/results/0")]
fn what_is_no_sarif_is_found() {
    sarif(&serde_json::json!({
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": { "name": "x" } }, "results": [{ "message": { "text": "x" }, "line": 1 }] }],
    }));
}
