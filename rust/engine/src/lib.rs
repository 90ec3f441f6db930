//! Pipeline, the three loops, commands, telemetry, budgets.
#![no_std]
#![forbid(unsafe_code)]
