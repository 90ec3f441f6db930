//! `hone push` and `hone pull` against the host's device: over a pseudo-terminal, and over a line that loses and damages
//! bytes.

use hone_engine::text::Out;
use hone_host::device::flash::HostFlash;
use hone_host::device::session::{self, Answer, Handles, Input, Next, Script, Time};
use hone_host::device::source::Source;
use hone_host::transfer::console::{Console, Line};
use hone_host::transfer::{Trouble, fetch, send};
use hone_model::Container;
use hone_numeric::rng::Rng;
use hone_signal::Micros;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A device's end of a line, whatever that is.
trait End: Send {
    fn take(&mut self) -> io::Result<Option<u8>>;
    fn put(&mut self, bytes: &[u8]);
}

/// The end, for what is typed and for what is printed.
#[derive(Clone)]
struct Shared(Arc<Mutex<Box<dyn End>>>);

impl Shared {
    fn wait(&self, patience: Duration) -> Answer {
        let until = Instant::now() + patience;
        let mut line = Vec::new();
        loop {
            match self.0.lock().unwrap().take() {
                Ok(Some(b'\n' | b'\r')) => return Answer::Line(line),
                Ok(Some(byte)) => line.push(byte),
                Ok(None) if Instant::now() > until => return Answer::Silence,
                Ok(None) => {}
                Err(_) => return Answer::End,
            }
        }
    }
}

impl Input for Shared {
    fn line(&mut self, patience: Micros) -> Answer {
        self.wait(Duration::from_micros(patience.0))
    }

    fn interactive(&self) -> bool {
        true
    }
}

impl Out for Shared {
    fn str(&mut self, text: &str) {
        self.0.lock().unwrap().put(text.replace('\n', "\r\n").as_bytes());
    }
}

struct Nowhere;

impl Out for Nowhere {
    fn str(&mut self, _: &str) {}
}

/// A device with a shell on this end, until `quit` or the line goes; first it runs these commands.
fn device(end: Box<dyn End>, commands: &'static [&'static str]) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut device = session::device(Source::rig(1), HostFlash::ram());
        let handles = Handles::of(&device);
        let mut shared = Shared(Arc::new(Mutex::new(end)));
        let mut time = Script { device: &mut device, watch: &mut |_| true, pace: None };
        time.pause(Micros(100_000), &mut Nowhere);
        for command in commands {
            assert_eq!(handles.line(command, &mut time, &mut shared, &mut Nowhere), Next::Go(Ok(())));
        }
        let mut out = shared.clone();
        while let Answer::Line(line) = shared.wait(Duration::from_secs(60)) {
            out.str("uart:~$ ");
            if handles.line(&String::from_utf8_lossy(&line), &mut time, &mut shared, &mut out) == Next::Quit {
                return;
            }
            time.pause(Micros(10_000), &mut out);
        }
    })
}

/// A line in memory that harms a share of the bytes: half of them are lost, half changed.
struct Wire {
    out: Sender<u8>,
    back: Receiver<u8>,
    rng: Rng,
    harm: f32,
}

impl Wire {
    fn pair(harm: f32) -> (Self, Self) {
        let ((a, b), (c, d)) = (channel(), channel());
        let wire = |out, back, seed| Self { out, back, rng: Rng::new(seed), harm };
        (wire(a, d, 1), wire(c, b, 2))
    }

    fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let chance = self.rng.next_unit();
            if chance >= self.harm {
                let _ = self.out.send(*byte);
            } else if chance > self.harm / 2.0 {
                let _ = self.out.send(byte ^ 1);
            }
        }
    }
}

