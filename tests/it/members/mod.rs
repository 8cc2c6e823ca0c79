//! Organizations and their users.

mod registration;
