//! Why a model was not converted, in words.

use super::ConvertFault;
use crate::text::{Out, Write};
use hone_esn::{ClusterError, QuantizeError};

/// Why the model in use was not converted, and what to do.
pub fn text(fault: &ConvertFault, out: &mut dyn Out) {
    match fault {
        ConvertFault::NoModel => out.str("there is no model in use; 'train' makes one"),
        ConvertFault::Rce => out.str(
            "TinyRCE's prototypes are integers as they are learnt: of 8 bits, unless rce.store was set otherwise when it began",
        ),
        ConvertFault::NoSuchForm => out.str("there is no such form of this learner's model"),
        ConvertFault::Converted => out.str(
            "the model in use is converted already, and its weights are not kept; 'train' makes another",
        ),
        ConvertFault::Cluster(error) => cluster(error, out),
        ConvertFault::Quantize(error) => quantize(error, out),
        ConvertFault::Replaced => out.str("another model came into use meanwhile; convert again"),
        ConvertFault::Abnormal { anomalous, windows } => {
            out.str("the model in use finds ");
            out.uint(*anomalous);
            out.str(" of ");
            out.uint(*windows);
            out.str(" windows anomalous, and thresholds are set by normal ones; convert while all is well");
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
            out.str("by this factor the weights would take ");
            out.uint(*after);
            out.str(" bytes with their table and take ");
            out.uint(*before);
            out.str(" now; a larger factor needs a smaller table");
        }
        ClusterError::Workspace(shortage) => {
            out.str("needs ");
            out.size(shortage.needed);
            out.str(" bytes more of working memory (CONFIG_HONE_WORKSPACE_BYTES)");
        }
        ClusterError::Range => out.str("the weights are beyond the range of a table; train again"),
    }
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
