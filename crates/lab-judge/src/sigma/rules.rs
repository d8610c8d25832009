//! Rule files in, compiled rules out; every mistake at once.

use std::collections::BTreeMap;

use rsigma_eval::{CompiledRule, JsonEvent};
use rsigma_parser::{
    Detection, DetectionItem, LintRule, LintWarning, Modifier, Severity, SigmaRule, SigmaValue,
};
use serde_json::Value;

use super::{
    category::Category,
    error::{RuleError, RuleProblem},
    lines,
};

/// One Sigma rule.
#[derive(Debug)]
pub struct Rule {
    /// its file
    pub file: String,
    /// id, unique
    pub id: String,
    /// title, unique: goldens name rules by it
    pub title: String,
    /// status, as Sigma has it; empty if the rule does not say
    pub status: String,
    /// level, as Sigma has it; empty if the rule does not say
    pub level: String,
    /// tags, ATT&CK techniques among them
    pub tags: Vec<String>,
    /// the records that it reads
    pub category: Category,
    /// what a reader misses in it; the rule works all the same
    pub remarks: Vec<RuleError>,
    compiled: CompiledRule,
}

impl Rule {
    /// True if the rule fires on a record with these fields.
    pub(crate) fn fires(&self, fields: &Value) -> bool {
        rsigma_eval::evaluate_rule(&self.compiled, &JsonEvent::borrow(fields)).is_some()
    }
}

/// A set of rules.
#[derive(Debug, Default)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads rules from the texts of their files, given as (name, text), one rule in each.
    ///
    /// # Errors
    /// Everything that is wrong with any of them, by file and line.
    pub fn parse(files: &[(String, String)]) -> Result<Self, Vec<RuleError>> {
        let (mut rules, mut errors): (Vec<Rule>, Vec<RuleError>) = (Vec::new(), Vec::new());
        for (file, text) in files {
            match rule(file, text) {
                Ok(rule) => {
                    errors.extend(duplicates(&rules, &rule, text));
                    rules.push(rule);
                }
                Err(found) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
            return Err(errors);
        }
        rules.sort_by(|a, b| a.title.cmp(&b.title));
        Ok(Self(rules))
    }

    /// The rules, by title.
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }
}

fn duplicates(rules: &[Rule], rule: &Rule, text: &str) -> Vec<RuleError> {
    let same = |key: &'static str, of: fn(&Rule) -> &String| {
        let other = rules.iter().find(|other| of(other) == of(rule))?;
        let (value, other) = (of(rule).clone(), other.file.clone());
        let problem = RuleProblem::Duplicate { key, value, other };
        Some(RuleError { file: rule.file.clone(), line: lines::of_key(text, key), problem })
    };
    [same("id", |rule| &rule.id), same("title", |rule| &rule.title)].into_iter().flatten().collect()
}

fn rule(file: &str, text: &str) -> Result<Rule, Vec<RuleError>> {
    let error = |line, problem| RuleError { file: file.to_owned(), line, problem };
    let sigma =
        |message: &str| error(lines::of_message(text, message), RuleProblem::Sigma(lowercase(message)));
    let remarks = rsigma_parser::lint_yaml_str(text);
    let parsed = rsigma_parser::parse_sigma_yaml(text).map_err(|e| vec![sigma(&e.to_string())])?;
    let (wrong, remarks): (Vec<_>, Vec<_>) = remarks.into_iter().partition(is_wrong);
    let of_lint = |warning: &LintWarning| {
        let line = match warning.span {
            Some(span) => span.start_line as usize + 1,
            None => lines::of_message(text, &warning.message),
        };
        error(line, RuleProblem::Sigma(lowercase(&warning.message)))
    };
    if !wrong.is_empty() {
        return Err(wrong.iter().map(of_lint).collect());
    }
    if !parsed.errors.is_empty() {
        return Err(parsed.errors.iter().map(|message| sigma(message)).collect());
    }
    let [rule] = &parsed.rules[..] else {
        let found = format!("{} detection rules", parsed.rules.len());
        return Err(vec![error(1, RuleProblem::NotOneRule(found))]);
    };
    if !parsed.correlations.is_empty() || !parsed.filters.is_empty() {
        let problem = RuleProblem::NotOneRule("a correlation or a filter".to_owned());
        return Err(vec![error(1, problem)]);
    }
    let category =
        category(rule).ok_or_else(|| vec![error(lines::of_key(text, "logsource"), log_source(rule))])?;
    let mut problems = fields(rule, category, text);
    if rule.id.is_none() {
        problems.push((1, RuleProblem::Missing("id")));
    }
    if !problems.is_empty() {
        return Err(problems.into_iter().map(|(line, problem)| error(line, problem)).collect());
    }
    let compiled = rsigma_eval::compile_rule(rule).map_err(|e| vec![sigma(&e.to_string())])?;
    let word = |value: Option<String>| value.unwrap_or_default();
    let missing = missing(rule).into_iter().map(|key| error(1, RuleProblem::Missing(key)));
    let remarks = remarks.iter().filter(|warning| warning.severity == Severity::Warning).map(of_lint);
    Ok(Rule {
        file: file.to_owned(),
        id: word(rule.id.clone()),
        title: rule.title.clone(),
        status: word(
            rule.status.and_then(|status| Some(serde_json::to_value(status).ok()?.as_str()?.to_owned())),
        ),
        level: word(rule.level.map(|level| level.as_str().to_owned())),
        tags: rule.tags.clone(),
        category,
        remarks: missing.chain(remarks).collect(),
        compiled,
    })
}

