//! Why a model was not converted, in words.

use super::ConvertFault;
use crate::included::{ESN, RCE, SVM};
use crate::text::{Out, Write};
use hone_esn::{ClusterError, QuantizeError};

/// Why the model in use was not converted, and what to do.
pub fn text(fault: &ConvertFault, out: &mut dyn Out) {
    match fault {
        ConvertFault::NoModel => out.str("there is no model in use; 'train' makes one"),
        ConvertFault::NotJudged => {
            out.str("windows are not judged, so there is nothing to compare with; 'infer on' first")
        }
        ConvertFault::NoSuchForm => {
            out.str("an ESN's weights alone are clustered; 'model quantize' takes any learner's model")
        }
        ConvertFault::Converted => {
            out.str("the model in use is converted already, and its weights are not kept; 'train' makes another")
        }
        ConvertFault::Cluster(error) if ESN => cluster(error, out),
        ConvertFault::Quantize(error) if ESN => quantize(error, out),
        ConvertFault::Svm(error) if SVM => svm(error, out),
        ConvertFault::Freeze(error) if RCE => rce(error, out),
        ConvertFault::Cluster(_) | ConvertFault::Quantize(_) | ConvertFault::Svm(_) | ConvertFault::Freeze(_) => {}
        ConvertFault::Replaced => out.str("another model came into use meanwhile; convert again"),
        ConvertFault::Abnormal { anomalous, windows } => {
            out.counts(
                "the model in use finds % of % windows anomalous, and thresholds are set by normal ones; \
                     convert while all is well",
                &[*anomalous, *windows],
            );
        }
        ConvertFault::NoThreshold => {
            out.str("no threshold follows from these windows: too few, or an error is zero or beyond all bounds")
        }
    }
}

fn cluster(error: &ClusterError, out: &mut dyn Out) {
    match error {
        ClusterError::Untrained => out.str("there is no model in use; 'train' makes one"),
        ClusterError::Packed => out.str("the model in use is packed already"),
        ClusterError::Factor => out.str("the factor is one of 4, 8, 16, 32"),
        ClusterError::Larger { before, after } => {
            out.counts(
                "by this factor the weights would take % bytes with their table and take % now; \
                     a larger factor needs a smaller table",
                &[*after, *before],
            );
        }
        ClusterError::Workspace(shortage) => {
            out.counts("needs % bytes more of working memory (CONFIG_HONE_WORKSPACE_BYTES)", &[shortage.needed as u32]);
        }
        ClusterError::Range => out.str("the weights are beyond the range of a table; train again"),
    }
}

fn svm(error: &hone_svm::QuantizeError, out: &mut dyn Out) {
    use hone_svm::QuantizeError as E;
    match error {
        E::Untrained => text(&ConvertFault::NoModel, out),
        E::Packed => text(&ConvertFault::Converted, out),
        E::Kernel(kind) => {
            out.str("there is no form in integers of a model with a ");
            out.str(kind.name());
            out.str(" kernel; 'config set svm.kernel rbf', or linear, and train again");
        }
        E::Capacity(shortage) => capacity(shortage, out),
        E::Range => out.str("a weight or a feature's scale is beyond these integers' range"),
    }
}

fn rce(error: &hone_rce::FreezeError, out: &mut dyn Out) {
    use hone_rce::FreezeError as E;
    match error {
        E::NotBegun => text(&ConvertFault::NoModel, out),
        E::Setting(name) => {
            out.str("integers do not serve the model's rce.");
            out.str(name);
        }
        E::Capacity(shortage) => capacity(shortage, out),
        E::Range => out.str("a feature's scale is beyond these integers' range"),
    }
}

fn capacity(shortage: &hone_learn::Shortage, out: &mut dyn Out) {
    out.counts(
        "in these integers the model takes % bytes, and there is room for %; int8 takes less",
        &[shortage.needed as u32, shortage.available as u32],
    );
}

fn quantize(error: &QuantizeError, out: &mut dyn Out) {
    match error {
        QuantizeError::Untrained => out.str("there is no model in use; 'train' makes one"),
        QuantizeError::Packed => out.str("the model in use is packed already"),
        QuantizeError::Unsupported(name) => {
            out.str("integers do not serve the model's esn.");
            out.str(name);
            out.str("; 'config reset esn.");
            out.str(name);
            out.str("', and train again");
        }
        QuantizeError::Weights | QuantizeError::Range => {
            out.str("a weight or a channel's scale is beyond these integers' range")
        }
    }
}
