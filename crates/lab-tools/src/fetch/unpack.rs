//! The one program of an archive.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::Error;

/// Writes the file called `program` in the archive to `target`; wherever else the archive's names point, nothing goes there.
pub(super) fn unpack(archive: &Path, url: &str, program: &str, target: &Path) -> Result<(), Error> {
    let opened = File::open(archive).map(BufReader::new).map_err(Error::io("read", archive))?;
    let reader: Box<dyn Read> = if url.ends_with(".tar.gz") || url.ends_with(".tgz") {
        Box::new(flate2::read::GzDecoder::new(opened))
    } else if url.ends_with(".tar.zst") {
        Box::new(zstd::Decoder::with_buffer(opened).map_err(Error::io("read", archive))?)
    } else {
        let what = "it has a `program`, so it should end in .tar.gz, .tgz or .tar.zst".to_owned();
        return Err(Error::Format { path: url.into(), what });
    };
    let broken =
        |error: io::Error| Error::Format { path: url.into(), what: format!("as an archive: {error}") };
    let mut archive = tar::Archive::new(reader);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let named = entry.path().is_ok_and(|path| path.file_name().is_some_and(|name| name == program));
        if named && entry.header().entry_type().is_file() {
            let mut file = File::create(target).map_err(Error::io("create", target))?;
            return io::copy(&mut entry, &mut file).map(drop).map_err(Error::io("write", target));
        }
    }
    Err(Error::Format { path: url.into(), what: format!("there is no file `{program}` in it") })
}
