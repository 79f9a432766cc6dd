//! How the scraper-worker's browser is, for the check and for whoever asks. Starts none.

use std::time::Duration;

use runtime::{
    Chain,
    socket::{CallError, client::Client},
};
use schema::{
    models::List,
    wire::{
        Failure, FailureCode,
        scraper::{
            BrowserRequest, BrowserState, BrowserStatus, FromScraper, Providers, ScraperLink,
            ToScraper,
        },
        sync::{CheckLine, CheckVerdict},
    },
};
use tokio::time::timeout;

use crate::{
    check::{failed, well},
    engine::Engine,
};

/// How long the scraper-worker may take. It answers at once, or is being restarted.
const LIMIT: Duration = Duration::from_secs(1);

/// Asks the scraper-worker.
///
/// # Errors
/// When it does not answer within a second.
pub(crate) async fn status(engine: &Engine) -> Result<BrowserStatus, Failure> {
    match ask(engine, ToScraper::Browser(BrowserRequest {})).await? {
        FromScraper::Browser(status) => Ok(status),
        other => Err(unexpected(&other)),
    }
}

/// What the check says about it.
pub(crate) async fn line(engine: &Engine) -> CheckLine {
    match (status(engine).await, lists_that_need_it(engine).await) {
        (Ok(status), Ok(lists)) => line_of(&status, lists),
        (Err(failure), _) | (_, Err(failure)) => {
            let mut line = warning(failure.message);
            line.remedy = failure.remedy;
            line
        }
    }
}

fn line_of(status: &BrowserStatus, lists: usize) -> CheckLine {
    let what = status
        .version
        .as_ref()
        .or(status.path.as_ref())
        .map_or("it", String::as_str);
    match (status.state, &status.problem) {
        // A missing one matters to nobody then, unless it is one of the settings.
        (BrowserState::Absent, Some(problem)) if lists == 0 && status.path.is_some() => CheckLine {
            remedy: status.remedy.clone(),
            ..warning(problem.clone())
        },
        (BrowserState::Absent, _) if lists == 0 => {
            well("browser", "none is installed, and no list needs one")
        }
        (BrowserState::Absent, problem) => {
            let problem = problem.as_deref().unwrap_or("no browser is installed");
            let message = match lists {
                1 => format!("{problem}; 1 list needs it"),
                _ => format!("{problem}; {lists} lists need it"),
            };
            failed("browser", message, status.remedy.clone())
        }
        (_, Some(problem)) => CheckLine {
            remedy: status.remedy.clone(),
            ..warning(format!("{what}: {problem}"))
        },
        (BrowserState::Ready, None) => well("browser", format!("{what} runs")),
        (BrowserState::Idle, None) => {
            well("browser", format!("{what}, started when a page needs it"))
        }
    }
}

fn warning(message: String) -> CheckLine {
    CheckLine {
        subject: "browser".to_owned(),
        verdict: CheckVerdict::Warning,
        message,
        remedy: None,
    }
}

async fn lists_that_need_it(engine: &Engine) -> Result<usize, Failure> {
    let sites = match ask(engine, ToScraper::Providers(Providers {})).await? {
        FromScraper::Providers(list) => list.providers,
        other => return Err(unexpected(&other)),
    };
    let lists = engine.db.read(|conn| List::all(conn, false)).await;
    let lists =
        lists.map_err(|error| Failure::new(FailureCode::Internal, Chain(&error).to_string()))?;
    // With a key TMDB's lists are read by its API.
    let has_tmdb_key = engine.settings().settings.providers.tmdb.key.is_some();
    let needs = |name: &str| {
        let is_spared = name == "tmdb" && has_tmdb_key;
        sites
            .iter()
            .any(|site| site.name == name && site.needs_browser && !is_spared)
    };
    Ok(lists
        .iter()
        .filter(|(list, _)| needs(&list.list_type))
        .count())
}

async fn ask(engine: &Engine, request: ToScraper) -> Result<FromScraper, Failure> {
    let client = Client::<ScraperLink>::new(&engine.settings().settings.paths).patient(LIMIT);
    match timeout(LIMIT, client.call(request)).await {
        Ok(answer) => answer.map_err(|error: CallError| error.to_failure()),
        Err(_) => Err(Failure::new(
            FailureCode::Unavailable,
            format!(
                "the scraper-worker did not answer within {} s",
                LIMIT.as_secs()
            ),
        )),
    }
}

fn unexpected(answer: &FromScraper) -> Failure {
    Failure::new(
        FailureCode::Internal,
        format!("the scraper-worker answered something else: {answer:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: BrowserState, problem: Option<&str>) -> BrowserStatus {
        BrowserStatus {
            state,
            path: Some("/usr/bin/chromium".into()),
            version: None,
            is_sandboxed: None,
            problem: problem.map(str::to_owned),
            remedy: problem.map(|_| "Install one.".to_owned()),
        }
    }

    #[test]
    fn a_missing_browser_matters_only_to_lists_that_need_one() {
        let absent = BrowserStatus {
            path: None,
            ..status(BrowserState::Absent, Some("no browser is installed"))
        };
        assert_eq!(line_of(&absent, 0).verdict, CheckVerdict::Well);
        let line = line_of(&absent, 2);
        assert_eq!(line.verdict, CheckVerdict::Failed);
        assert_eq!(line.message, "no browser is installed; 2 lists need it");
        assert_eq!(line.remedy.as_deref(), Some("Install one."));
    }

    #[test]
    fn a_browser_of_the_settings_that_is_missing_is_told_even_if_no_list_needs_it() {
        let missing = status(BrowserState::Absent, Some("/x is not there"));
        let line = line_of(&missing, 0);
        assert_eq!(line.verdict, CheckVerdict::Warning);
        assert_eq!(line.message, "/x is not there");
        assert_eq!(line.remedy.as_deref(), Some("Install one."));
    }

    #[test]
    fn a_browser_without_its_sandbox_is_a_warning() {
        let line = line_of(&status(BrowserState::Idle, Some("without its sandbox")), 0);
        assert_eq!(line.verdict, CheckVerdict::Warning);
        assert_eq!(line.message, "/usr/bin/chromium: without its sandbox");
        assert!(line.remedy.is_some());
        let line = line_of(&status(BrowserState::Ready, None), 1);
        assert_eq!(line.verdict, CheckVerdict::Well);
        assert_eq!(line.message, "/usr/bin/chromium runs");
    }
}
