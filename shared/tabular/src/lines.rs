//! Counts the lines of a file.

/// Counts the ends of lines: LF, CR, or CR LF, which counts once also where a piece of the file
/// ends between the two.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineCounter {
    /// The number of the current line.
    pub line: u64,
    after_cr: bool,
}

impl LineCounter {
    pub fn starting_at(line: u64) -> Self {
        Self {
            line,
            after_cr: false,
        }
    }

    pub fn add(&mut self, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if self.after_cr && bytes.first() == Some(&b'\n') {
            self.line = self.line.saturating_sub(1);
        }
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            let joined = bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n');
            self.line += u64::from(!joined);
        }
        self.after_cr = *last == b'\r';
    }

    /// Counts the end of a row that has no other line end: cheaper than looking for one.
    pub fn add_line(&mut self) {
        self.line += 1;
        self.after_cr = false;
    }
}
