//! Where log lines go and how they look: tracing to stdout, for people or as JSON. Leaves files and
//! rotation to `supervisor`, which reads our stdout.

use std::{
    backtrace::BacktraceStatus,
    fmt,
    io::IsTerminal,
    sync::{Mutex, OnceLock, PoisonError},
};

use chrono::{SecondsFormat, Utc};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter, Registry,
    fmt::{
        FmtContext, FormatEvent,
        format::{Format, Json, JsonFields, Writer},
        time::FormatTime,
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

use crate::settings::{LogFormat, LogSettings};

/// Libraries that say much on `info` and nothing for the owner.
const QUIET: &str = "actix_server=warn,actix_http=warn,hyper=warn,reqwest=warn,rustls=warn,h2=warn,headless_chrome=off,tungstenite=warn";

/// The filter in force, for [`set_level`]. Logging is one for the process, so this is, too.
static FILTER: OnceLock<Live> = OnceLock::new();

/// A filter that can be exchanged, and the level it was made of.
struct Live {
    filter: reload::Handle<EnvFilter, Registry>,
    level: Mutex<String>,
}

impl Live {
    /// Whether the level is another one now.
    fn set(&self, level: &str) -> Result<bool, reload::Error> {
        let mut current = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        if *current == level {
            return Ok(false);
        }
        self.filter.reload(env_filter(level))?;
        level.clone_into(&mut current);
        Ok(true)
    }
}

/// Logs on this level, or by these directives, from now on. Before [`init`] it does nothing.
pub fn set_level(level: &str) {
    let Some(live) = FILTER.get() else {
        return;
    };
    match live.set(level) {
        Ok(true) => tracing::info!("logging on level {level} from now on"),
        Ok(false) => {}
        Err(error) => tracing::error!("the log's level cannot be changed: {error}"),
    }
}

fn env_filter(level: &str) -> EnvFilter {
    EnvFilter::try_new(filter(level)).unwrap_or_else(|_unreadable| {
        EnvFilter::new("info") // load() has looked at the level already
    })
}

/// Starts logging for this process and makes a panic abort it after saying where it was. A second
/// call changes nothing.
pub fn init(process: &'static str, settings: &LogSettings) {
    init_to(
        process,
        settings,
        std::io::stdout().is_terminal(),
        std::io::stdout,
    );
}

/// As [`init`], to somewhere else than stdout: `writer` gives what one line is written to.
pub fn init_to<W: std::io::Write + 'static>(
    process: &'static str,
    settings: &LogSettings,
    is_terminal: bool,
    writer: impl Fn() -> W + Send + Sync + 'static,
) {
    let (filter, handle) = reload::Layer::new(env_filter(&settings.level));
    let live = Live {
        filter: handle,
        level: Mutex::new(settings.level.clone()),
    };
    let registry = tracing_subscriber::registry().with(filter);
    let started = if is_json(settings.format, is_terminal) {
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines::new(process))
            .with_writer(writer);
        registry.with(layer).try_init()
    } else {
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(is_terminal)
            .event_format(human())
            .with_writer(writer);
        registry.with(layer).try_init()
    };
    match started {
        Ok(()) => {
            if FILTER.set(live).is_err() {
                tracing::error!("the log's level cannot be changed while this process runs");
            }
            abort_on_panic();
        }
        Err(_already_started) => tracing::debug!("logging had been started before"),
    }
}

fn is_json(format: LogFormat, is_terminal: bool) -> bool {
    match format {
        LogFormat::Json => true,
        LogFormat::Human => false,
        LogFormat::Auto => !is_terminal,
    }
}

fn human() -> Format<tracing_subscriber::fmt::format::Compact, Timestamp> {
    tracing_subscriber::fmt::format()
        .with_timer(Timestamp)
        .with_target(false)
        .compact()
}

/// A panic leaves an actor that answers nothing; a process that ends is started anew.
fn abort_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("without a message");
        let trace = std::backtrace::Backtrace::capture(); // empty without RUST_BACKTRACE
        if trace.status() == BacktraceStatus::Captured {
            tracing::error!(panic.location = place, %trace, "panicked: {message}");
        } else {
            tracing::error!(panic.location = place, "panicked: {message}");
        }
        std::process::abort();
    }));
}

/// Turns a level or directives, also in Python's words (`WARNING`, `CRITICAL`), into tracing's.
pub(crate) fn directives(text: &str) -> Option<String> {
    let parts: Option<Vec<String>> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(directive)
        .collect();
    let joined = parts?.join(",");
    let is_readable = !joined.is_empty() && EnvFilter::try_new(&joined).is_ok();
    is_readable.then_some(joined)
}

