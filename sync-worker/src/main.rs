//! `listsync-sync-worker`, started by the supervisor.

fn main() -> std::process::ExitCode {
    sync_worker::run()
}
