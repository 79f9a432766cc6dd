//! Tests with real children; what the kernel says of them is read from `/proc`.

use super::*;
use nix::unistd::{Uid, geteuid};
use std::{collections::BTreeMap, io::Read as _, net::TcpListener, os::fd::AsFd as _};

pub(crate) static NO_LIMITS: Limits = Limits {
    user: None,
    umask: None,
    resources: Vec::new(),
    oom_score_adj: None,
};

const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

fn launch<'a>(args: &'a [String], directory: &'a Path) -> Launch<'a> {
    Launch {
        command: Path::new("/bin/sh"),
        args,
        environment: vec![(OsStr::new("GIVEN"), OsStr::new("1"))],
        directory,
        limits: &NO_LIMITS,
        sockets: &[],
    }
}

fn script(text: &str) -> [String; 2] {
    ["-c".to_owned(), text.to_owned()]
}

/// A shell that runs `text`.
pub(crate) fn start(text: &str) -> Spawned {
    start_with(text, &[])
}

/// A shell that runs `text` and sees `variables`.
pub(crate) fn start_with(text: &str, variables: &[(&str, &OsStr)]) -> Spawned {
    let args = script(text);
    let path = ("PATH", OsStr::new("/usr/bin:/bin"));
    let launch = Launch {
        environment: variables
            .iter()
            .chain([&path])
            .map(|(name, value)| (OsStr::new(*name), *value))
            .collect(),
        ..launch(&args, Path::new("/"))
    };
    spawn(&launch, &Children::default()).unwrap()
}

/// The next line that it writes.
pub(crate) async fn next_line(spawned: &mut Spawned) -> String {
    let mut line = String::new();
    loop {
        let mut byte = [0];
        match spawned.output.read(&mut byte) {
            Ok(0) => return line,
            Ok(_) if byte == *b"\n" => return line,
            Ok(_) => line.push(byte[0].into()),
            Err(_not_yet) => tokio::task::yield_now().await,
        }
    }
}

async fn output_of(launch: &Launch<'_>) -> String {
    let mut spawned = spawn(launch, &Children::default()).unwrap();
    spawned.child.wait().await.unwrap();
    let mut bytes = vec![0; 65536];
    let count = spawned.output.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// Says so where a test can show nothing.
#[expect(clippy::print_stderr, reason = "a test that is skipped must be seen")]
fn is_root(test: &str) -> bool {
    let is_root = geteuid().is_root();
    if !is_root {
        eprintln!("SKIPPED: {test}: only root can change users and raise limits");
    }
    is_root
}

fn stranger() -> User {
    User {
        name: "stranger".to_owned(),
        uid: 64321,
        gid: 64322,
        groups: vec![64322, 64323],
        home: PathBuf::from("/"),
    }
}

#[actix_rt::test]
async fn a_child_has_its_own_session_three_descriptors_and_no_ignored_signal() {
    // A descriptor that somebody forgot to mark.
    let forgotten = File::open("/dev/null").unwrap();
    fcntl(&forgotten, FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty())).unwrap();
    // Read by the shell itself: while it starts another program it blocks every signal.
    let args = script(
        "while read -r line; do echo \"$line\"; done < /proc/$$/status; echo Session: $(cut -d' ' -f1,6 /proc/$$/stat); \
         for f in 3 4 5 6 7 8 9 10 11 12 13 14 15; do \
         [ -e /proc/$$/fd/$f ] && echo inherited $f; done; readlink /proc/$$/fd/0; pwd; env",
    );
    let text = output_of(&launch(&args, Path::new("/"))).await;
    let fields: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name, value.trim()))
        .collect();
    assert_eq!(fields["SigIgn"], "0000000000000000");
    assert_eq!(fields["SigBlk"], "0000000000000000");
    let (pid, session) = fields["Session"].split_once(' ').unwrap();
    assert_eq!(pid, session);
    assert!(!text.contains("inherited"), "{text}");
    assert!(text.contains("\n/dev/null\n/\n"), "{text}");
    assert!(
        text.contains("GIVEN=1") && !text.contains("HOME=") && !text.contains("LISTEN_"),
        "{text}"
    );
}

#[actix_rt::test]
async fn stdout_and_stderr_keep_their_order() {
    let args = script("echo a; echo b >&2; echo c");
    let text = output_of(&launch(&args, Path::new("/"))).await;
    assert_eq!(text, "a\nb\nc\n");
}

