//! What learners and engine say alike: why a parameter is refused, and what a setting takes.

use crate::text::{Out, Write};
use crate::{Kind, ParamError, Setting, Shortage, TextFault};
use hone_numeric::quantize::Precision;

/// Why a parameter of a section is refused, with what it takes.
pub fn param_error(section: &str, error: &ParamError, out: &mut dyn Out) {
    match error {
        ParamError::Invalid(setting) => {
            out.str(section);
            out.str(".");
            out.str(setting.name);
            out.str(" takes ");
            range(setting, out);
        }
        ParamError::Text(setting, fault) => {
            out.str(section);
            out.str(".");
            out.str(setting.name);
            text_fault(fault, out);
        }
        ParamError::NoSuchSetting => out.str("no such setting; 'config list' shows all"),
        ParamError::Conflict(text) => out.str(text),
        ParamError::Capacity { name, asked, capacity } => {
            out.str(section);
            out.str(".");
            out.str(name);
            out.counts(" asks for % and this build has room for %", &[*asked, *capacity]);
        }
        ParamError::Multiple { name, of } => {
            out.str(section);
            out.str(".");
            out.str(name);
            out.counts(" must be a multiple of %", &[*of]);
        }
    }
}

/// What values a setting takes.
pub fn range(setting: &Setting, out: &mut dyn Out) {
    match setting.kind {
        Kind::Int { min, max } => {
            out.str("a whole number from ");
            out.int(min);
            out.str(" to ");
            out.int(max);
        }
        Kind::Real { min, max } => {
            out.str("a number from ");
            out.real(min);
            out.str(" to ");
            out.real(max);
        }
        Kind::Flag => out.str("on or off"),
        Kind::Choice(words) => {
            for (i, word) in words.iter().enumerate() {
                out.str(if i == 0 {
                    ""
                } else if i + 1 == words.len() {
                    " or "
                } else {
                    ", "
                });
                out.str(word);
            }
        }
        Kind::Text(grammar) => {
            out.str(grammar.what());
            for (i, example) in grammar.examples().iter().enumerate() {
                out.str(if i == 0 { " " } else { " or " });
                out.str(example);
            }
        }
    }
}

/// Where a text is wrong, behind the name of its setting.
pub fn text_fault(fault: &TextFault, out: &mut dyn Out) {
    out.counts(", character %: ", &[u32::from(fault.at()) + 1]);
    out.str(fault.why());
}

/// That the workspace is too small.
pub fn workspace(shortage: &Shortage, out: &mut dyn Out) {
    out.counts(
        "needs % bytes of working memory and there are %; lower the learner's parameters or raise \
             CONFIG_HONE_WORKSPACE_BYTES",
        &[shortage.needed as u32, shortage.available as u32],
    );
}

/// That the model in use is of no form that could be converted.
pub const UNTRAINED: &str = "there is no model in use; 'train' makes one";
/// That it has been.
pub const CONVERTED: &str =
    "the model in use is converted already, and its weights are not kept; 'train' makes another";

/// In what integers a model runs; nothing of one in floating point.
pub fn precision(precision: Option<Precision>, out: &mut dyn Out) {
    match precision {
        Some(Precision::Int8) => out.str("in 8-bit integers\n"),
        Some(Precision::Fixed(fixed)) => {
            out.counts("in fixed point, % bits behind the point\n", &[fixed.fraction().into()]);
        }
        None => {}
    }
}

/// That a model in integers is larger than the room for it.
pub fn capacity(shortage: &Shortage, out: &mut dyn Out) {
    out.counts(
        "in these integers the model takes % bytes, and there is room for %; int8 takes less",
        &[shortage.needed as u32, shortage.available as u32],
    );
}
