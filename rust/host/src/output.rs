//! What the program writes: standard output, messages, and files that are there whole or not at all.

use anstyle::{AnsiColor, Style};
use std::fs::{File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// Writes to standard output. What cannot be written ends the program: quietly where nobody reads any more, else with an
/// error; the exit status is 1 either way.
pub fn print(text: &str) {
    if let Err(e) = io::stdout().lock().write_all(text.as_bytes()) {
        end(&e);
    }
}

/// Writes bytes to standard output at once, as [`print()`] writes text.
pub fn bytes(bytes: &[u8]) {
    let mut output = io::stdout().lock();
    if let Err(e) = output.write_all(bytes).and_then(|()| output.flush()) {
        end(&e);
    }
}

/// Writes what is still held back to standard output, and ends the program as [`print()`] does where that fails.
pub fn flush() {
    if let Err(e) = io::stdout().lock().flush() {
        end(&e);
    }
}

fn end(error: &io::Error) -> ! {
    if error.kind() != ErrorKind::BrokenPipe {
        self::error(&format!("standard output cannot be written: {error}"));
    }
    std::process::exit(1);
}

/// Writes an error to standard error.
pub fn error(text: &str) {
    // There is nowhere left to complain.
    let _ = writeln!(anstream::stderr().lock(), "{}error:{} {text}", WRONG.render(), WRONG.render_reset());
}

/// Writes a note to standard error.
pub fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{}note:{} {text}", NOTE.render(), NOTE.render_reset());
}

/// How errors and anomalies look on a terminal.
pub const WRONG: Style = AnsiColor::Red.on_default().bold();
/// How what is well looks.
pub const WELL: Style = AnsiColor::Green.on_default();
/// How notes look.
pub const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// Whether standard output shows colours: it is a terminal, and neither `NO_COLOR` nor `TERM=dumb` says otherwise.
pub fn colours() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// The exit status of a subcommand, its error told.
pub fn exit<E: std::fmt::Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            error(&e.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What a saved model begins with.
pub const MODEL: &[u8] = &hone_model::MAGIC;
/// What a picture begins with.
pub const PICTURE: &[u8] = b"\x89PNG";

/// Whether a file that begins so may be written here: there is none, or a regular one that is empty or begins so, too. A recording whose
/// name was given by mistake stays.
///
/// # Errors
/// It is a folder, a device, a pipe, or a file of another kind.
pub fn replaceable(path: &Path, begins: &[u8]) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => {
            let mut there = Vec::new();
            File::open(path)?.take(begins.len() as u64).read_to_end(&mut there)?;
            if there.is_empty() || there == begins {
                return Ok(());
            }
            Err(io::Error::other("is a file of another kind, which stays; give another name"))
        }
        Ok(meta) if meta.is_dir() => {
            Err(io::Error::new(ErrorKind::IsADirectory, "is a folder; give the name of a file in it"))
        }
        Ok(_) => Err(io::Error::other("is a device or a pipe, which is not replaced; give the name of a file")),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// Whether nothing is here: recordings and manifests are not replaced.
///
/// # Errors
/// Something is.
pub fn absent(path: &Path) -> Result<(), String> {
    if path.symlink_metadata().is_ok() {
        return Err(format!("{} already exists; give another name, or move it away", path.display()));
    }
    Ok(())
}

/// Writes a file beside its place and puts it there when it is whole.
///
/// # Errors
/// It cannot be written, or what is there is no regular file, or of another kind. Whatever was there is as it was.
pub fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replaceable(path, [MODEL, PICTURE].into_iter().find(|kind| bytes.starts_with(kind)).unwrap_or(&[]))?;
    // A link stays, and what it leads to is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".hone-");
    let permissions = permissions(&target);
    if let Some(permissions) = &permissions {
        builder.permissions(permissions.clone());
    }
    // An error is about `path`, and names no other file.
    std::fs::metadata(folder)?;
    let mut file = builder.tempfile_in(folder).map_err(|e| io::Error::from(e.kind()))?;
    file.as_file_mut().write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&target).map_err(|e| e.error)?;
    Ok(())
}

/// Those of what is replaced, else of a new file.
#[cfg(unix)]
fn permissions(target: &Path) -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(target).map(|m| m.permissions()).ok().or_else(|| Some(Permissions::from_mode(0o666)))
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<Permissions> {
    None
}

/// Reads a regular file.
///
/// # Errors
/// It cannot be read, is a device or a pipe, or has more than `most` bytes.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let meta = std::fs::metadata(path)?;
    if !meta.is_file() {
        return Err(io::Error::other("is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("has more than {most} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.hone");
        write_file(&path, b"one").unwrap();
        write_file(&path, b"two").unwrap();
        assert_eq!(read_file(&path, 3).unwrap(), b"two");
        assert!(read_file(&path, 2).is_err());
        assert!(write_file(folder.path(), b"x").is_err());
        assert!(write_file(&folder.path().join("none/model.hone"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
    }

    #[test]
    fn a_model_or_a_picture_replaces_only_its_like() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("normal.csv");
        write_file(&path, b"time,x\n0,1\n").unwrap();
        for bytes in [b"HONE\x01".as_slice(), b"\x89PNG\r\n"] {
            let error = write_file(&path, bytes).unwrap_err().to_string();
            assert!(error.contains("which stays"), "{error}");
            assert_eq!(read_file(&path, 100).unwrap(), b"time,x\n0,1\n");
            let own = folder.path().join("own");
            write_file(&own, bytes).unwrap();
            write_file(&own, bytes).unwrap();
            std::fs::remove_file(own).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn devices_and_pipes_are_left_alone() {
        for device in ["/dev/null", "/dev/full"] {
            let error = write_file(Path::new(device), b"x").unwrap_err().to_string();
            assert!(error.contains("not replaced"), "{error}");
            assert!(read_file(Path::new(device), 10).is_err());
        }
    }
}
