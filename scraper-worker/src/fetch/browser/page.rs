//! Talks to a running browser through `headless_chrome`: one tab, one page after the other. All calls
//! block, for as long as the browser lives in the worst case, so they run on a thread of their own
//! and whoever waits for them kills the browser when it takes too long.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use headless_chrome::{
    Tab,
    protocol::cdp::{
        Browser::{SetDownloadBehavior, SetDownloadBehaviorBehaviorOption},
        Network::{self, ClearBrowserCookies, ResourceType},
        Page::{AddScriptToEvaluateOnNewDocument, CreateIsolatedWorld, Navigate},
        Runtime::Evaluate,
        types::Event,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fetch::http::USER_AGENT;

/// Neutralises what would wait for a person.
const QUIET: &str = include_str!("quiet.js");
/// Reads a page.
const HARVEST: &str = include_str!("harvest.js");
/// Times a page may go on to another while it is read.
const MOVES: u32 = 8;
/// Bytes of what is read.
const LONGEST: usize = 16 * 1024 * 1024;

/// What the harvest script is told.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Harvesting {
    pub(super) time_ms: u64,
    /// How long nothing may have changed for the page to be through.
    pub(super) quiet_ms: u64,
    /// How long an answer that the page's scripts wait for may take to be part of the page.
    pub(super) answer_ms: u64,
    pub(super) links: u32,
    pub(super) scrolls: u32,
    /// Characters of one text.
    pub(super) text: u32,
    /// Characters of one address.
    pub(super) address: u32,
    /// Characters of all links together.
    pub(super) characters: u32,
}

/// What it saw.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Harvest {
    #[serde(skip_serializing)]
    pub(super) url: String,
    /// 0 where it is unknown.
    #[serde(skip_serializing)]
    pub(super) status: u16,
    title: String,
    links: Vec<Value>,
    counts: Vec<String>,
    scrolled: u32,
    pub(super) is_whole: bool,
    /// Until when the site wants to be left alone, in its own words.
    #[serde(skip)]
    pub(super) retry_after: Option<String>,
}

/// `Retry-After` of the documents that came, by frame.
type Pauses = Arc<Mutex<Vec<(String, Option<String>)>>>;

/// Why a page was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PageError {
    /// The browser does not answer any more.
    Lost(String),
    /// It could not load the page: its name for why, `net::ERR_…`.
    Net(String),
    /// It is something to be saved.
    Download,
    /// It goes on to another page each time.
    Restless,
    /// It is longer than anything a list is.
    TooLarge,
    /// The page cannot be read: why.
    Unreadable(String),
}

/// A connection to a browser, with its tab.
pub(super) struct Session {
    /// Held: the connection ends with it.
    _browser: headless_chrome::Browser,
    tab: Arc<Tab>,
    pauses: Pauses,
    /// `HeadlessChrome/156.0.8078.79`.
    pub(super) product: String,
}

