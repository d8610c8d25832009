//! The list of what is in an image, as SPDX 2.3 in JSON.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{DISK, Lock, Payload};
use crate::{Error, files};

/// The document of an image whose disk has this hash.
pub(super) fn text(lock: &Lock, payload: &Payload, disk_sha256: &str) -> Result<String, Error> {
    let mut packages = vec![
        json!({
            "SPDXID": "SPDXRef-image",
            "name": "sightline-image",
            "versionInfo": payload.version,
            "packageFileName": DISK,
            "checksums": [sha256(disk_sha256)],
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "primaryPackagePurpose": "OPERATING-SYSTEM",
        }),
        json!({
            "SPDXID": "SPDXRef-sightline",
            "name": "sightline",
            "versionInfo": payload.version,
            "checksums": [sha256(&files::hash_file(&payload.release)?)],
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "licenseDeclared": "Apache-2.0",
        }),
    ];
    packages.extend(lock.packages.iter().map(|package| {
        json!({
            "SPDXID": id(&package.name),
            "name": package.name,
            "versionInfo": package.version,
            "supplier": "Organization: Debian",
            "checksums": [sha256(&package.sha256)],
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl(&package.name, &package.version, &package.arch, &lock.suite),
            }],
        })
    }));
    let contained = packages.iter().skip(1).map(|package| {
        json!({
            "spdxElementId": "SPDXRef-image",
            "relationshipType": "CONTAINS",
            "relatedSpdxElement": package["SPDXID"],
        })
    });
    let describes = json!({
        "spdxElementId": "SPDXRef-DOCUMENT",
        "relationshipType": "DESCRIBES",
        "relatedSpdxElement": "SPDXRef-image",
    });
    let relationships: Vec<Value> = std::iter::once(describes).chain(contained).collect();
    let document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "sightline-image",
        "documentNamespace": format!("urn:sha256:{disk_sha256}"),
        "creationInfo": { "created": time(lock.epoch)?, "creators": ["Tool: sightline"] },
        "packages": packages,
        "relationships": relationships,
    });
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::Format { path: super::MANIFEST.into(), what: error.to_string() })?;
    Ok(text + "\n")
}

fn sha256(hash: &str) -> Value {
    json!({ "algorithm": "SHA256", "checksumValue": hash })
}

/// An identifier has letters, digits, dots and hyphens.
fn id(name: &str) -> String {
    format!("SPDXRef-deb-{}", name.replace('+', "-plus"))
}

fn purl(name: &str, version: &str, arch: &str, suite: &str) -> String {
    let escaped = |text: &str| text.replace('%', "%25").replace('+', "%2B").replace(':', "%3A");
    format!("pkg:deb/debian/{}@{}?arch={arch}&distro={suite}", escaped(name), escaped(version))
}

/// Seconds since 1970 as the format has times.
fn time(epoch: u64) -> Result<String, Error> {
    let wrong = |what: String| Error::Format { path: super::LOCK.into(), what };
    let seconds = i64::try_from(epoch).map_err(|error| wrong(error.to_string()))?;
    let time = OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| wrong(error.to_string()))?;
    time.format(&Rfc3339).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::lock::tests::sample;
    use super::*;

    #[test]
    fn every_package_is_in_it_with_its_hash() {
        let release = tempfile::NamedTempFile::new().unwrap();
        let payload = Payload { release: release.path().to_owned(), version: "1+c".to_owned() };
        let text = text(&sample(), &payload, "d1").unwrap();
        assert_eq!(text, super::text(&sample(), &payload, "d1").unwrap());
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["creationInfo"]["created"], "2026-09-21T14:13:20Z");
        let names: Vec<_> = document["packages"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
        assert_eq!(names, ["sightline-image", "sightline", "a", "b"]);
        let b = &document["packages"][3];
        assert_eq!(b["checksums"][0]["checksumValue"], "ab".repeat(32));
        assert_eq!(
            b["externalRefs"][0]["referenceLocator"],
            "pkg:deb/debian/b@2%2Bdeb13u1?arch=all&distro=trixie"
        );
        assert_eq!(document["relationships"].as_array().unwrap().len(), 4);
    }
}
