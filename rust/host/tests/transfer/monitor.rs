//! `hone monitor` as a program: on a device of this PC, and on a port that goes away and comes back.

use crate::common::hone;
use serde_json::Value;

#[test]
fn says_what_the_device_says_and_ends_with_a_summary() {
    let run =
        hone(&["monitor", "--demo", "--seconds", "5", "--every", "--samples", "-c", "train esn --windows 10"], b"")
            .well();
    let objects: Vec<Value> = run.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let events: Vec<&str> = objects.iter().filter_map(|o| o["event"].as_str()).collect();
    let verdicts = events.iter().filter(|e| **e == "verdict").count();
    assert!(events[0] == "training_started" && events.contains(&"training_done") && verdicts > 5, "{events:?}");
    let frames: u64 = objects.iter().filter_map(|o| o["samples"].as_u64()).sum();
    assert!(frames > 2000, "{frames}");
    let samples = objects.iter().find(|o| o["samples"].is_u64()).unwrap();
    assert_eq!(samples["values"].as_array().unwrap().len() as u64, samples["samples"]);
    // Where gravity is.
    assert!((samples["values"][0][2].as_f64().unwrap() - 9.8).abs() < 3.0, "{samples}");
    let summary = run.err.lines().last().unwrap();
    assert!(summary.contains(&format!("{} events, {verdicts} of them verdicts", events.len())), "{summary}");
    assert!(!summary.contains("garbage"), "{summary}");
}

#[test]
fn csv_has_a_head_and_a_row_for_each_event() {
    let run =
        hone(&["monitor", "--demo", "--seconds", "1.5", "--format", "csv", "--quiet", "-c", "train rce"], b"").well();
    let mut lines = run.out.lines();
    assert!(lines.next().unwrap().starts_with("time_us,event,window,decision,"));
    assert!(lines.next().unwrap().contains(",training_started,") && run.err.is_empty(), "{}", run.err);
}

#[test]
fn what_cannot_be_is_said() {
    for args in [
        &["monitor"][..],
        &["monitor", "/dev/nothing-there"],
        &["monitor", "--demo", "--replay", "fan-low"],
        &["monitor", "--demo", "--format", "csv", "--samples"],
        &["monitor", "--demo", "--mqtt", "broker:x"],
        &["view"],
        &["view", "/dev/nothing-there"],
        &["view", "--demo", "--dir", "/nothing/there"],
    ] {
        let run = hone(args, b"");
        assert!(run.status == Some(1) || run.status == Some(2), "{args:?}");
        assert!(run.err.starts_with("error: ") && run.err.len() < 1500, "{args:?}: {}", run.err);
    }
}

#[test]
fn a_broker_that_was_never_there_is_a_failure() {
    // Nothing listens at a port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let run = hone(&["monitor", "--demo", "--seconds", "0.1", "--mqtt", &free.to_string()], b"");
    assert!(run.status == Some(1) && run.err.contains("no connection to the broker; check"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn what_is_no_port_or_in_use_is_said_in_plain_words() {
    use serialport::{SerialPort as _, TTYPort};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes");
    std::fs::write(&file, "text").unwrap();
    let run = hone(&["monitor", file.to_str().unwrap()], b"");
    assert!(run.err.contains("it is no serial port"), "{}", run.err);
    let (_master, slave) = TTYPort::pair().unwrap();
    let port = slave.name().unwrap();
    drop(slave);
    let _other = serialport::new(&port, 0).open().unwrap();
    let run = hone(&["monitor", &port, "--seconds", "1"], b"");
    assert!(run.err.contains("another program has it open"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn a_board_at_a_port_is_heard_until_ctrl_c() {
    use serialport::{SerialPort as _, TTYPort};
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};
    let (mut master, slave) = TTYPort::pair().unwrap();
    master.set_timeout(Duration::from_millis(5)).unwrap();
    let port = slave.name().unwrap();
    drop(slave);
    let child = Command::new(env!("CARGO_BIN_EXE_hone"))
        .args(["monitor", &port])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Waits until the program asks for something: when it has opened the port, and again as nothing is answered.
    let asked = |master: &mut TTYPort| {
        let begun = Instant::now();
        while !matches!(master.read(&mut [0; 64]), Ok(1..)) {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let event = |n: u32| format!("{{\"event\":\"overrun\",\"time_us\":{n},\"frames\":1}}\r\n");
    asked(&mut master);
    master.write_all(event(1).as_bytes()).unwrap();
    master.write_all(format!("\u{7f}\u{1}junk{}", event(2)).as_bytes()).unwrap();
    master
        .write_all(format!("{}*** Booting Zephyr OS build v3.7.0 ***\r\n{}", &event(3)[..20], event(4)).as_bytes())
        .unwrap();
    asked(&mut master);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let (text, told) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(text, [1, 2, 4].map(event).concat().replace('\r', ""), "{told}");
    assert!(output.status.success(), "{told}");
    assert!(told.contains("garbage, 6 bytes: \\u{7f}\\u{1}junk") && told.contains("started anew"), "{told}");
    let summary = told.lines().last().unwrap();
    assert!(
        summary.ends_with("3 events, 0 of them verdicts; 2 lines of garbage; 1 other lines; 1 resets of the device"),
        "{summary}"
    );
}
