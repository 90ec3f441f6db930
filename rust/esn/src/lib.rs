//! Echo State Network autoencoder for anomaly detection.
#![no_std]
#![forbid(unsafe_code)]
