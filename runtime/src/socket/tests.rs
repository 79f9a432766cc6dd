//! Real sockets in a folder of their own; the supervisor's link stands for all.

use std::{
    cell::Cell,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use schema::wire::{
    Failure, FailureCode, MAX_LINE_BYTES,
    supervisor::{
        Done, FromSupervisor, LogLine, Programs, StatusRequest, SupervisorLink, TailEnded,
        TailRequest, ToSupervisor,
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::Notify,
};

use super::{server::serve_if, *};
use crate::stop::Stop;

type Sent = Answers<SupervisorLink>;

struct World {
    folder: tempfile::TempDir,
    stop: Stop,
    server: Option<tokio::task::JoinHandle<Result<(), SocketError>>>,
}

impl World {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            stop: Stop::new(),
            server: None,
        }
    }

    fn with(handler: impl Handler<SupervisorLink>) -> Self {
        let mut world = Self::empty();
        world.start(handler);
        world
    }

    fn start(&mut self, handler: impl Handler<SupervisorLink>) {
        self.start_if(|_| true, handler);
    }

    fn start_if(
        &mut self,
        is_allowed: impl Fn(u32) -> bool + 'static,
        handler: impl Handler<SupervisorLink>,
    ) {
        let (path, stop) = (self.path(), self.stop.clone());
        self.server = Some(actix_rt::spawn(async move {
            serve_if::<SupervisorLink, _>(&path, is_allowed, handler, stop).await
        }));
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("run/test.sock")
    }

    fn client(&self) -> Client<SupervisorLink> {
        Client::at(self.path()).patient(Duration::from_secs(5))
    }

    async fn raw(&self) -> BufReader<UnixStream> {
        drop(self.client().call(status("api")).await); // the server is there now
        BufReader::new(UnixStream::connect(self.path()).await.unwrap())
    }

    async fn stopped(&mut self) {
        self.stop.request();
        self.server.take().unwrap().await.unwrap().unwrap();
    }
}

fn status(name: &str) -> ToSupervisor {
    ToSupervisor::Status(StatusRequest {
        names: vec![name.into()],
    })
}

fn done() -> FromSupervisor {
    FromSupervisor::Done(Done {
        results: Vec::new(),
    })
}

fn line(text: &str) -> FromSupervisor {
    FromSupervisor::Line(LogLine {
        name: "api".into(),
        text: text.into(),
        skipped: 0,
    })
}

/// Answers a status with its name and a tail with as many lines as asked for.
async fn plain(request: ToSupervisor, answers: Sent) {
    match request {
        ToSupervisor::Status(request) => answers.last(line(&request.names.concat())).await,
        ToSupervisor::Tail(request) => {
            for number in 0..request.lines.unwrap_or(0) {
                if answers.more(line(&number.to_string())).await.is_err() {
                    return;
                }
            }
            answers.last(FromSupervisor::TailEnded(TailEnded {})).await;
        }
        ToSupervisor::Stop(_) => {} // leaves the request unanswered
        _ => answers.last(done()).await,
    }
}

/// Sends `bytes` as they are and reads all that comes back until the other side closes.
async fn sent(world: &World, bytes: &[u8]) -> String {
    let mut stream = world.raw().await;
    drop(stream.write_all(bytes).await); // it may be refused in the middle: the answer counts
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn tail(lines: u32) -> ToSupervisor {
    ToSupervisor::Tail(TailRequest {
        lines: Some(lines),
        ..TailRequest::default()
    })
}

#[actix_rt::test]
async fn a_call_gets_its_answer() {
    let world = World::with(plain);
    assert_eq!(
        world.client().call(status("api")).await.unwrap(),
        line("api")
    );
}

#[actix_rt::test]
async fn a_stream_gives_all_answers_the_last_one_too_and_then_none() {
    let world = World::with(plain);
    let mut stream = world.client().stream(tail(1000)).await.unwrap();
    for number in 0..1000 {
        assert_eq!(
            stream.next().await.unwrap(),
            Some(line(&number.to_string()))
        );
    }
    let last = stream.next().await.unwrap();
    assert_eq!(last, Some(FromSupervisor::TailEnded(TailEnded {})));
    assert_eq!(stream.next().await.unwrap(), None);
}

#[actix_rt::test]
async fn two_hundred_calls_at_a_time_are_answered() {
    let world = World::with(plain);
    let calls = (0..200).map(|number| {
        let client = world.client();
        async move {
            let name = number.to_string();
            assert_eq!(client.call(status(&name)).await.unwrap(), line(&name));
        }
    });
    futures_util::future::join_all(calls).await;
}

#[actix_rt::test]
async fn requests_of_one_connection_are_handled_side_by_side() {
    let open = Rc::new(Notify::new());
    let gate = Rc::clone(&open);
    let world = World::with(move |request: ToSupervisor, answers: Sent| {
        let gate = Rc::clone(&gate);
        async move {
            if matches!(request, ToSupervisor::Start(_)) {
                gate.notified().await;
            } else {
                gate.notify_one();
            }
            answers.last(done()).await;
        }
    });
    let text = sent_and_half_closed(
        &world,
        "{\"v\":1,\"id\":1,\"body\":{\"type\":\"start\",\"data\":{\"names\":[\"api\"]}}}\n\
         {\"v\":1,\"id\":2,\"body\":{\"type\":\"shutdown\"}}\n",
    )
    .await;
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("\"id\":1") && text.contains("\"id\":2"));
}

