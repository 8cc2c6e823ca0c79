/// Where a row begins in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPosition {
    /// Bytes of the file before the row. The number has a meaning only for a file that
    /// [is splittable](crate::Framing::is_splittable).
    pub offset: u64,
    /// Rows before the row. The header does not count.
    pub row: u64,
    /// The line on which the row begins. The first line of the file is 1.
    pub line: u64,
}

impl RowPosition {
    /// The start of a file.
    pub const START: Self = Self {
        offset: 0,
        row: 0,
        line: 1,
    };
}
