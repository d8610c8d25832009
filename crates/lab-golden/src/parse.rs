//! Reading a golden: strict, so that text and golden are one to one, and every error has its line.

use std::{collections::BTreeSet, path::Path};

use lab_model::SensorKind;

use crate::{
    ActRef, Detection, Golden, GoldenError, Line, Problem, Row,
    annotations::Annotations,
    cursor::Cursor,
    fact_parse,
    write::{ALLOW, NONE, VERSION_LINE},
};

impl Golden {
    /// Reads a golden file; `None` if there is none.
    ///
    /// # Errors
    /// Names file and line of the first thing that is wrong.
    pub fn load(path: &Path) -> Result<Option<Self>, GoldenError> {
        let file = path.display().to_string();
        read_text(path)?.map(|text| Self::parse(&text, &file)).transpose()
    }

    /// Reads a golden's text; `file_name` is what errors call it.
    ///
    /// # Errors
    /// Names file and line of the first thing that is wrong.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, GoldenError> {
        let read = || {
            check_form(text, VERSION_LINE)?;
            let golden = Parser::new(text).golden()?;
            check_canonical(text, &golden.to_text())?;
            Ok(golden)
        };
        read().map_err(|(line, problem)| GoldenError { file: file_name.to_owned(), line, problem })
    }
}

/// A file's text; `None` if there is no such file.
pub(crate) fn read_text(path: &Path) -> Result<Option<String>, GoldenError> {
    let file = path.display().to_string();
    match std::fs::read(path) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|error| {
            let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            GoldenError { file, line, problem: Problem::NotUtf8 }
        }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(GoldenError { file, line: 1, problem: Problem::Io(e.to_string()) }),
    }
}

pub(crate) type Located<T> = Result<T, (usize, Problem)>;

/// Reads one line of a tree without its indentation; `None` if it is not as goldens have it.
pub(crate) fn line(content: &str) -> Option<Line> {
    Parser { lines: Vec::new(), at: 0 }.tree_line(&format!("  {content}"), &mut Vec::new()).ok()
}

/// What can be said of the lines before they are understood.
pub(crate) fn check_form(text: &str, version: &str) -> Located<()> {
    if text.starts_with('\u{feff}') {
        return Err((1, Problem::ByteOrderMark));
    }
    for (at, line) in text.split('\n').enumerate() {
        let problem = if line.ends_with('\r') {
            Problem::CarriageReturn
        } else if ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker)) {
            Problem::ConflictMarker
        } else if at == 0 && line != version {
            Problem::UnknownVersion { found: line.escape_debug().to_string(), known: version.to_owned() }
        } else if line.contains('\t') {
            Problem::Tab
        } else if line.ends_with(' ') {
            Problem::TrailingSpace
        } else {
            continue;
        };
        return Err((at + 1, problem));
    }
    if text.ends_with('\n') { Ok(()) } else { Err((text.split('\n').count(), Problem::NoFinalNewline)) }
}

pub(crate) fn check_canonical(text: &str, canonical: &str) -> Located<()> {
    let lines = text.lines().map(Some).chain(std::iter::once(None));
    let expected = canonical.lines().map(Some).chain(std::iter::once(None));
    let differing = lines.zip(expected).enumerate().find(|(_, (line, expected))| line != expected);
    match differing {
        None => Ok(()),
        Some((at, (_, expected))) => {
            Err((at + 1, Problem::NotCanonical { expected: expected.unwrap_or_default().to_owned() }))
        }
    }
}

/// True for what a scenario may be called.
pub(crate) fn is_name(name: &str) -> bool {
    let name_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !name.is_empty() && name.chars().all(name_char)
}

