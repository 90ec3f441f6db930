//! What went wrong with flash or a model, in words.

use super::{KeepError, VaultError};
use crate::telemetry::param_error;
use crate::text::{Out, Write, text};
use hone_model::{PayloadError, ReadError};
use hone_store::Found;

/// Why a model was not saved or taken, and what to do.
pub fn error(error: &KeepError, out: &mut dyn Out) {
    match error {
        KeepError::NoModel => out.say(text!("there is no model in use; 'train' makes one")),
        KeepError::NothingSaved => out.say(text!("no model is saved; 'model save' saves the one in use")),
        KeepError::Training => {
            out.say(text!("a training is under way and uses the working memory; wait, or 'train cancel' gives it up"))
        }
        KeepError::Lent => out.say(text!("an import or export is under way and uses the working memory")),
        KeepError::NoFreeSlot => out.say(text!("every model slot is in use")),
        KeepError::Workspace { needed, available } => {
            out.counts(
                text!("takes % bytes of working memory and there are % (CONFIG_HONE_WORKSPACE_BYTES)"),
                &[*needed, *available],
            );
        }
        KeepError::Read(error) => read_error(error, out),
        KeepError::Missing(learner) => {
            out.say(text!("the model is of a learner that this build leaves out, "));
            out.str(learner.name());
            out.str(" (");
            out.str(learner.option());
            out.say(text!("); build it in, or train another"));
        }
        KeepError::Channels { model, have } => {
            out.counts(text!("the model is for % channels and there are %"), &[(*model).into(), (*have).into()]);
        }
        KeepError::Scale => {
            out.say(text!("the model was trained on samples of another scale or unit than this sensor's"))
        }
        KeepError::Frames { model, have } => {
            out.counts(
                text!("the model is for windows of % frames and this build's have % (CONFIG_HONE_WINDOW_FRAMES)"),
                &[*model, *have],
            );
        }
        KeepError::Params(section, error) => {
            out.say(text!("the model's "));
            param_error(section.name(), error, out);
        }
        KeepError::Features { model, have } => {
            out.counts(
                text!("the model takes % features and its pipeline gives %"),
                &[(*model).into(), (*have).into()],
            );
        }
        #[cfg(feature = "small-models")]
        KeepError::NoOffer => {
            out.say(text!("the converted model is gone: a training or another model came first; convert again"))
        }
        KeepError::Unwritable => out.say(text!("the model holds a number that cannot be written; train again")),
        KeepError::Flash(error) => vault_error(*error, out),
    }
}

fn read_error(error: &ReadError, out: &mut dyn Out) {
    match error {
        ReadError::NotAContainer => out.say(text!("these bytes are not a model")),
        ReadError::Truncated { needed, have } => {
            out.counts(text!("the model is cut off: % of % bytes"), &[*have, *needed]);
        }
        ReadError::Trailing { extra } => {
            out.counts(text!("% bytes follow the end of the model"), &[*extra]);
        }
        ReadError::Damaged(_) => out.say(text!("the model is damaged: its checksum does not match")),
        ReadError::Newer { found, supported } => {
            out.counts(
                text!("the model is of format version % and this build reads up to %; update it"),
                &[(*found).into(), (*supported).into()],
            );
        }
        ReadError::UnknownLearner(code) => {
            out.counts(text!("the model is of a learner that this build does not know (number %)"), &[(*code).into()]);
        }
        ReadError::Malformed { offset } => {
            out.counts(text!("the model is not by the format, at byte %"), &[*offset]);
        }
        ReadError::WrongModel { learner, layout } => {
            out.say(text!("this build does not read the "));
            out.str(learner.name());
            out.counts(text!(" model's payload of layout %"), &[(*layout).into()]);
        }
        ReadError::Payload(PayloadError::Short | PayloadError::Trailing { .. }) => {
            out.say(text!("the model's payload has the wrong length"))
        }
        ReadError::Payload(PayloadError::Refused) => {
            out.say(text!("the model's numbers are out of range or more than this build has room for"))
        }
    }
}

/// What went wrong with flash, and what to do.
pub fn vault_error(error: VaultError, out: &mut dyn Out) {
    match error {
        VaultError::Absent => {
            out.say(text!("there is no flash to save in: no storage partition, or not with CONFIG_HONE_FLASH_SECTOR"))
        }
        VaultError::Driver => out.say(text!("the flash driver failed")),
        VaultError::Verify => {
            out.say(text!("the flash does not hold what is written: it is worn out or its supply is unstable"))
        }
        VaultError::Full { needed, available } => {
            out.counts(text!("the flash is full: % bytes are needed and % can be had"), &[needed, available]);
        }
        VaultError::Short { needed } => {
            out.counts(text!("what is saved has % bytes, more than the working memory"), &[needed]);
        }
        VaultError::Length => out.say(text!("the model changed while it was saved; try again")),
    }
}

/// What was wrong with the flash at the start; nothing when nothing was.
pub fn found(found: &Found, out: &mut dyn Out) {
    let mut first = true;
    for (count, words) in [
        (found.unfinished, text!(" saves cut short by a loss of power")),
        (found.damaged, text!(" damaged records")),
        (found.markers, text!(" damaged page markers")),
        (found.repaired, text!(" values moved out of the way")),
        (found.foreign, text!(" records of another program")),
    ] {
        if count > 0 {
            out.str(if first { "" } else { ", " });
            out.uint(count);
            out.say(words);
            first = false;
        }
    }
}
