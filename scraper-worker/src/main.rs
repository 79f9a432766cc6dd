//! The process that reads list sites.

use std::process::ExitCode;

fn main() -> ExitCode {
    scraper_worker::run()
}
