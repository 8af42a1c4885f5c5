//! chinwag: the program.
fn main() {}
