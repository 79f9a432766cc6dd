//! Tests of following changes of processes over HTTP, against a double of the supervisor.

use schema::wire::supervisor::ProgramState::{Backoff, Running, Starting};
use serde_json::Value;

use super::*;

impl Client {
    /// The next event, which is a change of a process: the states, and what is told with it.
    async fn change(&mut self) -> (String, Value) {
        let block = self.block().await;
        assert_eq!(block["event"], "process");
        assert!(!block.contains_key("id"), "it is not stored");
        let data: Value = serde_json::from_str(&block["data"]).unwrap();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let states = [word(&data["from"]), word(&data["process"]["state"])];
        (states.join(" "), data)
    }
}

#[actix_web::test]
async fn each_change_of_a_process_comes_once_and_in_order() {
    let world = World::new().await;
    let mut client = Client::of(&world, "", None).await;
    soon(|| world.supervisor.watched_by() == 1).await;
    world.supervisor.changes(Running, Backoff);
    world.supervisor.changes(Backoff, Starting);
    assert_eq!(client.change().await.0, "RUNNING BACKOFF");
    let (states, data) = client.change().await;
    assert_eq!(
        (states.as_str(), &data["at"]),
        ("BACKOFF STARTING", &"2026-11-21T12:00:00Z".into())
    );
    assert_eq!(data["process"]["name"], "sync-worker");

    // Who comes later hears of what happens later, on the same connection.
    let mut late = Client::of(&world, "?kind=process", None).await;
    let mut other = Client::of(&world, "?run=3", None).await;
    world.supervisor.changes(Starting, Running);
    assert_eq!(client.change().await.0, "STARTING RUNNING");
    assert_eq!(late.change().await.0, "STARTING RUNNING");
    assert_eq!(world.supervisor.watched_by(), 1);
    world.shared.events.close();
    assert_eq!(other.chunk().await, None);
}

#[actix_web::test]
async fn nobody_listens_to_the_supervisor_when_nobody_follows() {
    let world = World::new().await;
    let client = Client::of(&world, "", None).await;
    soon(|| world.supervisor.watched_by() == 1).await;
    drop(client);
    soon(|| world.supervisor.watched_by() == 0).await;
}
