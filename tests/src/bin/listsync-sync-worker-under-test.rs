//! The real `listsync-sync-worker` under another name, so that tests boot it and never an installed one.

fn main() -> std::process::ExitCode {
    sync_worker::run()
}
