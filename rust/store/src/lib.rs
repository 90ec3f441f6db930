//! Power-fail safe log of models and configuration.
#![no_std]
#![forbid(unsafe_code)]
