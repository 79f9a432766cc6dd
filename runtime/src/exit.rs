//! How a process ends: its exit code and its last words, so that every `main.rs` stays short.

use std::{fmt::Write as _, future::Future, io::Write as _, process::ExitCode};

use crate::{
    chain::Chain, environment::Environment, listen::BindError, settings::SettingsError, zone,
};

/// A fault of ours or of the machine.
pub const SOFTWARE: u8 = 70;
/// The settings cannot be used; starting again changes nothing.
pub const BAD_SETTINGS: u8 = 78;

/// Exit code for an error: 78 when bad settings are among its causes, as a port that cannot be
/// listened on is, else 70.
pub fn code_of(error: &anyhow::Error) -> u8 {
    if error
        .chain()
        .any(|cause| cause.is::<SettingsError>() || cause.is::<BindError>())
    {
        BAD_SETTINGS
    } else {
        SOFTWARE
    }
}

/// Says why the process ends, in the log where there is one and else on stderr, and gives its code.
pub fn report(error: &anyhow::Error) -> ExitCode {
    if tracing::dispatcher::has_been_set() {
        tracing::error!("{}", Chain(error.as_ref()));
    } else {
        let mut text = String::new();
        // Neither can fail in a way that anybody could still be told.
        write!(text, "error: {}", Chain(error.as_ref())).unwrap_or_default();
        writeln!(std::io::stderr(), "{text}").unwrap_or_default();
    }
    ExitCode::from(code_of(error))
}

/// Takes the time zone of the settings, runs `main` on an actix system of one thread and turns its
/// end into an exit code: 0, or what [`code_of`] says. Call it before there is a second thread.
pub fn run<F>(main: impl FnOnce() -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    // One that cannot be read is refused by `main`.
    if let Ok(environment) = Environment::from_process() {
        zone::adopt(&environment, None);
    }
    match actix_rt::System::new().block_on(async { main().await }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn bad_settings_end_with_78_however_deep_and_all_else_with_70() {
        let settings = SettingsError::NoHome {
            variable: "LISTSYNC_DATA_DIR",
            what: "data",
        };
        let error = Err::<(), _>(settings).context("cannot start").unwrap_err();
        assert_eq!(code_of(&error), BAD_SETTINGS);
        let settings = SettingsError::NoHome {
            variable: "LISTSYNC_DATA_DIR",
            what: "data",
        };
        assert_eq!(
            code_of(&crate::BootError::from(settings).into()),
            BAD_SETTINGS
        );
        let address = [127, 0, 0, 1].into();
        let error = anyhow::Error::from(BindError::NoSuchAddress { address });
        assert_eq!(code_of(&error.context("cannot start")), BAD_SETTINGS);
        assert_eq!(code_of(&anyhow::anyhow!("disk full")), SOFTWARE);
    }

    #[test]
    fn main_runs_to_its_end() {
        assert_eq!(run(|| async { Ok(()) }), ExitCode::SUCCESS);
        assert_eq!(
            run(|| async { anyhow::bail!("disk full") }),
            ExitCode::from(SOFTWARE)
        );
    }
}