async fn sent_and_half_closed(world: &World, text: &str) -> String {
    let mut stream = loop {
        match UnixStream::connect(world.path()).await {
            Ok(stream) => break stream,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[actix_rt::test]
async fn a_caller_that_closes_its_half_still_gets_its_answer() {
    // printf '…' | socat - UNIX-CONNECT:…
    let world = World::with(|_: ToSupervisor, answers: Sent| async move {
        tokio::time::sleep(Duration::from_millis(30)).await; // the work, not a wait of the test
        answers.last(done()).await;
    });
    let request = "{\"v\":1,\"id\":9,\"body\":{\"type\":\"status\"}}\n";
    assert_eq!(
        sent_and_half_closed(&world, request).await,
        "{\"v\":1,\"id\":9,\"body\":{\"type\":\"done\",\"data\":{\"results\":[]}}}\n"
    );
    let unfinished = request.trim_end();
    assert!(
        sent_and_half_closed(&world, unfinished)
            .await
            .contains("\"id\":9")
    );
}

#[actix_rt::test]
async fn a_malformed_line_gets_one_answer_and_the_server_lives() {
    let world = World::with(plain);
    assert_eq!(
        sent(&world, b"GET / HTTP/1.1\r\n\r\n").await,
        "{\"v\":1,\"id\":0,\"body\":{\"type\":\"failed\",\"data\":{\"code\":\"bad_frame\",\
         \"message\":\"the line is no message: expected value at line 1 column 1\"}}}\n"
    );
    let unknown = sent(&world, b"{\"v\":1,\"id\":5,\"body\":{\"type\":\"fly\"}}\n").await;
    assert!(
        unknown.starts_with("{\"v\":1,\"id\":5,") && unknown.contains("bad_frame"),
        "{unknown}"
    );
    assert!(sent(&world, b"\xff\xfe\n").await.contains("it is no UTF-8"));
    assert_eq!(
        world.client().call(status("api")).await.unwrap(),
        line("api")
    );
}

#[actix_rt::test]
async fn a_newer_version_is_told_so() {
    let world = World::with(plain);
    let text = sent(
        &world,
        b"{\"v\":2,\"id\":3,\"body\":{\"type\":\"status\"}}\n",
    )
    .await;
    assert!(
        text.contains("\"id\":3") && text.contains("version_mismatch"),
        "{text}"
    );
}

#[actix_rt::test]
async fn a_line_over_the_limit_is_refused_and_the_caller_reads_why() {
    let world = World::with(plain);
    let text = sent(&world, &vec![b'x'; 3 * MAX_LINE_BYTES]).await;
    assert!(
        text.contains("the line is longer than 1048576 bytes"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
    assert_eq!(
        world.client().call(status("api")).await.unwrap(),
        line("api")
    );
}

#[actix_rt::test]
async fn a_request_over_the_limit_is_not_even_sent() {
    let world = World::with(plain);
    let error = world
        .client()
        .call(status(&"x".repeat(MAX_LINE_BYTES)))
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Wire { .. }) && !error.is_retryable(),
        "{error}"
    );
}

#[actix_rt::test]
async fn users_who_may_not_connect_are_told_so() {
    let mut world = World::empty();
    world.start_if(|_| false, plain);
    let error = world.client().call(status("api")).await.unwrap_err();
    let CallError::Failed(failure) = &error else {
        panic!("{error}")
    };
    assert_eq!(failure.code, FailureCode::Invalid);
    assert!(
        failure.message.ends_with("may not use this socket"),
        "{failure}"
    );
}

struct Dropped(Rc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[actix_rt::test]
async fn hanging_up_sets_the_token_and_drops_the_handler() {
    let (begun, dropped, cancelled) = (
        Rc::new(Notify::new()),
        Rc::new(Notify::new()),
        Rc::new(Notify::new()),
    );
    let marks = (
        Rc::clone(&begun),
        Rc::clone(&dropped),
        Rc::clone(&cancelled),
    );
    let world = World::with(move |_: ToSupervisor, answers: Sent| {
        let (begun, dropped, cancelled) = marks.clone();
        async move {
            let _dropped = Dropped(dropped);
            let token = answers.cancelled();
            // Work handed to somebody else learns of it by the token.
            actix_rt::spawn(async move {
                token.cancelled().await;
                cancelled.notify_one();
            });
            begun.notify_one();
            std::future::pending::<()>().await;
        }
    });
    let client = world.client();
    let call = actix_rt::spawn(async move { client.call(status("api")).await });
    begun.notified().await;
    call.abort();
    limited(dropped.notified()).await;
    limited(cancelled.notified()).await;
}

#[actix_rt::test]
async fn a_stream_that_is_dropped_ends_its_handler_while_it_sends() {
    let gone = Rc::new(Notify::new());
    let mark = Rc::clone(&gone);
    let world = World::with(move |_: ToSupervisor, answers: Sent| {
        let dropped = Dropped(Rc::clone(&mark));
        async move {
            let _dropped = dropped;
            while answers.more(line("and on")).await.is_ok() {}
        }
    });
    let mut stream = world.client().stream(tail(0)).await.unwrap();
    assert!(stream.next().await.unwrap().is_some());
    drop(stream);
    limited(gone.notified()).await;
}

#[actix_rt::test]
async fn a_handler_that_ends_without_an_answer_is_a_failure() {
    let world = World::with(plain);
    let error = world
        .client()
        .call(ToSupervisor::Stop(Programs::default()))
        .await
        .unwrap_err();
    let CallError::Failed(failure) = error else {
        panic!("{error}")
    };
    assert_eq!(failure.code, FailureCode::Internal);
    assert_eq!(
        failure.message,
        "the supervisor left the request unanswered"
    );
}

#[actix_rt::test]
async fn a_failure_as_answer_is_an_error_with_its_remedy() {
    let world = World::with(|_: ToSupervisor, answers: Sent| {
        let failure = Failure::new(FailureCode::Busy, "a run is going on");
        answers.fail(failure.with_remedy("Wait for it."))
    });
    let error = world.client().call(status("api")).await.unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.to_string(), "a run is going on");
    assert_eq!(error.remedy(), Some("Wait for it."));
}

#[actix_rt::test]
async fn a_patient_client_waits_for_a_socket_that_is_not_there_yet() {
    let mut world = World::empty();
    let client = world.client();
    let call = actix_rt::spawn(async move { client.call(status("api")).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    world.start(plain);
    assert_eq!(limited(call).await.unwrap().unwrap(), line("api"));
}

#[actix_rt::test]
async fn an_absent_peer_is_named_with_its_path() {
    let client = Client::<SupervisorLink>::at("/nonexistent/supervisor.sock".into());
    let error = client.call(status("api")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the supervisor cannot be reached at /nonexistent/supervisor.sock; is it running?"
    );
    assert!(error.is_retryable());
}

#[actix_rt::test]
async fn a_peer_that_dies_in_the_middle_is_a_retryable_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dying.sock");
    let listener = UnixListener::bind(&path).unwrap();
    actix_rt::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        BufReader::new(&mut stream)
            .read_line(&mut String::new())
            .await
            .unwrap();
    });
    let error = Client::<SupervisorLink>::at(path)
        .call(status("api"))
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::Lost { .. }) && error.is_retryable(),
        "{error:?}"
    );
}

