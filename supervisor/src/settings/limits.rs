//! What the kernel is told of a program: user, mask, resource limits, how readily it is killed. Only what
//! this process can give is accepted.

use std::{ffi::CString, path::PathBuf};

use nix::{
    sys::resource::{Resource, getrlimit},
    unistd::{Uid, User as Account, getgrouplist},
};
use runtime::settings::ProgramTable;

use super::{environment::Variables, faults::Faults};
use crate::process::{Limits, User};

/// By how much the scraper-worker, whose browser takes most of the memory, goes before the others.
const BROWSER_FIRST: i32 = 300;
const MOST_OOM_SCORE: i32 = 1000;

/// What this process may do, so that rules can be tried as anybody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rights {
    pub(super) uid: u32,
    /// Bits of capabilities in force: root has all of them, but not in most containers.
    pub(super) capabilities: u64,
    /// How readily the kernel kills this process.
    pub(super) oom_score_adj: i32,
    /// Its own highest limit.
    pub(super) hard_limit: fn(Resource) -> u64,
}

impl Rights {
    pub(super) fn of_process() -> Self {
        Self {
            uid: Uid::effective().as_raw(),
            capabilities: capabilities().unwrap_or(if Uid::effective().is_root() {
                u64::MAX
            } else {
                0
            }),
            // Without /proc it is taken for what it usually is.
            oom_score_adj: std::fs::read_to_string("/proc/self/oom_score_adj")
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(0),
            // The kernel knows all limits that we name.
            hard_limit: |resource| getrlimit(resource).map_or(u64::MAX, |(_, hard)| hard),
        }
    }

    fn may(self, capability: u32) -> bool {
        self.capabilities & (1 << capability) != 0
    }

    fn may_change_user(self) -> bool {
        self.may(CAP_SETGID) && self.may(CAP_SETUID)
    }

    fn may_exceed(self) -> bool {
        self.may(CAP_SYS_RESOURCE)
    }
}

/// Numbers of capabilities. Source: `linux/capability.h`.
const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;
const CAP_SYS_RESOURCE: u32 = 24;

/// Capabilities in force; `None` without /proc.
fn capabilities() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let bits = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(bits.trim(), 16).ok()
}

/// Reads what the table says of it; the user's own variables go into `environment`.
pub(super) fn read(
    name: &str,
    table: &ProgramTable,
    rights: Rights,
    environment: &mut Variables,
    faults: &mut Faults<'_>,
) -> Limits {
    let user = table
        .user
        .as_deref()
        .and_then(|text| match user(text, rights) {
            Ok(user) => Some(user),
            Err(problem) => {
                faults.wrong(name, "user", problem);
                None
            }
        });
    for (variable, value) in user.iter().flat_map(own_variables) {
        environment.insert(variable.into(), value);
    }
    let umask = table.umask.as_deref().and_then(|text| {
        let mask = mask(text);
        if mask.is_none() {
            let problem = format!("is {text:?}; it must be a mask in octal such as \"022\"");
            faults.wrong(name, "umask", problem);
        }
        mask
    });
    Limits {
        // We are that user already, and may not even say so to the kernel.
        user: user.filter(|user| rights.may_change_user() || user.uid != rights.uid),
        umask,
        resources: resources(name, table, rights, faults),
        oom_score_adj: oom_score_adj(name, table, rights, faults),
    }
}