impl End for Wire {
    fn take(&mut self) -> io::Result<Option<u8>> {
        match self.back.recv_timeout(Duration::from_millis(5)) {
            Ok(byte) => Ok(Some(byte)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.send(bytes);
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for Wire {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        let Some(first) = bytes.first_mut() else { return Ok(0) };
        match self.back.recv_timeout(patience) {
            Ok(byte) => *first = byte,
            Err(RecvTimeoutError::Timeout) => return Ok(0),
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        let mut count = 1;
        for (place, byte) in bytes.iter_mut().skip(1).zip(self.back.try_iter()) {
            *place = byte;
            count += 1;
        }
        Ok(count)
    }
}

const TRAIN: &[&str] = &["train esn --windows 40 --wait", "infer off"];

/// A console over such a wire, and the device behind it.
fn console(harm: f32, commands: &'static [&'static str]) -> (Console<Wire>, JoinHandle<()>) {
    let (host, end) = Wire::pair(harm);
    (Console::new(host), device(Box::new(end), commands))
}

fn end(console: Console<Wire>, device: JoinHandle<()>) {
    drop(console);
    device.join().unwrap();
}

#[test]
fn a_model_goes_over_a_clean_line_and_back() {
    let (mut from, first) = console(0.0, TRAIN);
    let bytes = fetch(&mut from, &mut |_, _| ()).unwrap();
    end(from, first);
    assert!(Container::read(&bytes).is_ok());
    let (mut to, second) = console(0.0, &["infer off"]);
    let mut seen = Vec::new();
    let answer = send(&mut to, &bytes, &mut |line| seen.push(line)).unwrap();
    assert!(answer.starts_with("imported: esn, "), "{answer}");
    assert!(seen.is_sorted() && seen.len() > 20, "{seen:?}");
    assert_eq!(fetch(&mut to, &mut |_, _| ()).unwrap(), bytes);
    end(to, second);
}

#[test]
fn a_line_that_harms_every_three_hundredth_byte_delays_and_does_not_spoil() {
    let (mut from, first) = console(1.0 / 300.0, TRAIN);
    let bytes = fetch(&mut from, &mut |_, _| ()).unwrap();
    end(from, first);
    assert!(Container::read(&bytes).is_ok());
    let (mut to, second) = console(1.0 / 300.0, &["infer off"]);
    let answer = send(&mut to, &bytes, &mut |_| ()).unwrap();
    assert!(answer.starts_with("imported: "), "{answer}");
    end(to, second);
}

/// Types the first lines of a transfer and goes away.
fn half(console: &mut Console<Wire>, bytes: &[u8], lines: u32) {
    let sender = hone_model::frame::Sender::new(bytes).unwrap();
    let mut memory = [0; hone_model::frame::LINE];
    console.type_line("model import").unwrap();
    for number in 0..lines {
        console.type_line(sender.line(number, &mut memory).unwrap()).unwrap();
    }
    let wanted = format!("send {lines}");
    while console.next_line(Duration::from_secs(60)).unwrap().expect("the device answers") != wanted {}
}

#[test]
fn a_transfer_that_was_broken_off_goes_on_and_another_begins_anew() {
    let (mut from, first) = console(0.0, TRAIN);
    let bytes = fetch(&mut from, &mut |_, _| ()).unwrap();
    end(from, first);
    let (mut to, second) = console(0.0, &["infer off"]);
    half(&mut to, &bytes, 12);
    let mut seen = Vec::new();
    let answer = send(&mut to, &bytes, &mut |line| seen.push(line)).unwrap();
    assert!(answer.starts_with("imported: esn, "), "{answer}");
    assert_eq!(seen.first(), Some(&12), "it did not go on: {seen:?}");
    half(&mut to, &[7; 4000], 20);
    seen.clear();
    let answer = send(&mut to, &bytes, &mut |line| seen.push(line)).unwrap();
    assert!(answer.starts_with("imported: esn, ") && seen.first() == Some(&1), "{answer} {seen:?}");
    end(to, second);
}

#[test]
fn what_the_device_refuses_is_said() {
    let (mut console, device) = console(0.0, &[]);
    let mut refused = |send_this: Option<&[u8]>| {
        let result = match send_this {
            Some(bytes) => send(&mut console, bytes, &mut |_| ()),
            None => fetch(&mut console, &mut |_, _| ()).map(|_| String::new()),
        };
        match result {
            Err(Trouble::Refused(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused(None).contains("no model"));
    assert!(refused(Some(&[9; 500])).contains("not a model"));
    assert!(refused(Some(&[9; 20_000])).contains("working memory"));
    // The console is at its prompt again.
    assert!(refused(None).contains("no model"));
    end(console, device);
}

#[cfg(unix)]
mod pty {
    use super::*;
    use serialport::{SerialPort as _, TTYPort};
    use std::process::{Command, Output};

    struct Master(TTYPort);

    impl End for Master {
        fn take(&mut self) -> io::Result<Option<u8>> {
            let mut byte = [0];
            match self.0.read(&mut byte) {
                Ok(1) => Ok(Some(byte[0])),
                Ok(_) => Ok(None),
                Err(_) => {
                    // Nothing came, or nobody has the other end open.
                    std::thread::sleep(Duration::from_millis(1));
                    Ok(None)
                }
            }
        }

        fn put(&mut self, bytes: &[u8]) {
            let _ = self.0.write_all(bytes);
        }
    }

    #[test]
    fn the_program_pushes_and_pulls_over_a_pseudo_terminal() {
        let (mut master, slave) = TTYPort::pair().unwrap();
        master.set_timeout(Duration::from_millis(5)).unwrap();
        let port = slave.name().unwrap();
        // The program wants it for itself.
        drop(slave);
        let device = device(Box::new(Master(master)), TRAIN);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.hone");
        let run = |what: &str| -> Output {
            Command::new(env!("CARGO_BIN_EXE_hone")).arg(what).arg(&port).arg(&file).output().unwrap()
        };
        let well = |what: &str| {
            let output = run(what);
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{what}: {text}");
            text
        };
        assert!(well("pull").starts_with("fetched: esn, "));
        let bytes = std::fs::read(&file).unwrap();
        assert!(well("push").starts_with("imported: esn, "));
        well("pull");
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
        std::fs::write(&file, b"no model").unwrap();
        let output = run("push");
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("model.hone: it is"));
        // Open until the device has read it.
        let mut typed = std::fs::OpenOptions::new().write(true).open(&port).unwrap();
        typed.write_all(b"\nquit\n").unwrap();
        device.join().unwrap();
    }
}
