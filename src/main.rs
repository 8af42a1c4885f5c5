//! The program: hands its arguments to [`chinwag::cli`] and turns the outcome into an exit code.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use chinwag::cli;

fn main() -> ExitCode {
    cli::run(env::args_os(), env::vars_os()).unwrap_or_else(|failure| {
        // `eprintln!` would panic where nobody listens.
        _ = writeln!(io::stderr(), "{failure}");
        failure.exit_code()
    })
}