#[actix_rt::test]
async fn a_child_is_the_user_and_has_the_limits_it_was_given() {
    if !is_root("a_child_is_the_user_and_has_the_limits_it_was_given") {
        return;
    }
    let limits = Limits {
        user: Some(stranger()),
        umask: Some(0o027),
        resources: vec![
            (Resource::RLIMIT_NOFILE, 77),
            (Resource::RLIMIT_CORE, 0),
            (Resource::RLIMIT_STACK, u64::MAX),
        ],
        oom_score_adj: Some(444),
    };
    let args = script(
        "cat /proc/$$/status /proc/$$/limits; echo Umask: $(umask); echo Oom: $(cat /proc/$$/oom_score_adj)",
    );
    let launch = Launch {
        limits: &limits,
        environment: vec![(OsStr::new("PATH"), OsStr::new("/usr/bin:/bin"))],
        ..launch(&args, Path::new("/"))
    };
    let text = output_of(&launch).await;
    let words: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for expected in [
        "Uid: 64321 64321 64321 64321",
        "Gid: 64322 64322 64322 64322",
        "Groups: 64322 64323",
        "CapEff: 0000000000000000",
        "CapPrm: 0000000000000000",
        "Max open files 77 77 files",
        "Max core file size 0 0 bytes",
        "Max stack size unlimited unlimited bytes",
        "Umask: 0027",
        "Oom: 444",
    ] {
        assert!(
            words.iter().any(|line| line == expected),
            "{expected}: {text}"
        );
    }
}

#[actix_rt::test]
async fn a_child_of_another_user_dies_with_the_thread_that_started_it() {
    if !is_root("a_child_of_another_user_dies_with_the_thread_that_started_it") {
        return;
    }
    let limits = Limits {
        user: Some(stranger()),
        ..Limits::default()
    };
    let (tell, told) = std::sync::mpsc::channel();
    let starter = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let args = script("exec sleep 1000");
            let launch = Launch {
                limits: &limits,
                ..launch(&args, Path::new("/"))
            };
            let spawned = spawn(&launch, &Children::default()).unwrap();
            let status = std::fs::read_to_string(format!("/proc/{}/status", spawned.pid)).unwrap();
            tell.send((Handle::open(spawned.pid).unwrap().unwrap(), status))
                .unwrap();
        });
    });
    let (handle, status) = told.recv().unwrap();
    assert!(status.contains("\nUid:\t64321\t"), "{status}");
    starter.join().unwrap();
    tokio::time::timeout(LIMIT, handle.ended()).await.unwrap();
}

fn refusal(limits: &Limits, directory: &Path) -> (String, bool) {
    let error = spawn(
        &Launch {
            limits,
            ..launch(&[], directory)
        },
        &Children::default(),
    )
    .unwrap_err();
    (error.to_string(), is_hopeless(&error))
}

#[actix_rt::test]
async fn a_step_that_fails_is_named_and_hopeless() {
    let (text, is_final) = refusal(&NO_LIMITS, Path::new("/nonexistent"));
    assert_eq!(
        text,
        "cannot enter the directory /nonexistent: No such file or directory (os error 2)"
    );
    assert!(is_final);
    let too_much = Limits {
        oom_score_adj: Some(1001),
        ..Limits::default()
    };
    let (text, is_final) = refusal(&too_much, Path::new("/"));
    assert_eq!(
        text,
        "cannot set oom_score_adj to 1001: Invalid argument (os error 22)"
    );
    assert!(is_final);
    let impossible = Limits {
        resources: vec![
            (Resource::RLIMIT_CORE, 0),
            (Resource::RLIMIT_NOFILE, u64::MAX),
        ],
        ..Limits::default()
    };
    let (text, is_final) = refusal(&impossible, Path::new("/"));
    assert_eq!(
        text,
        "cannot lift the limit RLIMIT_NOFILE: Operation not permitted (os error 1)"
    );
    assert!(is_final);
}

#[actix_rt::test]
async fn only_root_can_change_users_and_anybody_can_stay_who_they_are() {
    if !is_root("only_root_can_change_users_and_anybody_can_stay_who_they_are") {
        return;
    }
    let limits = Limits {
        user: Some(stranger()),
        ..Limits::default()
    };
    // A folder of root's: who the child is decides, not who we are.
    let folder = tempfile::tempdir().unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(folder.path(), private).unwrap();
    let (text, _) = refusal(&limits, folder.path());
    assert!(text.starts_with("cannot enter the directory "), "{text}");
    assert!(text.ends_with("Permission denied (os error 13)"), "{text}");
    // No way back: this test has its own process, and ends with it.
    nix::unistd::setresuid(Uid::from_raw(64321), Uid::from_raw(64321), Uid::from_raw(0)).unwrap();
    let (text, is_final) = refusal(&limits, Path::new("/"));
    assert_eq!(
        text,
        "cannot become user stranger (its groups; only root can): Operation not permitted (os error 1)"
    );
    assert!(is_final);
    let ourselves = Limits {
        user: Some(User {
            gid: nix::unistd::getegid().as_raw(),
            ..stranger()
        }),
        ..Limits::default()
    };
    let args = script("while read -r line; do echo \"$line\"; done < /proc/$$/status");
    let launch = Launch {
        limits: &ourselves,
        ..launch(&args, Path::new("/"))
    };
    assert!(output_of(&launch).await.contains("\nUid:\t64321\t"));
    nix::unistd::setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).unwrap();
}