#[actix_rt::test]
async fn the_socket_is_ours_alone_replaces_a_stale_one_and_goes_with_its_server() {
    let mut world = World::empty();
    let run = world.folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    drop(std::os::unix::net::UnixListener::bind(world.path()).unwrap()); // leaves its file
    world.start(plain);
    assert_eq!(
        world.client().call(status("api")).await.unwrap(),
        line("api")
    );
    let mode = std::fs::metadata(world.path())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    world.stopped().await;
    assert!(!world.path().exists());
}

#[actix_rt::test]
async fn a_server_that_stops_leaves_the_socket_of_its_successor() {
    let mut old = World::with(plain);
    old.client().call(status("api")).await.unwrap();
    let (path, stop) = (old.path(), Stop::new());
    let until = stop.clone();
    let new = actix_rt::spawn(async move { serve::<SupervisorLink, _>(&path, plain, until).await });
    let replaced = inode_of(&old.path());
    while inode_of(&old.path()) == replaced {
        tokio::task::yield_now().await;
    }
    old.stopped().await;
    assert_eq!(old.client().call(status("new")).await.unwrap(), line("new"));
    stop.request();
    new.await.unwrap().unwrap();
}

fn inode_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|found| found.ino())
}

#[actix_rt::test]
async fn stopping_tells_handlers_and_lets_them_answer() {
    let begun = Rc::new(Notify::new());
    let mark = Rc::clone(&begun);
    let mut world = World::with(move |_: ToSupervisor, answers: Sent| {
        let begun = Rc::clone(&mark);
        async move {
            begun.notify_one();
            answers.cancelled().cancelled().await;
            answers.last(line("saved my work")).await;
        }
    });
    let client = world.client();
    let call = actix_rt::spawn(async move { client.call(status("api")).await });
    begun.notified().await;
    limited(world.stopped()).await;
    assert_eq!(call.await.unwrap().unwrap(), line("saved my work"));
}

