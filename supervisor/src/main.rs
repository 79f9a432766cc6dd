//! `listsync`: the supervisor and the command line.

fn main() -> std::process::ExitCode {
    supervisor::run()
}
