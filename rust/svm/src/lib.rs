//! Support vector machines trained by SMO in a fixed workspace.
#![no_std]
#![forbid(unsafe_code)]
