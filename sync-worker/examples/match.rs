//! `make match`: judges labelled matching cases and prints how well that went.

fn main() -> std::process::ExitCode {
    sync_worker::matching::run(std::env::args_os().skip(1).map(std::path::PathBuf::from))
}
