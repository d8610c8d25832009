//! The report as SARIF 2.1.0 (OASIS Standard): what keeps the run from a pass, at the line of the file to look at.

use serde_json::{Value, json};

use crate::{
    RunReport, escape,
    finding::{Finding, Rule, findings},
};

/// Most results: what code scanning of GitHub takes of one run. The rest are counted.
const MOST: usize = 25_000;
/// Longest message in characters.
const LONGEST_MESSAGE: usize = 4096;

/// The report as SARIF. A run that passed has no results; the strings are escaped as a terminal's are.
pub fn sarif(report: &RunReport<'_>) -> Value {
    let found = findings(report);
    let (word, code) = report.ending();
    let mut seen = std::collections::HashMap::new();
    let results: Vec<Value> = found.iter().take(MOST).map(|finding| result(finding, &mut seen)).collect();
    let mut notifications = Vec::new();
    if found.len() > MOST {
        let text = format!("{} more results are left out", found.len() - MOST);
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    let rules = Rule::ALL.iter().map(|rule| {
        json!({
            "id": rule.id(),
            "shortDescription": { "text": rule.about() },
            "defaultConfiguration": { "level": level(*rule) },
        })
    });
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "Sightline", "rules": rules.collect::<Vec<_>>() } },
            "automationDetails": { "id": format!("sightline/{}/", escape(&report.profile)) },
            "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "the folder with golden/ and scenarios/" } } },
            "invocations": [{
                "executionSuccessful": !matches!(code, 2 | 130),
                "exitCode": code,
                "exitCodeDescription": word,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "run": escape(&report.run),
                "kernel": escape(&report.kernel),
                "head": report.chain_head.as_deref().map(escape),
            },
        }],
    })
}

/// Everything that is certain and wrong is an error; what nobody can know is a warning.
pub(crate) fn level(rule: Rule) -> &'static str {
    match rule {
        Rule::ActUnproven | Rule::VerdictLost | Rule::Doubt | Rule::GoldenNone => "warning",
        _ => "error",
    }
}

fn result(finding: &Finding, seen: &mut std::collections::HashMap<String, u32>) -> Value {
    let index = Rule::ALL.iter().position(|rule| *rule == finding.rule);
    let text: String = finding.message.chars().take(LONGEST_MESSAGE).collect();
    // Equal findings are told apart by their number, so that none of them takes the other's place.
    let print = format!("{} {}", finding.rule.id(), finding.key);
    let occurrence = seen.entry(print.clone()).or_default();
    *occurrence += 1;
    let print = lab_store::sha256_hex(format!("{print} #{occurrence}").as_bytes());
    let mut result = json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": index,
        "level": level(finding.rule),
        "message": { "text": text },
        "partialFingerprints": { "sightlineKey/v1": print },
    });
    if let Some((file, line)) = &finding.place {
        result["locations"] = json!([{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file), "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": line },
            },
        }]);
    }
    result
}

/// A path as a relative reference (RFC 3986): what is not unreserved or a slash is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
