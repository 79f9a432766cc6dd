//! The process `listsync-api`; everything it does is in the library beside it.

fn main() -> std::process::ExitCode {
    api::run()
}
