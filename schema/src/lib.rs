//! What the processes of ListSync agree on: tables, row types with their queries, and the messages
//! on the sockets. Starts nothing and decides nothing.

mod column;
mod db;
mod migrate;
pub mod models;
pub mod pin_file;
#[rustfmt::skip]
mod tables;
pub mod wire;

pub use column::now_from;
pub use db::{Db, DbError};
pub use diesel::SqliteConnection;
pub use migrate::{Migrated, migrate};
