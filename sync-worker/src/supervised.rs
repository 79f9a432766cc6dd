//! What the sync-worker tells the supervisor: how it is (`STATUS=`), and that settings were saved.
//! Leaves readiness itself to `runtime`.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use chrono::{DateTime, Local, Utc};
use runtime::{
    Chain, Readiness, counted,
    settings::PathSettings,
    socket::{CallError, Client},
};
use schema::wire::supervisor::{SettingsChanged, SupervisorLink, ToSupervisor};
use tokio::time::timeout;

/// How long the supervisor may take to read its settings again.
const TELL_LIMIT: Duration = Duration::from_secs(10);

/// Says how it is: the run that goes on, else what is waited for. Says nothing twice.
#[derive(Debug)]
pub(crate) struct Says {
    ready: Readiness,
    is_ready: Cell<bool>,
    run: RefCell<Option<String>>,
    waits: RefCell<String>,
    said: RefCell<String>,
}

impl Says {
    pub(crate) fn new(ready: Readiness) -> Self {
        Self {
            ready,
            is_ready: Cell::new(false),
            run: RefCell::default(),
            waits: RefCell::new("waiting for the next run".to_owned()),
            said: RefCell::default(),
        }
    }

    /// The process does its work from now on.
    pub(crate) fn ready(&self) {
        self.is_ready.set(true);
        let text = self.text();
        self.ready.ready(&text);
        self.said.replace(text);
    }

    /// A run reads so many lists.
    pub(crate) fn syncing(&self, lists: usize) {
        let text = format!("syncing {}", counted(lists, "list", "lists"));
        self.run.replace(Some(text));
        self.say();
    }

    /// The run is over.
    pub(crate) fn run_over(&self) {
        self.run.replace(None);
        self.say();
    }

    /// When the next run is due, and what is missing for any.
    pub(crate) fn waiting(
        &self,
        due: Option<DateTime<Utc>>,
        missing: Option<&str>,
        now: DateTime<Utc>,
    ) {
        self.waits.replace(waiting(due, missing, now));
        self.say();
    }

    fn text(&self) -> String {
        let run = self.run.borrow().clone();
        run.unwrap_or_else(|| self.waits.borrow().clone())
    }

    fn say(&self) {
        let text = self.text();
        if self.is_ready.get() && *self.said.borrow() != text {
            self.ready.status(&text);
            self.said.replace(text);
        }
    }
}

fn waiting(due: Option<DateTime<Utc>>, missing: Option<&str>, now: DateTime<Utc>) -> String {
    match (missing, due) {
        (Some(missing), _) => format!("no run can start: {missing}"),
        (None, None) => "waiting for somebody to start a run".to_owned(),
        (None, Some(due)) => {
            let is_soon = (due - now).num_hours() < 20; // then the time says which day
            let form = if is_soon { "%H:%M" } else { "%Y-%m-%d %H:%M" };
            format!("next run {}", due.with_timezone(&Local).format(form))
        }
    }
}

/// Tells the supervisor that settings were saved: it takes the level of logging and the secrets to
/// hide from them. Nobody waits for it, and one that is not there reads them when it starts.
pub(crate) fn tell_saved(paths: &PathSettings) {
    let client = Client::<SupervisorLink>::new(paths);
    actix_rt::spawn(async move {
        let request = ToSupervisor::SettingsChanged(SettingsChanged {});
        match timeout(TELL_LIMIT, client.call(request)).await {
            Ok(Ok(_taken)) => {}
            Ok(Err(error @ CallError::Unreachable { .. })) => {
                tracing::debug!("nobody supervises this: {}", Chain(&error));
            }
            Ok(Err(error)) => tracing::warn!(
                "the supervisor does not take the saved settings before it is started anew: {}",
                Chain(&error)
            ),
            Err(_elapsed) => tracing::warn!(
                "the supervisor does not answer, and has perhaps not taken the saved settings"
            ),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use runtime::Environment;
    use std::os::unix::net::UnixDatagram;

    fn at(hour: u32) -> DateTime<Utc> {
        format!("2026-11-21T{hour:02}:00:00Z").parse().unwrap()
    }

    #[test]
    fn what_is_waited_for_is_said_in_words() {
        let local =
            |due: DateTime<Utc>, form: &str| due.with_timezone(&Local).format(form).to_string();
        assert_eq!(
            waiting(Some(at(14)), None, at(12)),
            format!("next run {}", local(at(14), "%H:%M"))
        );
        let days = at(14) + chrono::TimeDelta::days(3);
        assert_eq!(
            waiting(Some(days), None, at(12)),
            format!("next run {}", local(days, "%Y-%m-%d %H:%M"))
        );
        assert_eq!(
            waiting(None, None, at(12)),
            "waiting for somebody to start a run"
        );
        assert_eq!(
            waiting(None, Some("the address of Seerr is not set"), at(12)),
            "no run can start: the address of Seerr is not set"
        );
    }

    #[test]
    fn a_run_is_said_before_what_is_waited_for_and_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify.sock");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        let heard = || {
            let mut bytes = [0; 200];
            let length = socket.recv(&mut bytes).ok()?;
            Some(String::from_utf8(bytes[..length].to_vec()).unwrap())
        };
        let environment = Environment::of([("NOTIFY_SOCKET", path.to_str().unwrap())]);
        let says = Says::new(Readiness::from_environment(&environment));

        says.waiting(None, None, at(12));
        assert_eq!(heard(), None, "before it is ready");
        says.ready();
        let waits = "STATUS=waiting for somebody to start a run";
        assert_eq!(heard(), Some(format!("READY=1\n{waits}")));
        says.waiting(None, None, at(12));
        assert_eq!(heard(), None);
        says.syncing(3);
        assert_eq!(heard().as_deref(), Some("STATUS=syncing 3 lists"));
        says.waiting(None, Some("all"), at(12));
        assert_eq!(heard(), None, "the run goes on");
        says.run_over();
        assert_eq!(heard().as_deref(), Some("STATUS=no run can start: all"));
    }
}
