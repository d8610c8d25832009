//! What `--version` says: the version, the commit of a release, and the eBPF object that these sources come with.

use std::sync::LazyLock;

/// The record of the object.
const RECORD: &str = include_str!("../../bpf/prebuilt/sightline-ebpf.json");

/// The text.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let record: Option<serde_json::Value> = serde_json::from_str(RECORD).ok();
        let object = record.as_ref().and_then(|record| record["object_sha256"].as_str()).unwrap_or("unknown");
        format!("{} (eBPF object {object})", lab_model::VERSION)
    });
    &TEXT
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_names_the_object() {
        let object = include_bytes!("../../bpf/prebuilt/sightline-ebpf.o");
        assert!(super::text().contains(&lab_store::sha256_hex(object)), "{}", super::text());
    }
}
