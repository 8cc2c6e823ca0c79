//! The functions as programs, and the sample events that they answer.

mod binaries;
mod events;
mod tls;