/// A word alone must be a level: tracing would take a mistyped one for the name of a module.
fn directive(part: &str) -> Option<String> {
    match part.rsplit_once('=') {
        Some((target, level)) => Some(format!("{}={}", target.trim(), level_of(level)?)),
        None => level_of(part).map(str::to_owned),
    }
}

fn level_of(word: &str) -> Option<&'static str> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "trace" => "trace",
        "debug" => "debug",
        "info" | "notset" => "info",
        "warn" | "warning" => "warn",
        "error" | "critical" | "fatal" => "error",
        "off" => "off",
        _ => return None,
    })
}

/// On `info` and above libraries are kept quiet; who asks for more or names modules gets all.
fn filter(level: &str) -> String {
    if level == "info" {
        format!("{level},{QUIET}")
    } else {
        level.to_owned()
    }
}

/// UTC with milliseconds, as in JSON and in the API.
#[derive(Clone, Copy, Debug)]
struct Timestamp;

impl FormatTime for Timestamp {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        writer.write_str(&Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// tracing's JSON with the process in front.
struct JsonLines {
    inner: Format<Json, Timestamp>,
    process: &'static str,
}

impl JsonLines {
    fn new(process: &'static str) -> Self {
        let inner = tracing_subscriber::fmt::format()
            .with_timer(Timestamp)
            .with_target(false)
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true);
        Self { inner, process }
    }
}

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.inner
            .format_event(context, Writer::new(&mut line), event)?;
        // An event of the supervisor may name another process; one key must not be there twice.
        match line.strip_prefix('{') {
            Some(rest) if event.metadata().fields().field("process").is_none() => {
                write!(writer, "{{\"process\":\"{}\",{rest}", self.process)
            }
            _ => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Page {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    fn say() {
        let span = tracing::info_span!("request", request.id = 7);
        let _inside = span.enter();
        tracing::info!(titles = 3, "read a \"list\"");
    }

    #[test]
    fn json_lines_have_time_level_process_message_fields_and_spans() {
        let page = Page::default();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines::new("api"))
            .with_writer(page.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let line: serde_json::Value = serde_json::from_str(&page.text()).unwrap();
        assert_eq!(line["process"], "api");
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "read a \"list\"");
        assert_eq!(line["titles"], 3);
        assert_eq!(line["spans"][0]["name"], "request");
        assert_eq!(line["spans"][0]["request.id"], 7);
        let time = line["timestamp"].as_str().unwrap();
        assert!(time.ends_with('Z') && chrono::DateTime::parse_from_rfc3339(time).is_ok());
    }

    #[test]
    fn an_event_about_another_process_keeps_its_name() {
        let page = Page::default();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines::new("supervisor"))
            .with_writer(page.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::error!(process = "api", "gave up");
        });
        assert_eq!(page.text().matches("\"process\"").count(), 1);
        assert!(page.text().contains(r#""process":"api""#));
    }

    #[test]
    fn human_lines_are_one_line_with_their_fields() {
        let page = Page::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .event_format(human())
            .with_writer(page.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
        let text = page.text();
        assert!(
            text.contains("INFO") && text.contains("read a \"list\" titles=3"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn json_is_for_machines_unless_told_otherwise() {
        assert!(is_json(LogFormat::Auto, false) && !is_json(LogFormat::Auto, true));
        assert!(is_json(LogFormat::Json, true) && !is_json(LogFormat::Human, false));
    }

    #[test]
    fn the_level_is_changed_while_the_process_runs() {
        let page = Page::default();
        let (filter, handle) = reload::Layer::new(env_filter("info"));
        let live = Live {
            filter: handle,
            level: Mutex::new("info".into()),
        };
        let layer = tracing_subscriber::fmt::layer().with_writer(page.clone());
        let subscriber = tracing_subscriber::registry().with(filter).with(layer);
        tracing::subscriber::with_default(subscriber, || {
            // One place in the code: what was decided of it at first must not stay.
            let say = |text: &str| tracing::debug!("{text}");
            say("unheard");
            assert!(live.set("debug").unwrap() && !live.set("debug").unwrap());
            say("heard");
            assert!(live.set("error").unwrap());
            say("unheard again");
        });
        assert!(page.text().contains("heard") && !page.text().contains("unheard"));
    }

    #[test]
    fn levels_are_read_in_our_words_and_pythons_and_mistyped_ones_are_refused() {
        assert_eq!(directives("WARNING").as_deref(), Some("warn"));
        assert_eq!(directives("Critical").as_deref(), Some("error"));
        assert_eq!(
            directives("info, sync_worker=DEBUG").as_deref(),
            Some("info,sync_worker=debug")
        );
        for bad in ["inof", "", "info,api=loud", ","] {
            assert_eq!(directives(bad), None, "{bad}");
        }
    }
}