/// Lines, and which is next.
pub(crate) struct Parser<'a> {
    lines: Vec<&'a str>,
    pub(crate) at: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { lines: text.lines().collect(), at: 0 }
    }

    pub(crate) fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    /// The line that many after the next one.
    pub(crate) fn ahead(&self, lines: usize) -> Option<&'a str> {
        self.lines.get(self.at + lines).copied()
    }

    pub(crate) fn error<T>(&self, problem: Problem) -> Located<T> {
        Err((self.at + 1, problem))
    }

    pub(crate) fn expected<T>(&self, expected: &str) -> Located<T> {
        let found = match self.peek() {
            None => "the end of the file".to_owned(),
            Some("") => "an empty line".to_owned(),
            Some(line) => format!("`{line}`"),
        };
        self.error(Problem::Expected { expected: expected.to_owned(), found })
    }

    pub(crate) fn exactly(&mut self, line: &str, name: &str) -> Located<()> {
        if self.peek() != Some(line) {
            return self.expected(name);
        }
        self.at += 1;
        Ok(())
    }

    /// The indented lines of a section, each given to `read`; none if it says so.
    fn section<T>(&mut self, mut read: impl FnMut(&mut Self, &'a str) -> Located<T>) -> Located<Vec<T>> {
        if self.peek() == Some(NONE) {
            self.at += 1;
            return Ok(Vec::new());
        }
        let mut items = Vec::new();
        while let Some(line) = self.peek().filter(|line| line.starts_with(' ')) {
            items.push(read(self, line)?);
            self.at += 1;
        }
        if items.is_empty() { self.expected("an indented line, or `  none`") } else { Ok(items) }
    }

    fn golden(&mut self) -> Located<Golden> {
        self.exactly(VERSION_LINE, "`sightline golden 1`")?;
        let (scenario, attack) = self.head()?;
        let allowed_at = self.at;
        let mut allowed = Vec::new();
        while let Some(line) = self.peek().and_then(|line| line.strip_prefix(ALLOW)) {
            allowed.push(self.allowed(line)?);
            self.at += 1;
        }
        allowed.sort_by(|a, b| (&a.path, a.free).cmp(&(&b.path, b.free)));
        self.exactly("", "an empty line")?;
        self.exactly("tree", "`tree`")?;
        let tree_at = self.at;
        let mut open: Vec<String> = Vec::new();
        let tree = self.section(|parser, line| parser.tree_line(line, &mut open))?;
        self.exactly("", "an indented line, or an empty one before `table`")?;
        let (sensors, table) = self.table()?;
        self.exactly("", "an indented line, or an empty one before `detections`")?;
        self.exactly("detections", "`detections`")?;
        let detections_at = self.at;
        let mut detections = self.section(Self::detection)?;
        if self.peek().is_some() {
            return self.expected("the end of the file");
        }
        let rows: BTreeSet<ActRef> = table.iter().map(|row| row.act).collect();
        let anchors = tree.iter().enumerate().map(|(at, line)| (tree_at + at, &*line.acts));
        let hits = detections.iter().enumerate().map(|(at, hit)| (detections_at + at, &*hit.acts));
        let free = allowed.iter().enumerate().map(|(at, free)| (allowed_at + at, &*free.acts));
        for (at, acts) in free.chain(anchors).chain(hits) {
            if let Some(act) = acts.iter().find(|act| !rows.contains(act)) {
                return Err((at + 1, Problem::UnknownAct(act.to_string())));
            }
        }
        detections.sort_by(|a, b| (&a.source, &a.title).cmp(&(&b.source, &b.title)));
        Ok(Golden { scenario, attack, allowed, tree, sensors, table, detections })
    }

    fn head(&mut self) -> Located<(String, Vec<String>)> {
        let line = self.peek().unwrap_or_default();
        let parts = line.strip_prefix("scenario ").and_then(|rest| rest.split_once("  attack "));
        let observed = line.strip_prefix("observed ").map(|name| (name, ""));
        let Some((name, attack)) = parts.or(observed) else {
            return self.expected("`scenario NAME  attack T...` or `observed NAME`");
        };
        if !is_name(name) {
            return self.expected("a scenario's name of `a-z`, `0-9` and `-`");
        }
        if observed.is_some() {
            self.at += 1;
            return Ok((name.to_owned(), Vec::new()));
        }
        let attack: Vec<String> = attack.split(' ').map(str::to_owned).collect();
        if !attack.iter().all(|technique| is_technique(technique)) {
            return self.expected("ATT&CK techniques such as `T1059.004`");
        }
        self.duplicate("technique", attack.iter())?;
        self.at += 1;
        Ok((name.to_owned(), attack))
    }

    /// `open` holds the words of the lines that this one may stand below.
    pub(crate) fn tree_line(&self, line: &str, open: &mut Vec<String>) -> Located<Line> {
        let content = line.trim_start_matches(' ');
        let (found, most) = (line.len() - content.len(), 2 * (open.len() + 1));
        if found % 2 == 1 || found > most {
            return self.error(Problem::Indentation { found, most });
        }
        let depth = found / 2 - 1;
        open.truncate(depth);
        if let Some(parent) = open.last().filter(|word| *word != "exec" && *word != "fork") {
            return self.error(Problem::NotAParent(parent.clone()));
        }
        let mut cursor = Cursor::new(content);
        let fact = fact_parse::fact(&mut cursor).or_else(|problem| self.error(problem))?;
        let Annotations { acts, unseen, marks } = self.annotations(cursor.remainder())?;
        open.push(fact.word.to_owned());
        Ok(Line { depth, fact, acts, unseen, marks })
    }

    fn table(&mut self) -> Located<(Vec<SensorKind>, Vec<Row>)> {
        let mut words = self.peek().unwrap_or_default().split(' ').filter(|word| !word.is_empty());
        if words.next() != Some("table") {
            return self.expected("`table` and the sensors");
        }
        let sensors = words.map(|word| self.sensor(word)).collect::<Located<Vec<_>>>()?;
        self.duplicate("sensor", sensors.iter())?;
        if !sensors.is_sorted() {
            return self.expected("the sensors in the order of the catalogue");
        }
        self.at += 1;
        let mut last: Option<ActRef> = None;
        let rows = self.section(|parser, line| {
            let row = parser.row(line, &sensors)?;
            let before = last.replace(row.act);
            match before {
                Some(before) if before.id == row.act.id => {
                    parser.error(Problem::Duplicate { what: "row", key: row.act.to_string() })
                }
                Some(before) if before.id > row.act.id => {
                    parser.expected("the rows in the order of their numbers")
                }
                _ => Ok(row),
            }
        })?;
        Ok((sensors, rows))
    }

    fn row(&self, line: &str, sensors: &[SensorKind]) -> Located<Row> {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
        let label = words.get(..2).unwrap_or(&words).join(" ");
        let act = self.act(&label, "`act N` or `twin N`")?;
        let (verdicts, marks) = words[2..].split_at(sensors.len().min(words.len() - 2));
        let verdicts = verdicts.iter().map(|word| self.verdict(word)).collect::<Located<Vec<_>>>()?;
        let marks = marks.join(" ");
        if verdicts.len() != sensors.len() || (!marks.is_empty() && !marks.contains(' ')) {
            return self.expected(&format!("{} verdicts, one for each sensor", sensors.len()));
        }
        let unstable = marks.split(", ").filter(|_| !marks.is_empty()).map(|mark| {
            let Some((sensor, rate)) = mark.split_once(" unstable ") else {
                return self.expected("`SENSOR unstable k/N` after the verdicts");
            };
            let sensor = self.sensor(sensor)?;
            if !sensors.contains(&sensor) {
                return self.expected("a sensor that has a column");
            }
            Ok((sensor, self.rate(rate)?))
        });
        let mut unstable = unstable.collect::<Located<Vec<_>>>()?;
        self.duplicate("mark", unstable.iter().map(|(sensor, _)| *sensor))?;
        unstable.sort_by_key(|(sensor, _)| *sensor);
        Ok(Row { act, verdicts, unstable })
    }

    fn detection(&mut self, line: &'a str) -> Located<Detection> {
        let mut cursor = Cursor::new(line.trim_start_matches(' '));
        let source = cursor.word().unwrap_or_default().to_owned();
        if source != "sigma" {
            self.sensor(&source)?;
        }
        if !cursor.gap() {
            return self.error(cursor.expected("a rule's title"));
        }
        let title = cursor.string().or_else(|problem| self.error(problem))?.to_owned();
        if !cursor.at_end() {
            return self.error(cursor.expected("two spaces and the acts"));
        }
        let Annotations { acts, unseen, marks } = self.annotations(cursor.remainder())?;
        if !unseen.is_empty() || !marks.free.is_none() {
            return self.expected("acts alone beside a detection");
        }
        Ok(Detection { source, title, acts, unstable: marks.unstable })
    }

    pub(crate) fn duplicate<T: Ord + ToString>(
        &self,
        what: &'static str,
        keys: impl Iterator<Item = T>,
    ) -> Located<()> {
        let mut known = BTreeSet::new();
        for key in keys {
            let name = key.to_string();
            if !known.insert(key) {
                return self.error(Problem::Duplicate { what, key: name });
            }
        }
        Ok(())
    }
}

/// `T` and four digits, and perhaps a dot and three.
fn is_technique(text: &str) -> bool {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    let (technique, sub) =
        text.split_once('.').map_or((text, None), |(technique, sub)| (technique, Some(sub)));
    technique.strip_prefix('T').is_some_and(|n| digits(n, 4)) && sub.is_none_or(|n| digits(n, 3))
}
