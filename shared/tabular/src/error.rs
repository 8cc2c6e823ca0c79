/// A file, or the profile that it is read with, cannot be used at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FileError {
    /// A stable code.
    pub code: &'static str,
    /// For the people who wrote the file.
    pub message: String,
}

impl FileError {
    /// An error with its stable code and a message for people.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// A profile that cannot be used.
    pub fn profile(message: impl Into<String>) -> Self {
        Self::new(
            "profile",
            format!("the profile cannot be used: {}", message.into()),
        )
    }
}
