//! The real `listsync-api` under another name, so that tests boot it and never an installed one.

fn main() -> std::process::ExitCode {
    api::run()
}
