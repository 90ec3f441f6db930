//! Model container: codec for untrusted bytes.
#![no_std]
#![forbid(unsafe_code)]