fn own_variables(user: &User) -> [(&'static str, std::ffi::OsString); 3] {
    [
        ("HOME", user.home.clone().into()),
        ("USER", user.name.clone().into()),
        ("LOGNAME", user.name.clone().into()),
    ]
}

fn user(text: &str, rights: Rights) -> Result<User, String> {
    let account = match text.parse::<u32>() {
        Ok(number) => Account::from_uid(Uid::from_raw(number)),
        Err(_name) => Account::from_name(text),
    };
    let account = match account {
        Ok(Some(account)) => account,
        Ok(None) => {
            return Err(format!(
                "is {text:?}, and there is no such user; make it (`useradd --system {text}`) or name another"
            ));
        }
        Err(error) => return Err(format!("is {text:?}, who cannot be looked up ({error})")),
    };
    if !rights.may_change_user() && account.uid.as_raw() != rights.uid {
        return Err(format!(
            "is {text:?}, and only root can start a program as somebody else; run ListSync as root, in a \
             container with SETUID and SETGID, or remove the key"
        ));
    }
    let groups = CString::new(account.name.as_str())
        .map_err(|error| format!("is {text:?}, whose name cannot be used ({error})"))
        .and_then(|name| {
            getgrouplist(&name, account.gid)
                .map_err(|error| format!("is {text:?}, whose groups cannot be read ({error})"))
        })?;
    Ok(User {
        name: account.name,
        uid: account.uid.as_raw(),
        gid: account.gid.as_raw(),
        groups: groups.into_iter().map(nix::unistd::Gid::as_raw).collect(),
        home: home(account.dir),
    })
}

/// A user without a home is at home everywhere.
fn home(path: PathBuf) -> PathBuf {
    if path.as_os_str().is_empty() {
        PathBuf::from("/")
    } else {
        path
    }
}

/// `022`, `0022` or `0o22`.
fn mask(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal = !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    is_octal
        .then(|| u32::from_str_radix(digits, 8).ok()) // too long is too large
        .flatten()
        .filter(|mask| *mask <= 0o777)
}

const RESOURCES: &[(&str, Resource)] = &[
    ("nofile", Resource::RLIMIT_NOFILE),
    ("nproc", Resource::RLIMIT_NPROC),
    ("core", Resource::RLIMIT_CORE),
    ("as", Resource::RLIMIT_AS),
    ("cpu", Resource::RLIMIT_CPU),
    ("fsize", Resource::RLIMIT_FSIZE),
    ("stack", Resource::RLIMIT_STACK),
    ("memlock", Resource::RLIMIT_MEMLOCK),
    ("data", Resource::RLIMIT_DATA),
];

fn resources(
    name: &str,
    table: &ProgramTable,
    rights: Rights,
    faults: &mut Faults<'_>,
) -> Vec<(Resource, u64)> {
    let mut resources = Vec::new();
    for (limit, value) in table.rlimits.iter().flatten() {
        let Some((_, resource)) = RESOURCES.iter().find(|(known, _)| known == limit) else {
            let all: Vec<_> = RESOURCES.iter().map(|(known, _)| *known).collect();
            let problem = format!("has {limit:?}; it may have {}", all.join(", "));
            faults.wrong(name, "rlimits", problem);
            continue;
        };
        let hard = (rights.hard_limit)(*resource);
        if *value > hard && !rights.may_exceed() {
            let problem = format!(
                "sets {limit} to {value}, and it can be {hard} at most, which the supervisor has itself; take \
                 less, or give the supervisor more (root may exceed it, in a container with SYS_RESOURCE)"
            );
            faults.wrong(name, "rlimits", problem);
        }
        resources.push((*resource, *value));
    }
    resources
}

fn oom_score_adj(
    name: &str,
    table: &ProgramTable,
    rights: Rights,
    faults: &mut Faults<'_>,
) -> Option<i32> {
    let Some(score) = table.oom_score_adj else {
        let is_browser = name == super::Worker::Scraper.name();
        return is_browser.then(|| (rights.oom_score_adj + BROWSER_FIRST).min(MOST_OOM_SCORE));
    };
    let own = rights.oom_score_adj;
    if !(-MOST_OOM_SCORE..=MOST_OOM_SCORE).contains(&score) {
        let problem = format!("is {score}; it must be a whole number from -1000 to 1000");
        faults.wrong(name, "oom_score_adj", problem);
    } else if score < own && !rights.may_exceed() {
        let problem = format!(
            "is {score}, and it cannot be below the supervisor's own, which is {own}; take {own} or more (root \
             may go below, in a container with SYS_RESOURCE)"
        );
        faults.wrong(name, "oom_score_adj", problem);
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Rights = Rights {
        uid: 65_534,
        capabilities: 0,
        oom_score_adj: 0,
        hard_limit: |_| 1000,
    };
    const ROOT: Rights = Rights {
        uid: 0,
        capabilities: u64::MAX,
        ..NOBODY
    };

    #[test]
    fn masks_are_octal() {
        for (text, meant) in [
            ("022", 0o22),
            ("0o077", 0o77),
            ("0", 0),
            ("777", 0o777),
            ("0027", 0o27),
        ] {
            assert_eq!(mask(text), Some(meant), "{text}");
        }
        for text in [
            "",
            "8",
            "1000",
            "-1",
            "+22",
            "u=rwx",
            "99999999999999999999",
        ] {
            assert_eq!(mask(text), None, "{text}");
        }
    }

    #[test]
    fn users_are_found_by_name_and_number_with_their_home() {
        for text in ["root", "0"] {
            let user = user(text, ROOT).unwrap();
            assert_eq!((user.uid, user.gid, user.name.as_str()), (0, 0, "root"));
            assert!(user.groups.contains(&0));
            assert_eq!(own_variables(&user)[0].1, user.home);
        }
    }

    #[test]
    fn only_root_can_name_another_and_nobody_an_unknown_one() {
        let problem = user("root", NOBODY).unwrap_err();
        assert!(problem.contains("only root can start"), "{problem}");
        for text in ["no-such-user-of-ours", "3999999999"] {
            let problem = user(text, ROOT).unwrap_err();
            assert!(problem.contains("there is no such user"), "{problem}");
        }
    }

    #[test]
    fn root_of_a_container_may_change_the_user_and_exceed_nothing() {
        // What Docker gives.
        let contained = Rights {
            capabilities: 0xa804_25fb,
            ..ROOT
        };
        assert!(contained.may_change_user() && !contained.may_exceed());
        assert!(ROOT.may_exceed() && !NOBODY.may_change_user());
    }
}
