//! The same programs in the words of each supervisor.

use std::{
    fmt::{self, Write as _},
    path::Path,
};

use super::peer::{CHILDREN, Job};
use crate::supervised::is_root;

/// `[program.NAME]` tables.
pub(super) fn ours(folder: &Path, child: &str, jobs: &[Job]) -> String {
    let starts = path(folder, "starts");
    let mut text = String::new();
    for name in CHILDREN {
        add(
            &mut text,
            format_args!(
                "[program.{name}]\ncommand = {child:?}\n\
                 args = [\"started\", {starts:?}, \"say\", {name:?}, \"ready\", \"wait\"]\n"
            ),
        );
    }
    for Job { name, script, log } in jobs {
        let (bytes, backups) = log;
        add(
            &mut text,
            format_args!(
                "[program.{name}]\ncommand = {child:?}\nargs = {script:?}\nautostart = false\n\
                 restart = \"never\"\nlog_max_bytes = {bytes}\nlog_backups = {backups}\n"
            ),
        );
    }
    text
}

/// The sections of supervisord.
pub(super) fn theirs(folder: &Path, child: &str, jobs: &[Job]) -> String {
    let socket = path(folder, "sock");
    let mut text = format!(
        "[supervisord]\nnodaemon=true\nlogfile={}\npidfile={}\nchildlogdir={}\n{}\
         [unix_http_server]\nfile={socket}\n\
         [rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{socket}\n",
        path(folder, "logs/supervisord.log"),
        path(folder, "pid"),
        path(folder, "logs"),
        // Else it warns of what it is.
        if is_root() { "user=root\n" } else { "" },
    );
    let starts = path(folder, "starts");
    let log_of = |name: &str| path(folder, &format!("logs/{name}.log"));
    for name in CHILDREN {
        add(
            &mut text,
            format_args!(
                "[program:{name}]\ncommand={child} started {starts} say {name} ready wait\n\
                 startsecs=1\nautorestart=true\nredirect_stderr=true\nstdout_logfile={}\n",
                log_of(name)
            ),
        );
    }
    for Job { name, script, log } in jobs {
        let (bytes, backups) = log;
        add(
            &mut text,
            format_args!(
                "[program:{name}]\ncommand={child} {}\nstartsecs=0\nautostart=false\n\
                 autorestart=false\nredirect_stderr=true\nstdout_logfile={}\n\
                 stdout_logfile_maxbytes={bytes}\nstdout_logfile_backups={backups}\n",
                script.join(" "),
                log_of(name)
            ),
        );
    }
    text
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

fn add(text: &mut String, lines: fmt::Arguments<'_>) {
    // A string takes everything.
    text.write_fmt(lines).unwrap_or_default();
}