#[actix_rt::test]
async fn sockets_are_handed_over_in_their_order_from_descriptor_3_on() {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = TcpListener::bind("127.0.0.1:0").unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut sockets = vec![("api", second.as_fd()), ("dashboard", first.as_fd())];
    // So many that they meet all descriptors that there are already.
    sockets.extend((0..40).map(|_| ("null", null.as_fd())));
    let args = script("ls -l /proc/$$/fd; env");
    let launch = Launch {
        sockets: &sockets,
        environment: vec![(OsStr::new("PATH"), OsStr::new("/usr/bin:/bin"))],
        ..launch(&args, Path::new("/"))
    };
    let text = output_of(&launch).await;
    let inode = |socket: &TcpListener| {
        let raw = std::os::fd::AsRawFd::as_raw_fd(socket);
        std::fs::read_link(format!("/proc/self/fd/{raw}")).unwrap()
    };
    for expected in [
        format!(" 3 -> {}", inode(&second).display()),
        format!(" 4 -> {}", inode(&first).display()),
        " 5 -> /dev/null".to_owned(),
        " 44 -> /dev/null".to_owned(),
        "LISTEN_FDS=42".to_owned(),
        format!("LISTEN_FDNAMES=api:dashboard{}", ":null".repeat(40)),
    ] {
        assert!(
            text.lines().any(|line| line.ends_with(&expected)),
            "{expected}: {text}"
        );
    }
    assert!(!text.contains(" 45 -> "), "{text}");
    // That executing fails is told with sockets, too: nothing lay where the pipe for it is.
    let none = Launch {
        command: Path::new("/nonexistent"),
        ..launch
    };
    let error = spawn(&none, &Children::default()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOENT));
}

#[actix_rt::test]
async fn a_file_that_cannot_be_executed_is_hopeless() {
    for command in ["/nonexistent", "/etc/passwd", "/etc"] {
        let none = Launch {
            command: Path::new(command),
            ..launch(&[], Path::new("/"))
        };
        let error = spawn(&none, &Children::default()).unwrap_err();
        assert!(is_hopeless(&error), "{command}: {error}");
    }
    let args = script("echo \0");
    let error = spawn(&launch(&args, Path::new("/")), &Children::default()).unwrap_err();
    assert!(is_hopeless(&error), "{error}");
    let args = script(&"x".repeat(3 * 1024 * 1024));
    let error = spawn(&launch(&args, Path::new("/")), &Children::default()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::E2BIG));
    assert!(is_hopeless(&error));
    assert!(!is_hopeless(&io::Error::from_raw_os_error(libc::EAGAIN)));
    assert!(!is_hopeless(&io::Error::other("no number")));
}

#[actix_rt::test]
async fn a_thousand_starts_leave_no_descriptor_and_no_claim() {
    let null = File::open("/dev/null").unwrap();
    let sockets = [("one", null.as_fd()), ("two", null.as_fd())];
    let args = script(":");
    let children = Children::default();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mut before = None;
    for turn in 0..1000 {
        let good = Launch {
            sockets: &sockets,
            ..launch(&args, Path::new("/"))
        };
        spawn(&good, &children).unwrap().child.wait().await.unwrap();
        let bad = Launch {
            directory: Path::new("/nonexistent"),
            ..good
        };
        spawn(&bad, &children).unwrap_err();
        // The first one opens what tokio keeps.
        let now = open();
        assert_eq!(*before.get_or_insert(now), now, "after {turn}");
    }
    assert!(children.is_empty());
}

#[actix_rt::test]
async fn a_signal_reaches_the_whole_group() {
    let mut spawned = start("sleep 1000 & echo $!; wait");
    let inner = next_line(&mut spawned).await.parse().unwrap();
    let handle = Handle::open(inner).unwrap().unwrap();
    assert!(signal_group(spawned.pid, Signal::KILL).unwrap());
    let status = spawned.child.wait().await.unwrap();
    assert_eq!(reason(status), "killed by SIGKILL");
    assert!(is_by_stranger(status));
    handle.ended().await;
}

#[actix_rt::test]
async fn a_signal_to_a_group_that_is_gone_finds_nobody() {
    let mut spawned = start(":");
    spawned.child.wait().await.unwrap();
    assert!(!signal_group(spawned.pid, Signal::TERM).unwrap());
}

#[actix_rt::test]
async fn a_signal_for_real_time_is_sent_and_named() {
    let mut spawned = start("exec sleep 1000");
    assert!(signal_group(spawned.pid, Signal::named("RTMIN+2").unwrap()).unwrap());
    let status = spawned.child.wait().await.unwrap();
    assert_eq!(reason(status), "killed by SIGRTMIN+2");
    assert!(!is_by_stranger(status));
}
