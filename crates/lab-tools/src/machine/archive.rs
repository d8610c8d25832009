//! Archives that a kernel unpacks as its first file system: cpio, as `newc`. Times, owners and order are fixed, so that the
//! same files give the same bytes.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use cpio::newc;

/// One thing in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A folder.
    Folder {
        /// Where, without a slash before it.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// A file.
    File {
        /// Where, without a slash before it.
        path: String,
        /// Its permissions.
        mode: u32,
        /// What is in it.
        content: Vec<u8>,
    },
    /// A symbolic link.
    Link {
        /// Where, without a slash before it.
        path: String,
        /// Where it leads.
        to: String,
    },
}

impl Entry {
    /// A folder.
    pub fn folder(path: &str, mode: u32) -> Self {
        Self::Folder { path: path.to_owned(), mode }
    }

    /// A file.
    pub fn file(path: &str, mode: u32, content: Vec<u8>) -> Self {
        Self::File { path: path.to_owned(), mode, content }
    }

    /// A symbolic link.
    pub fn link(path: &str, to: &str) -> Self {
        Self::Link { path: path.to_owned(), to: to.to_owned() }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Folder { path, .. } | Self::File { path, .. } | Self::Link { path, .. } => path,
        }
    }

    /// The same where folders of these names at the top are links into /usr.
    pub(super) fn merged(mut self, names: &[&str]) -> Self {
        let (Self::Folder { path, .. } | Self::File { path, .. } | Self::Link { path, .. }) = &mut self;
        if names.contains(&path.split('/').next().unwrap_or_default()) {
            *path = format!("usr/{path}");
        }
        self
    }
}

/// What a package's archive has at this point; nothing for what no package needs (a device).
pub(super) fn from_tar(entry: &mut tar::Entry<'_, impl Read>) -> io::Result<Option<Entry>> {
    let path = entry.path()?.to_string_lossy().trim_start_matches("./").trim_end_matches('/').to_owned();
    let mode = entry.header().mode()? & 0o7777;
    let link = entry.link_name()?.map(|to| to.to_string_lossy().into_owned());
    Ok(match entry.header().entry_type() {
        _ if path.is_empty() || path == "." => None,
        tar::EntryType::Directory => Some(Entry::Folder { path, mode }),
        tar::EntryType::Symlink => link.map(|to| Entry::Link { path, to }),
        // The other name of a file leads to the same content.
        tar::EntryType::Link => {
            link.map(|to| Entry::Link { path, to: format!("/{}", to.trim_start_matches("./")) })
        }
        tar::EntryType::Regular => {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            Some(Entry::File { path, mode, content })
        }
        _ => None,
    })
}

/// An archive that is being put together; of two things at one place the later stays.
#[derive(Debug, Default)]
pub struct Archive(BTreeMap<String, Entry>);

impl Archive {
    /// Adds a thing.
    pub fn add(&mut self, entry: Entry) {
        let is_folder = matches!(entry, Entry::Folder { .. });
        // A link into /usr stays where a package has a folder.
        if is_folder && matches!(self.0.get(entry.path()), Some(Entry::Link { .. })) {
            return;
        }
        self.0.insert(entry.path().to_owned(), entry);
    }

    /// Its bytes, to be followed by those of another archive or by nothing.
    pub fn finish(self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for (number, (path, entry)) in (1..).zip(self.0) {
            let head = newc::Builder::new(&path).ino(number).nlink(1);
            let (mode, content) = match entry {
                Entry::Folder { mode, .. } => (0o040_000 | mode, Vec::new()),
                Entry::File { mode, content, .. } => (0o100_000 | mode, content),
                Entry::Link { to, .. } => (0o120_777, to.into_bytes()),
            };
            let size = u32::try_from(content.len()).map_err(io::Error::other)?;
            let mut writer = head.mode(mode).write(&mut out, size);
            writer.write_all(&content)?;
            writer.finish()?;
        }
        newc::trailer(&mut out)?;
        // The kernel looks for the next archive at a multiple of four.
        out.resize(out.len().next_multiple_of(4), 0);
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{Archive, Entry};

    fn archive(entries: Vec<Entry>) -> Vec<u8> {
        let mut archive = Archive::default();
        entries.into_iter().for_each(|entry| archive.add(entry));
        archive.finish().unwrap()
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let entries =
            [Entry::folder("a", 0o755), Entry::file("a/b", 0o644, b"text".to_vec()), Entry::link("c", "a")];
        let bytes = archive(entries.to_vec());
        assert_eq!(archive(entries.iter().rev().cloned().collect()), bytes);
        assert_eq!(bytes.len() % 4, 0);
        let mut names = Vec::new();
        let mut rest = &bytes[..];
        loop {
            let reader = cpio::NewcReader::new(rest).unwrap();
            if reader.entry().is_trailer() {
                break;
            }
            names.push((reader.entry().name().to_owned(), reader.entry().mode()));
            rest = reader.finish().unwrap();
        }
        assert_eq!(names, [("a".into(), 0o040_755), ("a/b".into(), 0o100_644), ("c".into(), 0o120_777)]);
    }

    #[test]
    fn what_debian_has_merged_is_in_usr() {
        assert_eq!(Entry::folder("bin/x", 0o755).merged(&["bin"]).path(), "usr/bin/x");
        assert_eq!(Entry::folder("binary", 0o755).merged(&["bin"]).path(), "binary");
        let both = [Entry::link("bin", "usr/bin"), Entry::folder("bin", 0o755)];
        assert_eq!(archive(both.to_vec()), archive(vec![both[0].clone()]));
    }
}
