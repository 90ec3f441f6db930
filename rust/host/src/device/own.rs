//! The commands that the host's shell has beside the device's.

use super::replay;
use super::rig::{self, Condition};
use crate::words::did_you_mean;
use hone_engine::command::{self, Command, Failed, Outcome};
use hone_engine::text::{Out, Write};

/// Commands of the host program alone.
pub static COMMANDS: [Command; 5] = [
    host("rig", "[CONDITION]", "change the condition of the simulated motor; without one, list them"),
    host("replay", "[NUMBER]", "play this recording (with --replay); without a number, list them"),
    host("button", "", "press the button sw0: collect, and train the default learner"),
    host("led", "", "say whether the light is on"),
    host("quit", "", "leave"),
];

const fn host(name: &'static str, usage: &'static str, help: &'static str) -> Command {
    Command { name, usage, help, sub: &[], words: command::Words::None }
}

/// Every condition; the one given is marked.
pub fn conditions(now: Option<Condition>, out: &mut dyn Out) {
    for (condition, name, help) in Condition::ALL {
        out.str(if Some(condition) == now { "* " } else { "  " });
        out.str(name);
        out.str(": ");
        out.str(help);
        out.str("\n");
    }
}

/// `rig`.
pub fn set_rig(control: &rig::Control, words: &[&str], out: &mut dyn Out) -> Outcome {
    match words {
        [] => {
            conditions(Some(control.get()), out);
            Ok(())
        }
        [name] if Condition::from_name(name).is_some() => {
            control.set(Condition::from_name(name).unwrap_or(Condition::Normal));
            Ok(())
        }
        _ => {
            let names = || Condition::ALL.iter().map(|c| c.1);
            let meant = did_you_mean(words.first().unwrap_or(&""), names());
            let all = names().collect::<Vec<_>>().join(", ");
            out.str(&format!("error: rig takes one of {all}{}\n", meant));
            Err(Failed)
        }
    }
}

/// `replay`.
pub fn replay(control: &replay::Control, words: &[&str], out: &mut dyn Out) -> Outcome {
    match words {
        [] => {
            for (number, (name, class)) in control.names().iter().enumerate() {
                out.str(if number == control.current() { "* " } else { "  " });
                out.size(number);
                out.str(" ");
                out.str(name);
                out.str(if class.is_empty() { "" } else { ": " });
                out.str(class);
                out.str("\n");
            }
            Ok(())
        }
        [number] if number.parse().is_ok_and(|n| control.play(n)) => Ok(()),
        _ => {
            out.str("error: replay takes the number of a recording from 0 to ");
            out.size(control.names().len().saturating_sub(1));
            out.str("; 'replay' lists them\n");
            Err(Failed)
        }
    }
}