/// A key that nobody reads is a mistyped one.
fn is_wrong(warning: &LintWarning) -> bool {
    warning.severity == Severity::Error || warning.rule == LintRule::UnknownKey
}

/// What a reader wants to know of a rule and it does not say.
fn missing(rule: &SigmaRule) -> Vec<&'static str> {
    let attack = rule.tags.iter().any(|tag| tag.starts_with("attack.t"));
    let keys = [
        ("status", rule.status.is_some()),
        ("level", rule.level.is_some()),
        ("description", rule.description.is_some()),
        ("falsepositives", !rule.falsepositives.is_empty()),
        ("tags: attack.t...", attack),
    ];
    keys.iter().filter(|(_, there)| !there).map(|(key, _)| *key).collect()
}

fn category(rule: &SigmaRule) -> Option<Category> {
    let source = &rule.logsource;
    let ours = source.product.as_deref() == Some("linux") && source.service.is_none();
    let category = Category::ALL.into_iter().find(|c| source.category.as_deref() == Some(c.word()));
    category.filter(|_| ours)
}

fn log_source(rule: &SigmaRule) -> RuleProblem {
    let source = &rule.logsource;
    let parts = [("product", &source.product), ("category", &source.category), ("service", &source.service)];
    let parts = parts.iter().filter_map(|(key, value)| Some(format!("{key} {}", value.as_ref()?)));
    let expected = Category::ALL.iter().map(|category| category.word()).collect();
    RuleProblem::LogSource { found: parts.collect::<Vec<_>>().join(", "), expected }
}

/// The fields and structures of a rule that our records cannot have, by line.
fn fields(rule: &SigmaRule, category: Category, text: &str) -> Vec<(usize, RuleProblem)> {
    let mut problems = Vec::new();
    if rule.detection.timeframe.is_some() {
        problems.push((lines::of_key(text, "timeframe"), RuleProblem::Unsupported("a time frame")));
    }
    let named: BTreeMap<_, _> = rule.detection.named.iter().collect();
    for (name, detection) in named {
        let mut items = Vec::new();
        if let Err(what) = collect(detection, &mut items) {
            problems.push((lines::of_key(text, name), RuleProblem::Unsupported(what)));
        }
        for item in items {
            let referred = item.values.iter().filter_map(|value| match value {
                SigmaValue::String(field) if item.field.has_modifier(Modifier::FieldRef) => {
                    Some(field.original.clone())
                }
                _ => None,
            });
            for field in item.field.name.iter().cloned().chain(referred) {
                if category.fields().contains(&&*field) {
                    continue;
                }
                let line = lines::of_key(text, &field).max(lines::of_message(text, &format!("'{field}'")));
                let expected = category.fields().to_vec();
                problems.push((line, RuleProblem::Field { field, category: category.word(), expected }));
            }
        }
    }
    problems
}

/// The items of a detection; an error names what no record of ours can be asked.
fn collect<'r>(detection: &'r Detection, items: &mut Vec<&'r DetectionItem>) -> Result<(), &'static str> {
    match detection {
        Detection::AllOf(all) => {
            for item in all {
                if item.field.name.is_none() {
                    return Err("a keyword");
                }
                if item.field.has_modifier(Modifier::Expand) {
                    return Err("a placeholder");
                }
                items.push(item);
            }
            Ok(())
        }
        Detection::AnyOf(parts) | Detection::And(parts) => {
            parts.iter().try_for_each(|part| collect(part, items))
        }
        Detection::Keywords(_) => Err("a keyword"),
        Detection::ArrayMatch { .. } | Detection::Conditional { .. } => Err("a list's member"),
    }
}

/// One line, as our errors are: lower case at the beginning, though `YAML` and its like stay.
fn lowercase(message: &str) -> String {
    let message = message.strip_prefix("parser error: ").unwrap_or(message);
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut chars = message.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain([second]).chain(chars).collect()
        }
        _ => message.clone(),
    }
}
