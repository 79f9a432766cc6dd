//! The real `listsync` under another name, so that tests boot it and never an installed one.

fn main() -> std::process::ExitCode {
    supervisor::run()
}