#[actix_rt::test]
async fn a_handler_that_does_not_stop_is_dropped_and_its_caller_told() {
    let begun = Rc::new(Notify::new());
    let mark = Rc::clone(&begun);
    let mut world = World::with(move |_: ToSupervisor, answers: Sent| {
        let begun = Rc::clone(&mark);
        async move {
            let _answers = answers;
            begun.notify_one();
            std::future::pending::<()>().await;
        }
    });
    let client = world.client();
    let call = actix_rt::spawn(async move { client.call(status("api")).await });
    begun.notified().await;
    tokio::time::pause(); // the grace is over at once
    world.stopped().await;
    let error = call.await.unwrap().unwrap_err();
    let CallError::Failed(failure) = error else {
        panic!("{error:?}")
    };
    assert_eq!(failure.code, FailureCode::Cancelled);
}

#[actix_rt::test]
async fn stopping_waits_no_longer_than_its_grace_for_a_caller_that_does_not_read() {
    let mut world = World::with(plain);
    let mut stalled = world.raw().await.into_inner();
    let request = "{\"v\":1,\"id\":1,\"body\":{\"type\":\"tail\",\"data\":{\"lines\":1000000}}}\n";
    stalled.write_all(request.as_bytes()).await.unwrap();
    stalled.readable().await.unwrap(); // and never read
    let stopped = tokio::time::timeout(Duration::from_secs(3), world.stopped()).await;
    assert!(stopped.is_ok(), "one caller holds up the end");
}

/// Signals when a change has begun, holds it until it may go on, and signals its end.
fn held_change() -> ([Rc<Notify>; 3], impl Handler<SupervisorLink>) {
    let marks = [(); 3].map(|()| Rc::new(Notify::new()));
    let held = marks.clone();
    let handler = move |request: ToSupervisor, answers: Sent| {
        let [begun, go_on, ended] = held.clone();
        async move {
            if matches!(request, ToSupervisor::Stop(_)) {
                begun.notify_one();
                go_on.notified().await;
                assert!(!answers.cancelled().is_cancelled());
                ended.notify_one();
            }
            answers.last(done()).await;
        }
    };
    (marks, handler)
}

const STOP_API: &str =
    "{\"v\":1,\"id\":4,\"body\":{\"type\":\"stop\",\"data\":{\"names\":[\"api\"]}}}\n";

