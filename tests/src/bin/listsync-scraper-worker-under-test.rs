//! The real `listsync-scraper-worker` under another name, so that tests boot it and never an installed one.

fn main() -> std::process::ExitCode {
    scraper_worker::run()
}
