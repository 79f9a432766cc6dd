//! Asks a person on the terminal. Leaves what is asked, and ending it all on Ctrl-C, to `setup`.

use std::io;

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};

use super::{error::CommandError, terminal::Terminal};

/// Whoever can be asked.
pub(super) trait Prompt {
    /// Asks for a line; empty when nothing was typed.
    ///
    /// # Errors
    /// [`CommandError::Interrupted`] at the end of input.
    async fn line(&self, question: &str) -> Result<String, CommandError>;

    /// The same without showing what is typed.
    ///
    /// # Errors
    /// As [`Prompt::line`].
    async fn secret(&self, question: &str) -> Result<String, CommandError>;
}

/// The keyboard.
#[derive(Debug)]
pub(super) struct Keyboard {
    terminal: Terminal,
}

impl Keyboard {
    /// The one that belongs to `terminal`.
    pub(super) fn new(terminal: Terminal) -> Self {
        Self { terminal }
    }

    async fn ask(&self, question: &str) -> Result<String, CommandError> {
        self.terminal.ask(question)?;
        let (send, typed) = tokio::sync::oneshot::channel();
        // A thread of its own, which the process does not wait for when it ends.
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin()
                .read_line(&mut line)
                .map(|length| (length > 0).then_some(line));
            // Nobody waits any more after Ctrl-C.
            drop(send.send(read));
        });
        match typed.await {
            Ok(Ok(Some(line))) => Ok(line.trim().to_owned()),
            Ok(Ok(None)) | Err(_) => Err(interrupted(&self.terminal)),
            Ok(Err(error)) => Err(CommandError::told(
                format!("cannot read what was typed: {error}"),
                "Try it in another terminal.",
            )),
        }
    }
}

impl Prompt for Keyboard {
    async fn line(&self, question: &str) -> Result<String, CommandError> {
        self.ask(question).await
    }

    async fn secret(&self, question: &str) -> Result<String, CommandError> {
        let hidden = Hidden::begin();
        let typed = self.ask(question).await;
        drop(hidden);
        self.terminal.tell("");
        typed
    }
}

/// What ends the conversation before its end.
pub(super) fn interrupted(terminal: &Terminal) -> CommandError {
    terminal.tell("");
    CommandError::Interrupted("ended; what was not saved until here is not kept".into())
}

/// While it lives the terminal does not show what is typed.
struct Hidden {
    before: Option<Termios>,
}

impl Hidden {
    /// A terminal that cannot hide leaves the typing visible, which is no reason not to ask.
    fn begin() -> Self {
        let Ok(before) = tcgetattr(io::stdin()) else {
            return Self { before: None };
        };
        let mut hiding = before.clone();
        hiding.local_flags.remove(LocalFlags::ECHO);
        let is_hidden = tcsetattr(io::stdin(), SetArg::TCSAFLUSH, &hiding).is_ok();
        Self {
            before: is_hidden.then_some(before),
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // There is nobody to tell that could do more than type `reset`.
            tcsetattr(io::stdin(), SetArg::TCSAFLUSH, before).unwrap_or_default();
        }
    }
}
