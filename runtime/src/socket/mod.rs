//! Messages of `schema::wire` over Unix sockets: [`server`] listens, [`client`] calls.
//!
//! Closing a connection cancels what is going on for it; a handler whose work must live on gives it
//! to somebody else and answers with its number. Leaves the meaning of messages to the handlers.

pub mod client;
mod connection;
pub mod server;

pub use client::{CallError, Client, Stream};
pub use connection::{Answers, Gone};
pub use server::{Handler, Peers, SocketError, serve, serve_peers};

#[cfg(test)]
mod tests;