#[actix_rt::test]
async fn a_change_is_carried_out_though_its_caller_hangs_up() {
    let ([begun, go_on, ended], handler) = held_change();
    let world = World::with(handler);
    let mut caller = world.raw().await.into_inner();
    caller.write_all(STOP_API.as_bytes()).await.unwrap();
    limited(begun.notified()).await;
    drop(caller);
    world.client().call(status("api")).await.unwrap(); // the hang-up was noticed by now
    go_on.notify_one();
    limited(ended.notified()).await;
}

#[actix_rt::test]
async fn a_bad_line_ends_its_connection_and_not_the_change_before_it() {
    let ([begun, go_on, ended], handler) = held_change();
    let world = World::with(handler);
    let mut caller = world.raw().await;
    caller.write_all(STOP_API.as_bytes()).await.unwrap();
    limited(begun.notified()).await;
    caller.write_all(b"nonsense\n").await.unwrap();
    let mut text = String::new();
    limited(caller.read_to_string(&mut text)).await.unwrap();
    assert!(text.contains("bad_frame"), "{text}");
    go_on.notify_one();
    limited(ended.notified()).await;
}

#[actix_rt::test]
async fn a_bad_line_cancels_the_reads_before_it() {
    let begun = Rc::new(Notify::new());
    let mark = Rc::clone(&begun);
    let world = World::with(move |request: ToSupervisor, answers: Sent| {
        let begun = Rc::clone(&mark);
        async move {
            if matches!(request, ToSupervisor::Tail(_)) {
                begun.notify_one();
                std::future::pending::<()>().await;
            }
            answers.last(done()).await;
        }
    });
    let mut caller = world.raw().await;
    let request = "{\"v\":1,\"id\":8,\"body\":{\"type\":\"tail\"}}\n";
    caller.write_all(request.as_bytes()).await.unwrap();
    limited(begun.notified()).await;
    caller.write_all(b"nonsense\n").await.unwrap();
    let mut text = String::new();
    limited(caller.read_to_string(&mut text)).await.unwrap();
    let read = text.lines().find(|line| line.contains("\"id\":8")).unwrap();
    assert!(read.contains("\"cancelled\""), "{read}");
}

#[actix_rt::test]
async fn stopping_waits_for_a_change_whose_caller_is_gone() {
    let (begun, ended) = (Rc::new(Notify::new()), Rc::new(Cell::new(false)));
    let marks = (Rc::clone(&begun), Rc::clone(&ended));
    let mut world = World::with(move |request: ToSupervisor, answers: Sent| {
        let (begun, ended) = marks.clone();
        async move {
            if matches!(request, ToSupervisor::Stop(_)) {
                begun.notify_one();
                answers.cancelled().cancelled().await;
                tokio::task::yield_now().await;
                ended.set(true);
            }
            answers.last(done()).await;
        }
    });
    let mut caller = world.raw().await.into_inner();
    caller.write_all(STOP_API.as_bytes()).await.unwrap();
    limited(begun.notified()).await;
    drop(caller);
    limited(world.stopped()).await;
    assert!(ended.get());
}

#[actix_rt::test]
async fn a_slow_reader_holds_up_nobody_else() {
    let world = World::with(plain);
    let count = Rc::new(Cell::new(0));
    let _slow = world.client().stream(tail(u32::MAX)).await.unwrap(); // never read
    for _ in 0..20 {
        world.client().call(status("api")).await.unwrap();
        count.set(count.get() + 1);
    }
    assert_eq!(count.get(), 20);
}

#[actix_rt::test]
async fn a_path_that_is_too_long_or_taken_is_an_error_that_helps() {
    let folder = tempfile::tempdir().unwrap();
    let long = folder.path().join("x".repeat(120));
    let error = serve::<SupervisorLink, _>(&long, plain, Stop::new())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("set LISTSYNC_RUN_DIR to a shorter one"),
        "{error}"
    );
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let error = serve::<SupervisorLink, _>(&file, plain, Stop::new())
        .await
        .unwrap_err();
    assert!(matches!(error, SocketError::Occupied { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn our_user_and_root_and_named_users_may_connect() {
    let own = nix::unistd::Uid::effective().as_raw();
    let peers = Peers { uids: vec![4711] };
    assert!(peers.is_allowed(own) && peers.is_allowed(0) && peers.is_allowed(4711));
    assert!(!peers.is_allowed(4712));
}

async fn limited<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future)
        .await
        .expect("it takes too long")
}