impl Session {
    /// Connects. A call that takes longer than `patience` fails, and so does all that comes after
    /// the connection was silent for that long. Blocks.
    ///
    /// # Errors
    /// When the browser does not answer as expected.
    pub(super) fn connect(address: String, patience: Duration) -> anyhow::Result<Self> {
        let browser = headless_chrome::Browser::connect_with_timeout(address, patience)?;
        let version = browser.get_version()?;
        #[expect(
            deprecated,
            reason = "the browser brings a tab with it; another one takes a second more"
        )]
        let tab = browser.wait_for_initial_tab()?;
        // A browser's own, with our name after it: who looks sees both that it is automated and who
        // does it.
        let agent = format!("{} {USER_AGENT}", version.user_agent);
        tab.set_user_agent(&agent, None, None)?;
        tab.call_method(SetDownloadBehavior {
            behavior: SetDownloadBehaviorBehaviorOption::Deny,
            browser_context_id: None,
            download_path: None,
            events_enabled: None,
        })?;
        tab.call_method(AddScriptToEvaluateOnNewDocument {
            source: QUIET.to_owned(),
            world_name: None,
            include_command_line_api: None,
            run_immediately: None,
        })?;
        let pauses = Pauses::default();
        listen(&tab, &pauses)?;
        Ok(Self {
            _browser: browser,
            tab,
            pauses,
            product: version.product,
        })
    }

    /// Opens a page and reads it. Blocks.
    ///
    /// # Errors
    /// [`PageError`]
    pub(super) fn read(&self, url: &str, harvesting: &Harvesting) -> Result<Harvest, PageError> {
        self.pauses().clear();
        let frame = self.open(url)?;
        for _ in 0..MOVES {
            match self.harvest(&frame, harvesting)? {
                Some(text) if text.len() > LONGEST => return Err(PageError::TooLarge),
                Some(text) => {
                    let read: serde_json::Result<Harvest> = serde_json::from_str(&text);
                    let harvest = read.map_err(|error| PageError::Unreadable(error.to_string()))?;
                    return Ok(Harvest {
                        retry_after: self.pause_of(&frame),
                        ..harvest
                    });
                }
                None => {} // it went on to another page meanwhile
            }
        }
        Err(PageError::Restless)
    }

    fn pauses(&self) -> std::sync::MutexGuard<'_, Vec<(String, Option<String>)>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the last document of a frame said.
    fn pause_of(&self, frame: &str) -> Option<String> {
        let pauses = self.pauses();
        let (_, pause) = pauses.iter().rev().find(|(of, _)| of == frame)?;
        pause.clone()
    }

    /// Leaves the page that was read, with its cookies. Blocks.
    ///
    /// # Errors
    /// [`PageError::Lost`]
    pub(super) fn leave(&self) -> Result<(), PageError> {
        self.open("about:blank")?;
        self.tab
            .call_method(ClearBrowserCookies(None))
            .map_err(lost)?;
        Ok(())
    }

    fn open(&self, url: &str) -> Result<String, PageError> {
        let opened = self
            .tab
            .call_method(Navigate {
                url: url.to_owned(),
                referrer: None,
                transition_Type: None,
                frame_id: None,
                referrer_policy: None,
            })
            .map_err(lost)?;
        if opened.is_download == Some(true) {
            return Err(PageError::Download);
        }
        match opened.error_text {
            Some(error) if !error.is_empty() => Err(PageError::Net(error)),
            _ => Ok(opened.frame_id),
        }
    }

    /// Runs the script in a world of its own; `None` when the page went away under it.
    fn harvest(&self, frame: &str, harvesting: &Harvesting) -> Result<Option<String>, PageError> {
        let world = self.tab.call_method(CreateIsolatedWorld {
            frame_id: frame.to_owned(),
            world_name: Some("listsync".to_owned()),
            grant_univeral_access: None,
        });
        let world = match world {
            Ok(world) => world.execution_context_id,
            Err(error) => return moved(error),
        };
        let limits = serde_json::to_string(harvesting)
            .map_err(|error| PageError::Unreadable(error.to_string()))?;
        let done = self.tab.call_method(Evaluate {
            expression: format!("({HARVEST}\n)({limits})"),
            return_by_value: Some(true),
            await_promise: Some(true),
            context_id: Some(world),
            object_group: None,
            include_command_line_api: None,
            silent: Some(true),
            generate_preview: None,
            user_gesture: None,
            throw_on_side_effect: None,
            timeout: None,
            disable_breaks: None,
            repl_mode: None,
            allow_unsafe_eval_blocked_by_csp: None,
            unique_context_id: None,
            serialization_options: None,
        });
        let done = match done {
            Ok(done) => done,
            Err(error) => return moved(error),
        };
        if let Some(thrown) = done.exception_details {
            let words = thrown.exception.and_then(|error| error.description);
            let words = words.unwrap_or(thrown.text);
            // What follows is where in the script it was.
            let first = words.lines().next().unwrap_or_default();
            let first = first.strip_prefix("Error: ").unwrap_or(first);
            return Err(PageError::Unreadable(first.to_owned()));
        }
        match done.result.value {
            Some(Value::String(text)) => Ok(Some(text)),
            _ => Err(PageError::Unreadable("the script gave nothing".to_owned())),
        }
    }
}

/// Notes what the site's documents say of pauses. Only their heads are kept, no bodies.
fn listen(tab: &Tab, pauses: &Pauses) -> anyhow::Result<()> {
    tab.call_method(Network::Enable {
        max_total_buffer_size: Some(0),
        max_resource_buffer_size: Some(0),
        max_post_data_size: None,
        report_direct_socket_traffic: None,
        enable_durable_messages: None,
    })?;
    let pauses = Arc::clone(pauses);
    tab.add_event_listener(Arc::new(move |event: &Event| {
        let Event::NetworkResponseReceived(event) = event else {
            return;
        };
        if event.params.Type != ResourceType::Document {
            return;
        }
        let frame = event.params.frame_id.clone().unwrap_or_default();
        let pause = pause_in(event.params.response.headers.0.as_ref());
        let mut pauses = pauses.lock().unwrap_or_else(PoisonError::into_inner);
        // A page with endless frames fills no memory.
        if pauses.len() < 1000 {
            pauses.push((frame, pause));
        }
    }))?;
    Ok(())
}

/// `Retry-After` among headers, however it is written.
fn pause_in(headers: Option<&Value>) -> Option<String> {
    let (_, value) = headers?
        .as_object()?
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    value.as_str().map(str::to_owned)
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("product", &self.product)
            .finish_non_exhaustive()
    }
}

/// What the browser says of a call whose page went away.
const MOVED: &[&str] = &[
    "Promise was collected",
    "Inspected target navigated or closed",
    "Cannot find context with specified id",
    "Execution context was destroyed",
    "No frame for given id found",
    "Cannot find default execution context",
];

fn moved<T>(error: anyhow::Error) -> Result<Option<T>, PageError> {
    let text = error.to_string();
    if MOVED.iter().any(|words| text.contains(words)) {
        Ok(None)
    } else {
        Err(lost(error))
    }
}

fn lost(error: anyhow::Error) -> PageError {
    PageError::Lost(format!("{error:#}"))
}
