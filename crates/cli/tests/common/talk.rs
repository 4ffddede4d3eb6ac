//! A command that is asked line by line, each when the one before it is answered.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Output};

pub(crate) struct Talk {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Talk {
    pub(super) fn new(mut child: Child) -> Self {
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    /// The line that it answers.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{}", line.trim_end()).unwrap();
        self.input.flush().unwrap();
        let mut answer = String::new();
        self.output.read_line(&mut answer).unwrap();
        answer
    }

    /// How it ends, with what it said of errors.
    pub(crate) fn end(self) -> Output {
        drop(self.input);
        self.child.wait_with_output().unwrap()
    }
}
