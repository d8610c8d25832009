//! A golden as text of which only as much is read as somebody needs.

use std::{ops::Range, path::Path};

use memchr::memmem;

use crate::{Golden, GoldenError, write::NONE};

/// How marks begin.
const MARKS: [&str; 4] = ["unstable ", "optional", "unordered", "at-most "];

/// A golden's text: head, table and detections are read, the lines of the tree where they are compared.
#[derive(Clone, Debug)]
pub struct GoldenText {
    file: String,
    pub(crate) text: String,
    tree: Range<usize>,
    pub(crate) rest: Golden,
}

impl GoldenText {
    /// Reads a golden file; `None` if there is none. Its tree is looked at by whoever compares it; [`Golden::load`] and
    /// [`crate::lint`] read all of it.
    ///
    /// # Errors
    /// Names file and line of what is wrong.
    pub fn load(path: &Path) -> Result<Option<Self>, GoldenError> {
        match std::fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) => Self::read(text, &path.display().to_string()).map(Some),
            // Whoever reads strictly knows how to say it.
            _ => Ok(Golden::load(path)?.map(|golden| Self::of(&golden))),
        }
    }

    /// The same of a text; `file_name` is what errors call it.
    ///
    /// # Errors
    /// Names file and line of what is wrong.
    pub fn read(text: String, file_name: &str) -> Result<Self, GoldenError> {
        let file = file_name.to_owned();
        let sections = tree_range(&text).filter(|tree| !text[tree.clone()].contains('\t'));
        let read = sections.and_then(|tree| Some((without_tree(&text, &tree)?, tree)));
        match read {
            Some((rest, tree)) => Ok(Self { file, text, tree, rest }),
            None => Ok(Self { file, ..Self::of(&Golden::parse(&text, file_name)?) }),
        }
    }

    /// The text of a golden, such as that of a run.
    pub fn of(golden: &Golden) -> Self {
        let text = golden.to_text();
        let tree = tree_range(&text).unwrap_or_default();
        let rest = golden.without_tree();
        Self { file: format!("golden/{}.golden", golden.scenario), text, tree, rest }
    }

    /// All but the tree, which is empty here.
    pub fn rest(&self) -> &Golden {
        &self.rest
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// Names file and line of the first thing that is wrong.
    pub fn parse(&self) -> Result<Golden, GoldenError> {
        Golden::parse(&self.text, &self.file)
    }

    /// The lines of the tree.
    pub(crate) fn tree(&self) -> &str {
        &self.text[self.tree.clone()]
    }

    /// True if a line of the tree may bear a mark: some word of one is in it. What a mark allows changes which line is
    /// which, also where nobody looks at the marked line itself.
    pub(crate) fn may_be_marked(&self) -> bool {
        let tree = self.tree().as_bytes();
        MARKS.iter().any(|word| memmem::find(tree, word.as_bytes()).is_some())
    }

    /// True if a verdict or a detection bears a mark.
    pub(crate) fn has_marked_rows(&self) -> bool {
        self.rest.table.iter().any(|row| !row.unstable.is_empty())
            || self.rest.detections.iter().any(|detection| detection.unstable.is_some())
    }
}

/// Where the tree's lines are in a golden's text, if it has the sections; nowhere if there are none.
pub(crate) fn tree_range(text: &str) -> Option<Range<usize>> {
    const BEGIN: &str = "\n\ntree\n";
    const END: &str = "\n\ntable";
    let begin = memmem::find(text.as_bytes(), BEGIN.as_bytes())? + BEGIN.len();
    let end = begin + memmem::rfind(&text.as_bytes()[begin..], END.as_bytes())? + 1;
    Some(if text[begin..end].trim_end_matches('\n') == NONE { begin..begin } else { begin..end })
}

/// A golden's text read without the lines of its tree.
fn without_tree(text: &str, tree: &Range<usize>) -> Option<Golden> {
    if tree.is_empty() {
        return Golden::parse(text, "").ok();
    }
    Golden::parse(&format!("{}{NONE}\n{}", &text[..tree.start], &text[tree.end..]), "").ok()
}
