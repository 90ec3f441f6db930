//! The device on a terminal: a person types, time is real.
#![cfg(unix)]

use rexpect::session::{Options, PtySession, spawn_with_options};
use std::process::Command;

const PROMPT: &str = "hone> ";

/// The program on a terminal of its own, at its first prompt, whose history is of the test of this name.
fn device(test: &str) -> PtySession {
    let state = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("terminal-{test}"));
    started(&state, false)
}

fn started(state: &std::path::Path, colours: bool) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hone"));
    // A terminal that can be edited on.
    command.env("TERM", "xterm").env_remove("CLICOLOR").env_remove("NO_COLOR").env("XDG_STATE_HOME", state);
    if !colours {
        command.env("NO_COLOR", "1");
    }
    let options = Options::new().timeout_ms(Some(60_000)).strip_ansi_escape_codes(!colours);
    let mut session = spawn_with_options(command, options).unwrap();
    session.exp_string("Three things to try").unwrap();
    session.exp_string("train --wait").unwrap();
    session.exp_string("rig imbalance").unwrap();
    session.exp_string("all commands").unwrap();
    session.exp_string(PROMPT).unwrap();
    session
}

/// Types a command, waits for `answer` and for the next prompt.
#[track_caller]
fn ask(session: &mut PtySession, line: &str, answer: &str) {
    session.send_line(line).unwrap();
    if let Err(error) = session.exp_string(answer).and_then(|_| session.exp_string(PROMPT)) {
        panic!("no {answer:?} to {line:?}: {error}");
    }
}

/// The program ended by itself with status 0.
#[track_caller]
fn left_well(session: &PtySession) {
    let status = format!("{:?}", session.process().wait().unwrap());
    assert!(status.starts_with("Exited(") && status.ends_with(", 0)"), "{status}");
}

#[test]
fn answers_completes_and_remembers() {
    let mut s = device("answers");
    ask(&mut s, "sensor info", "simulated motor rig: 3 channels at 1000 Hz");
    ask(&mut s, "nonsense", "error: 'nonsense' is no command");
    // Tab completes what is clear.
    s.send("conf\tge\tesn.uni\t\n").unwrap();
    s.flush().unwrap();
    s.exp_string("64").unwrap();
    s.exp_string(PROMPT).unwrap();
    s.send("rig imb\t\n").unwrap();
    s.flush().unwrap();
    s.exp_string(PROMPT).unwrap();
    ask(&mut s, "rig", "* imbalance");
    // The line before comes back by the arrow up.
    s.send("\x1b[A\n").unwrap();
    s.flush().unwrap();
    s.exp_string("* imbalance").unwrap();
    s.exp_string(PROMPT).unwrap();
    // Ctrl-C gives up a line.
    s.send("nonsense").unwrap();
    s.send_control('c').unwrap();
    s.exp_string(PROMPT).unwrap();
    ask(&mut s, "led", "off");
    s.send_control('d').unwrap();
    s.exp_eof().unwrap();
    left_well(&s);
}

#[test]
fn history_is_kept_over_sessions_and_errors_are_red_where_colours_are_wanted() {
    let state = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("terminal-history");
    let _ = std::fs::remove_dir_all(&state);
    let mut s = started(&state, true);
    s.send_line("rig flood").unwrap();
    s.exp_string("\u{1b}[1m\u{1b}[31merror:").unwrap();
    s.send_line("rig bearing").unwrap();
    s.send_line("quit").unwrap();
    s.exp_eof().unwrap();
    let kept = std::fs::read_to_string(state.join("hone/history")).unwrap();
    assert!(kept.lines().any(|l| l == "rig bearing"), "{kept}");
    let mut s = started(&state, false);
    // The newest is what ended the session; the one before it comes back by another arrow up.
    s.send("\x1b[A\x1b[A\n").unwrap();
    s.flush().unwrap();
    s.exp_string(PROMPT).unwrap();
    ask(&mut s, "rig", "* bearing");
    s.send_line("rig flood").unwrap();
    let plain = s.exp_string("rig takes one of").unwrap();
    assert!(!plain.contains("\u{1b}[31m"), "{plain:?}");
    s.send_line("quit").unwrap();
    s.exp_eof().unwrap();
    left_well(&s);
}

#[test]
fn lines_pasted_together_are_all_obeyed() {
    let mut s = device("pasted");
    s.send("rig imbalance\nwait 0.5\nconfig get esn.units\nled\n").unwrap();
    s.flush().unwrap();
    // `get` says the value, `led` its state: neither stands in what is typed.
    for answer in ["64", "off"] {
        s.exp_string(answer).unwrap();
        s.exp_string(PROMPT).unwrap();
    }
    ask(&mut s, "rig", "* imbalance");
    s.send_line("quit").unwrap();
    s.exp_eof().unwrap();
    left_well(&s);
}

#[test]
fn a_training_goes_on_when_waiting_is_broken_off() {
    let mut s = device("training");
    s.send_line("train esn --windows 30 --wait").unwrap();
    s.exp_string("collecting ").unwrap();
    s.send_control('c').unwrap();
    s.exp_string("no longer waiting; the training goes on").unwrap();
    s.exp_string(PROMPT).unwrap();
    ask(&mut s, "train status", "training 1: esn");
    // Told while nobody types, above the prompt.
    s.exp_string("training 1 done").unwrap();
    // Whatever is told while this is typed, it is obeyed.
    s.send_line("wait 0.5").unwrap();
    ask(&mut s, "model info", "reservoir of 64 units");
    ask(&mut s, "infer once", "normal, score");
    // Waiting can be broken off too.
    s.send_line("wait 1000").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    s.send_control('c').unwrap();
    s.exp_string("interrupted").unwrap();
    s.exp_string(PROMPT).unwrap();
    s.send_line("quit").unwrap();
    s.exp_eof().unwrap();
    left_well(&s);
}
