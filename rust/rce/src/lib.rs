//! TinyRCE: prototypes that learn classes as they are labelled.
#![no_std]
#![forbid(unsafe_code)]
