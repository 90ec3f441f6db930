//! What went wrong with flash or a model, in words.

use super::{faults, units};
use crate::data::order::KeepError;
use crate::data::storage::StorageError;
use crate::learners::{ENCODER, Learner};
use hone_learn::text::{Out, Write};
use hone_learn::words::param_error;
use hone_model::{PayloadError, ReadError};
use hone_store::Found;

/// Why a model was not saved or taken, and what to do.
pub fn error(error: &KeepError, out: &mut dyn Out) {
    match error {
        KeepError::NoModel => out.str("there is no model in use; 'train' makes one"),
        KeepError::NothingSaved => out.str("no model is saved; 'model save' saves the one in use"),
        KeepError::Training => {
            out.str("a training is under way and uses the working memory; wait, or 'train cancel' gives it up")
        }
        KeepError::Lent => out.str("an import or export is under way and uses the working memory"),
        KeepError::NoFreeSlot => out.str("every model slot is in use"),
        KeepError::Workspace { needed, available } => {
            out.counts(
                "takes % bytes of working memory and there are % (CONFIG_HONE_WORKSPACE_BYTES)",
                &[*needed, *available],
            );
        }
        KeepError::Read(error) => read_error(error, out),
        KeepError::Missing(learner) => {
            out.str("the model is of a learner that this build leaves out, ");
            out.str(learner.name());
            out.str(" (");
            faults::option(*learner, out);
            out.str("); build it in, or train another");
        }
        KeepError::Channels { model, have } => {
            out.counts("the model is for % channels and there are %", &[(*model).into(), (*have).into()]);
        }
        KeepError::Rate { model, have } => {
            out.str("the model was trained at ");
            out.real(*model);
            out.str(" Hz and the sensor's rate is ");
            out.real(*have);
            out.str(" Hz; train again, or sample at the model's rate");
        }
        KeepError::Meaning { channel, model, have } => {
            out.counts("channel % of the model has ", &[(*channel).into()]);
            units::scale(*model, out);
            out.str(" and the sensor's has ");
            units::scale(*have, out);
            out.str("; train again, or set the sensor as it was");
        }
        KeepError::Frames { model, have } => {
            out.counts(
                "the model is for windows of % frames and this build's have % (CONFIG_HONE_WINDOW_FRAMES)",
                &[*model, *have],
            );
        }
        KeepError::Params(section, error) => {
            out.str("the model's ");
            param_error(section.name(), error, out);
        }
        KeepError::Features { model, have } => {
            out.counts("the model takes % features and its pipeline gives %", &[(*model).into(), (*have).into()]);
        }
        // Never made in such a build.
        KeepError::Encoder { .. } if ENCODER.is_none() => {}
        KeepError::Encoder { model, have } => {
            out.str("the model learnt from what encoder ");
            hex(*model, out);
            match have {
                Some(have) => {
                    out.str(" made, and the one here is ");
                    hex(*have, out);
                }
                None => out.str(" made, and there is none here"),
            }
            out.str("; load or import that encoder first");
        }
        KeepError::NoOffer => {
            out.str("the converted model is gone: a training or another model came first; convert again")
        }
        KeepError::Unwritable => out.str("the model holds a number that cannot be written; train again"),
        KeepError::Flash(error) => storage_error(*error, out),
    }
}

/// A digest in eight hexadecimal digits.
pub fn hex(digest: u32, out: &mut dyn Out) {
    let digit = |place: u32| char::from_digit(digest >> (28 - 4 * place) & 15, 16).unwrap_or('0');
    for place in 0..8 {
        out.str(digit(place).encode_utf8(&mut [0; 4]));
    }
}

fn read_error(error: &ReadError, out: &mut dyn Out) {
    match error {
        ReadError::NotAContainer => out.str("these bytes are not a model"),
        ReadError::Truncated { needed, have } => {
            out.counts("the model is cut off: % of % bytes", &[*have, *needed]);
        }
        ReadError::Trailing { extra } => {
            out.counts("% bytes follow the end of the model", &[*extra]);
        }
        ReadError::Damaged(_) => out.str("the model is damaged: its checksum does not match"),
        ReadError::Newer { found, supported } => {
            out.counts(
                "the model is of format version % and this build reads up to %; update it",
                &[(*found).into(), (*supported).into()],
            );
        }
        ReadError::UnknownLearner(code) => {
            out.counts("the model is of a learner that this build does not know (number %)", &[(*code).into()]);
        }
        ReadError::Malformed { offset } => {
            out.counts("the model is not by the format, at byte %", &[*offset]);
        }
        ReadError::WrongModel { learner, layout } => {
            out.str("this build does not read the ");
            out.str(Learner::from_code(learner.0).map_or("", Learner::name));
            out.counts(" model's payload of layout %", &[(*layout).into()]);
        }
        ReadError::Payload(PayloadError::Short | PayloadError::Trailing { .. }) => {
            out.str("the model's payload has the wrong length")
        }
        ReadError::Payload(PayloadError::Refused | PayloadError::Layout) => {
            out.str("the model's numbers are out of range or more than this build has room for")
        }
    }
}

/// What went wrong with flash, and what to do.
pub fn storage_error(error: StorageError, out: &mut dyn Out) {
    match error {
        StorageError::Absent => {
            out.str("there is no flash to save in: no storage partition, or not with CONFIG_HONE_FLASH_SECTOR")
        }
        StorageError::Driver => out.str("the flash driver failed"),
        StorageError::Verify => {
            out.str("the flash does not hold what is written: it is worn out or its supply is unstable")
        }
        StorageError::Full { needed, available } => {
            out.counts("the flash is full: % bytes are needed and % can be had", &[needed, available]);
        }
        StorageError::Short { needed } => {
            out.counts("what is saved has % bytes, more than the working memory", &[needed]);
        }
        StorageError::Length => out.str("the model changed while it was saved; try again"),
    }
}

/// What was wrong with the flash at the start; nothing when nothing was.
pub fn found(found: &Found, out: &mut dyn Out) {
    let mut first = true;
    for (count, words) in [
        (found.unfinished, " saves cut short by a loss of power"),
        (found.damaged, " damaged records"),
        (found.markers, " damaged page markers"),
        (found.repaired, " values moved out of the way"),
        (found.foreign, " records of another program"),
    ] {
        if count > 0 {
            out.str(if first { "" } else { ", " });
            out.uint(count);
            out.str(words);
            first = false;
        }
    }
}
