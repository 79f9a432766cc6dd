//! A small HTTP/1.1 server on 127.0.0.1 that can also misbehave below HTTP: reset, hang, cut short, go dark.
//!
//! It owns its thread and runtime. What is answered is the business of the fakes; which misbehaviours exist is in
//! [`fault`], the words of a request and an answer are in [`request`] and [`answer`].

pub mod answer;
pub mod fault;
pub mod gzip;
pub mod request;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, mpsc as std_mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

pub use answer::{Answer, Body};
pub use fault::{Fault, FaultTable, Times};
pub use request::Request;

/// Answers one request. Runs to its end even when the client hangs up, as a handler in node does.
pub type Handler = Arc<dyn Fn(Request) -> BoxFuture<'static, Answer> + Send + Sync>;

/// How long an idle kept-alive connection lives; node's default, which Seerr has.
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Longest wait for the server's own thread to do as told.
const PATIENCE: Duration = Duration::from_secs(10);

enum Command {
    Stop,
    Dark(std_mpsc::Sender<io::Result<()>>),
    Back(std_mpsc::Sender<io::Result<()>>),
}

/// A running server. Dropping it stops it: connections are cut and handlers that still run are lost.
pub struct Server {
    port: u16,
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on 127.0.0.1 and serves in its own thread; `port` 0 takes a free one.
    /// # Errors
    /// When the port is taken or the thread cannot be started.
    pub fn start(port: u16, handler: Handler) -> io::Result<Self> {
        let listener = bind(port)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (commands, inbox) = mpsc::unbounded_channel();
        let thread = std::thread::Builder::new()
            .name(format!("fake:{port}"))
            .spawn(move || {
                runtime.block_on(serve(listener, port, handler, inbox));
                runtime.shutdown_background();
            })?;
        Ok(Self {
            port,
            commands,
            thread: Some(thread),
        })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes the listener and every connection, as a pulled cable would; handlers go on.
    /// # Errors
    /// When the server's thread is gone.
    pub fn go_dark(&self) -> io::Result<()> {
        self.tell(Command::Dark)
    }

    /// Listens on the same port again.
    /// # Errors
    /// When somebody else took the port meanwhile, or the server's thread is gone.
    pub fn come_back(&self) -> io::Result<()> {
        self.tell(Command::Back)
    }

    /// Ends the server as a killed process ends: connections are cut, running handlers are lost.
    pub fn stop(&mut self) {
        if self.commands.send(Command::Stop).is_err() {
            // The thread ended by itself; joining below reaps it.
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            // A panic in the server's thread has printed itself; the test that waits for answers fails anyway.
        }
    }

    fn tell(
        &self,
        command: impl FnOnce(std_mpsc::Sender<io::Result<()>>) -> Command,
    ) -> io::Result<()> {
        let gone = || io::Error::other("the fake's thread is gone");
        let (done, answer) = std_mpsc::channel();
        self.commands.send(command(done)).map_err(|_gone| gone())?;
        answer.recv_timeout(PATIENCE).map_err(|_gone| gone())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn bind(port: u16) -> io::Result<StdListener> {
    let listener = StdListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn serve(
    listener: StdListener,
    port: u16,
    handler: Handler,
    mut inbox: mpsc::UnboundedReceiver<Command>,
) {
    let mut listener = TcpListener::from_std(listener).ok();
    let (cut, epoch) = watch::channel(0_u64);
    loop {
        tokio::select! {
            command = inbox.recv() => match command {
                None | Some(Command::Stop) => return,
                Some(Command::Dark(done)) => {
                    listener = None;
                    cut.send_modify(|epoch| *epoch += 1);
                    // A caller that stopped waiting has failed its test already.
                    done.send(Ok(())).ok();
                }
                Some(Command::Back(done)) => {
                    let bound = bind(port).and_then(TcpListener::from_std);
                    let answer = bound.map(|bound| listener = Some(bound));
                    done.send(answer).ok(); // as above
                }
            },
            accepted = accept(listener.as_ref()) => if let Ok(stream) = accepted {
                let mut epoch = epoch.clone();
                epoch.mark_unchanged();
                tokio::spawn(connection(stream, Arc::clone(&handler), epoch));
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(stream, _peer)| stream),
        None => std::future::pending().await,
    }
}

/// Serves one connection until either side ends it.
async fn connection(stream: TcpStream, handler: Handler, mut epoch: watch::Receiver<u64>) {
    if stream.set_nodelay(true).is_err() {
        return; // the peer is gone already
    }
    let mut stream = BufReader::new(stream);
    loop {
        let request = tokio::select! {
            read = tokio::time::timeout(KEEP_ALIVE, request::read(&mut stream)) => read,
            _ = epoch.changed() => return,
        };
        let request = match request {
            Ok(Ok(Some(request))) => request,
            Ok(Err(request::Malformed { status })) => {
                answer::bare(stream.get_mut(), status).await;
                return;
            }
            Ok(Ok(None)) | Err(_) => return,
        };
        let keeps_alive = request.keeps_alive();
        let head_only = request.method == "HEAD";
        let mut task = tokio::spawn(handler(request));
        let answered = tokio::select! {
            answered = &mut task => answered,
            () = hung_up(&mut stream) => return,
            _ = epoch.changed() => return,
        };
        let answer = answered.unwrap_or_else(|broken| {
            Answer::text(500, format!("the fake's handler failed: {broken}"))
        });
        let goes_on = tokio::select! {
            goes_on = answer.write(stream.get_mut(), keeps_alive, head_only) => goes_on,
            _ = epoch.changed() => return,
        };
        if !goes_on {
            return;
        }
    }
}

/// Ends when the client closes its side.
async fn hung_up(stream: &mut BufReader<TcpStream>) {
    match stream.fill_buf().await {
        Ok([]) | Err(_) => {}
        Ok(_pipelined) => std::future::pending().await,
    }
}
