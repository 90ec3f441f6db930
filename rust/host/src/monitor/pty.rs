//! The console of a device on this PC on a pseudo-terminal, to which other programs attach as to a board's port.

use super::hosted;
use crate::device::session::HostDevice;
use crate::output;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::{Errno, ioctl_fionbio, read, write};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long what the device says is waited for before it is looked whether something was typed.
const LOOK: Duration = Duration::from_millis(5);
/// Who opens a port may open it twice in a row, to find out how; so long after the last one has closed it it is free.
const GONE: Duration = Duration::from_millis(100);
/// What a program that has the port open does not read within so long is lost, as on a board's line.
const UNREAD: Duration = Duration::from_millis(500);

/// Lets the device run, at the pace of the clock on the wall, with its console at `link`, until `ended` or `quit` is typed.
///
/// # Errors
/// A sentence: something else is there, or the system has no pseudo-terminal left.
pub fn offer(mut device: HostDevice, link: &Path, ended: &'static AtomicBool) -> Result<(), String> {
    // A link that leads nowhere is of a program that was killed.
    if link.symlink_metadata().is_ok_and(|there| !there.is_symlink() || link.exists()) {
        return Err(format!("{}: there is something of this name; remove it or give another", link.display()));
    }
    let wrong = |e: io::Error| format!("{}: no pseudo-terminal can be offered here: {e}", link.display());
    let port = plug(link).map_err(wrong)?;
    let named = link.display();
    output::note(&format!(
        "the device runs, and its console is at {named}: 'hone view {named}' shows it, 'hone monitor {named}' gives on what it says; \
         Ctrl-C ends"
    ));
    output::flush();
    let ((typed, typing), (saying, said)) = (channel(), channel());
    let place = link.to_path_buf();
    let carrier = std::thread::spawn(move || carry(port, &place, &typed, &said, ended));
    hosted::run(&mut device, typing, saying);
    hosted::keep(&mut device);
    let carried = carrier.join().unwrap_or(Ok(()));
    // If it is not there any more, nothing is to be removed.
    let _ = std::fs::remove_file(link);
    carried.map_err(wrong)
}

/// A new pseudo-terminal, at once behind `link`, that passes on every byte as it is.
fn plug(link: &Path) -> io::Result<OwnedFd> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let slave = open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty())?;
    let mut settings = tcgetattr(&slave)?;
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings)?;
    ioctl_fionbio(&master, true)?;
    let target = std::ffi::OsStr::from_bytes(name.to_bytes());
    let folder = link.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let new = tempfile::Builder::new().prefix(".hone-").make_in(folder, |path| symlink(target, path))?;
    new.into_temp_path().persist(link)?;
    Ok(master)
}

/// Carries bytes between the device and whoever has the port open. What is said while nobody has is lost.
fn carry(
    mut port: OwnedFd,
    link: &Path,
    typed: &Sender<Vec<u8>>,
    said: &Receiver<Vec<u8>>,
    ended: &AtomicBool,
) -> io::Result<()> {
    // Whether somebody has it open, and since when nobody has any more.
    let (mut attached, mut gone) = (false, None::<Instant>);
    while !ended.load(Ordering::Acquire) {
        let state = wait(&port, PollFlags::IN, Duration::ZERO)?;
        if state.contains(PollFlags::HUP) {
            if attached && gone.get_or_insert_with(Instant::now).elapsed() >= GONE {
                // Nothing of what was not read is left for the next one.
                port = plug(link)?;
                (attached, gone) = (false, None);
            }
        } else {
            (attached, gone) = (true, None);
        }
        if state.contains(PollFlags::IN) {
            let mut bytes = [0; 4096];
            match read(&port, &mut bytes) {
                Ok(count) if typed.send(bytes.get(..count).unwrap_or(&[]).to_vec()).is_err() => return Ok(()),
                // Of a port that was let go of meanwhile.
                Ok(_) | Err(Errno::IO | Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut bytes = match said.recv_timeout(LOOK) {
            Ok(bytes) => bytes,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        bytes.extend(said.try_iter().flatten());
        if attached && gone.is_none() {
            say(&port, &bytes)?;
        }
    }
    Ok(())
}

/// Writes as much as is read in time.
fn say(port: &OwnedFd, mut bytes: &[u8]) -> io::Result<()> {
    let mut since = Instant::now();
    while !bytes.is_empty() && since.elapsed() < UNREAD {
        match write(port, bytes) {
            Ok(count) => {
                bytes = bytes.get(count..).unwrap_or(&[]);
                since = Instant::now();
            }
            Err(Errno::AGAIN | Errno::INTR) => {
                if wait(port, PollFlags::OUT, LOOK)?.contains(PollFlags::HUP) {
                    return Ok(());
                }
            }
            Err(Errno::IO) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What is so of the port, within about `patience`.
fn wait(port: &OwnedFd, wanted: PollFlags, patience: Duration) -> io::Result<PollFlags> {
    let patience = Timespec { tv_sec: patience.as_secs() as _, tv_nsec: patience.subsec_nanos() as _ };
    let mut all = [PollFd::new(port, wanted)];
    match poll(&mut all, Some(&patience)) {
        Ok(_) | Err(Errno::INTR) => Ok(all.iter().fold(PollFlags::empty(), |flags, fd| flags | fd.revents())),
        Err(error) => Err(error.into()),
    }
}
