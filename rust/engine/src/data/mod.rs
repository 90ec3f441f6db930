//! What is sent between the loops, and what they count.

pub mod buffers;
pub mod config;
pub mod env;
pub mod event;
pub mod order;
pub mod preprocessing;
pub mod stats;
pub mod storage;
pub mod terminal;
