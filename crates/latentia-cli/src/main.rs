//! The program `latentia`.

use std::process::ExitCode;

fn main() -> ExitCode {
    latentia_cli::main()
}
