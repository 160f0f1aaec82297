//! Files that appear whole or not at all: written beside their target under a temporary name, then put into its place.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// A file on its way.
#[derive(Debug)]
pub struct Staged {
    /// As the user named it; none for a file that only serves others.
    name: Option<String>,
    target: Target,
    temporary: NamedTempFile,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Target {
    /// Renamed to this path.
    File(PathBuf),
    /// Copied into this device or pipe, which a rename would replace.
    Device(PathBuf),
    /// Thrown away.
    Nowhere,
}

/// Bytes gathered before they go to the file.
const BUFFER: usize = 256 << 10;
/// So many bytes at once go to the file without being gathered.
const DIRECT: usize = 64 << 10;

impl Staged {
    /// A file that will be at `path`. Nothing is there yet, but that it can be written has been tried.
    ///
    /// # Errors
    /// When the folder does not exist or cannot be written, or `path` is a folder.
    pub fn for_path(path: &str) -> io::Result<Self> {
        let fail = |e: io::Error, what: &str| io::Error::new(e.kind(), format!("{path}: {what}{e}"));
        // A link stays one: what it points to is replaced.
        let real = std::fs::canonicalize(path).unwrap_or_else(|_| PathBuf::from(path));
        let target = match std::fs::metadata(&real) {
            Ok(about) if about.is_dir() => {
                let message = format!("{path}: this is a directory, expected the name of a file");
                return Err(io::Error::new(io::ErrorKind::IsADirectory, message));
            }
            Ok(about) if !about.is_file() => Target::Device(real.clone()),
            Ok(about) if about.permissions().readonly() => {
                let message = format!("{path}: the file is read-only");
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
            _ => Target::File(real.clone()),
        };
        let temporary = match &target {
            Target::File(_) => {
                let folder = real.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                if !folder.is_dir() {
                    let message = format!("{path}: the folder {} does not exist; create it first", folder.display());
                    return Err(io::Error::new(io::ErrorKind::NotFound, message));
                }
                builder().tempfile_in(folder).map_err(|e| fail(e, "cannot write there: "))?
            }
            _ => builder().tempfile().map_err(|e| fail(e, "cannot make a temporary file: "))?,
        };
        Ok(Staged { name: Some(path.to_owned()), target, temporary, buffer: Vec::with_capacity(BUFFER) })
    }

    /// A file that serves others and goes away with this value, in the folder of `beside` or the system's own.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary(beside: Option<&Staged>) -> io::Result<Self> {
        let folder = match beside.map(|b| &b.target) {
            Some(Target::File(path)) => path.parent().filter(|p| !p.as_os_str().is_empty()),
            _ => None,
        };
        let temporary = match folder {
            Some(folder) => builder().tempfile_in(folder)?,
            None => builder().tempfile()?,
        };
        Ok(Staged { name: None, target: Target::Nowhere, temporary, buffer: Vec::with_capacity(BUFFER) })
    }

    /// What was written so far, from its start.
    ///
    /// # Errors
    /// When it cannot be written out or read back.
    pub fn reader(&mut self) -> io::Result<BufReader<File>> {
        self.flush()?;
        let mut file = self.temporary.reopen()?;
        file.rewind()?;
        Ok(BufReader::with_capacity(BUFFER, file))
    }

    /// Puts the file in its place. Returns the name under which the user knows it.
    ///
    /// # Errors
    /// When it cannot be written out, or renamed.
    pub fn persist(mut self) -> io::Result<Option<String>> {
        self.flush()?;
        let name = self.name.clone();
        let fail = |e: io::Error| match &name {
            Some(name) => io::Error::new(e.kind(), format!("{name}: {e}")),
            None => e,
        };
        match self.target {
            Target::File(path) => replace(self.temporary, &path).map_err(fail)?,
            Target::Device(path) => {
                let mut from = self.temporary.reopen()?;
                let mut to = File::options().write(true).open(path).map_err(fail)?;
                io::copy(&mut from, &mut to).map_err(fail)?;
            }
            Target::Nowhere => {}
        }
        Ok(name)
    }

    fn named(&self, e: io::Error) -> io::Error {
        match &self.name {
            Some(name) => io::Error::new(e.kind(), format!("{name}: {e}")),
            None => io::Error::new(e.kind(), format!("{}: {e}", self.temporary.path().display())),
        }
    }
}

impl Write for Staged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() + bytes.len() > BUFFER || bytes.len() >= DIRECT {
            self.flush()?;
        }
        if bytes.len() >= DIRECT {
            self.temporary.as_file_mut().write_all(bytes).map_err(|e| self.named(e))?;
        } else {
            self.buffer.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.temporary.as_file_mut().write_all(&self.buffer);
        self.buffer.clear();
        written.map_err(|e| self.named(e))
    }
}

/// Puts a file at a path, in one step whether another is there or not.
fn replace(file: NamedTempFile, path: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        // The two change places, and the old one is deleted under the temporary name. Renamed over it, the new one would
        // have to be written to the disk first, for all of which ext4 waits.
        if renameat_with(CWD, file.path(), CWD, path, RenameFlags::EXCHANGE).is_ok() {
            return file.close();
        }
    }
    file.persist(path).map(drop).map_err(|e| e.error)
}

/// With the permissions that a plainly created file would get.
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".znyx-bench-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

/// Reads from `from` to its end, writing each line with `before` and, except after the last, `between`.
///
/// # Errors
/// Those of either side.
pub fn join_lines(from: &mut dyn Read, before: &str, between: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut from = BufReader::with_capacity(BUFFER, from);
    let mut line = Vec::new();
    let mut first = true;
    loop {
        line.clear();
        if io::BufRead::read_until(&mut from, b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if !first {
            out.write_all(between.as_bytes())?;
        }
        first = false;
        out.write_all(before.as_bytes())?;
        out.write_all(line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_and_leaves_nothing_behind_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, "old").unwrap();
        let mut staged = Staged::for_path(path.to_str().unwrap()).unwrap();
        staged.write_all(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        drop(staged);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut staged = Staged::for_path(path.to_str().unwrap()).unwrap();
        staged.write_all(b"new").unwrap();
        staged.persist().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_a_device_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut staged = Staged::for_path(link.to_str().unwrap()).unwrap();
        staged.write_all(b"new").unwrap();
        staged.persist().unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
        let mut staged = Staged::for_path("/dev/null").unwrap();
        staged.write_all(b"gone").unwrap();
        staged.persist().unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let message = Staged::for_path("/no/such/folder/run.json").unwrap_err().to_string();
        assert!(message.contains("/no/such/folder/run.json: the folder /no/such/folder does not exist"), "{message}");
        let message = Staged::for_path("/tmp").unwrap_err().to_string();
        assert!(message.contains("is a directory"), "{message}");
    }

    #[test]
    fn lines_are_joined_without_a_mark_after_the_last() {
        let mut out = Vec::new();
        join_lines(&mut &b"{1}\n{2}\n"[..], "  ", ",\n", &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "  {1},\n  {2}");
    }
}
