//! Looks whether everything a run needs is well, one line for each thing.
//!
//! The quick look is a container's health check: what others are to blame for, or nobody has set yet, is a
//! warning there, because starting us again would mend none of it.

use std::time::Duration;

use runtime::{Chain, Secret, counted, settings::SeerrSettings, socket::Answers};
use schema::{
    models::{FetchKind, List},
    wire::{
        scraper::{FetchList, FetchOutcome, FromScraper, ToScraper},
        sync::{CheckLine, CheckVerdict, FromSyncWorker, SyncLink, TestTarget},
    },
};

use crate::{
    browser, credential, custom,
    engine::Engine,
    missing, sign_in,
    target::{Seerr, Target, TargetInfo, TargetWarning},
};

/// How long the quick look waits for the target: less than engines give a health check.
const QUICK_LIMIT: Duration = Duration::from_secs(3);

/// Answers with a line for each thing; the last line is the run's own readiness.
pub(crate) async fn answer(engine: &Engine, quick: bool, answers: Answers<SyncLink>) {
    let told = |line| if quick { as_a_warning(line) } else { line };
    let mut lines = vec![database(engine).await];
    if quick {
        lines.extend(quick_target(engine).await.into_iter().map(told));
    } else {
        lines.extend(target(engine).await);
    }
    lines.push(told(browser::line(engine).await));
    for line in lines {
        if answers.more(FromSyncWorker::CheckLine(line)).await.is_err() {
            return;
        }
    }
    for line in sign_in::check_lines(engine).await {
        let line = FromSyncWorker::CheckLine(told(line));
        if answers.more(line).await.is_err() {
            return;
        }
    }
    let lists = engine
        .db
        .read(|conn| List::all(conn, false))
        .await
        .unwrap_or_else(|error| {
            tracing::error!("{}", Chain(&error));
            Vec::new()
        });
    let mut last = lists_line(lists.len());
    for (list, _) in lists {
        if let Some(waiting) = waiting(&list) {
            let line = std::mem::replace(&mut last, waiting);
            if answers.more(FromSyncWorker::CheckLine(line)).await.is_err() {
                return;
            }
        }
        let line = if quick || list.list_type == custom::LIST_TYPE {
            told(remembered(&list))
        } else {
            tried(engine, &list).await
        };
        let line = std::mem::replace(&mut last, line);
        if answers.more(FromSyncWorker::CheckLine(line)).await.is_err() {
            return;
        }
    }
    answers.last(FromSyncWorker::CheckLine(last)).await;
}

pub(crate) fn well(subject: impl Into<String>, message: impl Into<String>) -> CheckLine {
    CheckLine {
        subject: subject.into(),
        verdict: CheckVerdict::Well,
        message: message.into(),
        remedy: None,
    }
}

pub(crate) fn failed(
    subject: impl Into<String>,
    message: impl Into<String>,
    remedy: Option<String>,
) -> CheckLine {
    CheckLine {
        subject: subject.into(),
        verdict: CheckVerdict::Failed,
        message: message.into(),
        remedy,
    }
}

fn warning(subject: impl Into<String>, warning: TargetWarning) -> CheckLine {
    CheckLine {
        subject: subject.into(),
        verdict: CheckVerdict::Warning,
        message: warning.what,
        remedy: Some(warning.remedy),
    }
}

async fn database(engine: &Engine) -> CheckLine {
    let path = engine.settings().settings.paths.database();
    match engine.db.try_writing().await {
        Ok(()) => well("database", format!("{} can be written", path.display())),
        Err(error) => failed(
            "database",
            Chain(&error).to_string(),
            Some("Look at the disk's free space and the folder's owner.".to_owned()),
        ),
    }
}

fn as_a_warning(mut line: CheckLine) -> CheckLine {
    if line.verdict == CheckVerdict::Failed {
        line.verdict = CheckVerdict::Warning;
    }
    line
}

async fn quick_target(engine: &Engine) -> Vec<CheckLine> {
    let asked = async {
        match made(engine) {
            Ok(target) => asked(&target).await,
            Err(line) => vec![line],
        }
    };
    let asked = tokio::time::timeout(QUICK_LIMIT, asked).await;
    asked.unwrap_or_else(|_late| {
        let waited = format!("no answer within {} s", QUICK_LIMIT.as_secs());
        vec![failed("target", waited, None)]
    })
}

async fn target(engine: &Engine) -> Vec<CheckLine> {
    match made(engine) {
        Ok(target) => asked_at_length(&target).await,
        Err(line) => vec![line],
    }
}

/// The target of the settings, or what is missing there.
fn made(engine: &Engine) -> Result<Seerr, CheckLine> {
    if let Some(missing) = missing::target(engine).into_iter().next() {
        return Err(failed("target", missing.what, Some(missing.remedy)));
    }
    with(&engine.settings().settings.seerr)
}

fn with(seerr: &SeerrSettings) -> Result<Seerr, CheckLine> {
    Seerr::new(seerr).map_err(|error| failed("target", Chain(&error).to_string(), None))
}

/// Tries an address and a key before they are saved.
pub(crate) async fn target_with(engine: &Engine, test: TestTarget) -> CheckLine {
    let mut seerr = engine.settings().settings.seerr.clone();
    seerr.url = Some(test.url);
    seerr.api_key = Some(Secret::new(test.api_key));
    match with(&seerr) {
        Ok(target) => in_one(asked(&target).await),
        Err(line) => line,
    }
}

/// One line for what was to be told in several.
fn in_one(lines: Vec<CheckLine>) -> CheckLine {
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_else(|| well("target", ""));
    lines.fold(first, |whole, line| CheckLine {
        subject: whole.subject,
        verdict: line.verdict,
        message: format!("{}; {}", whole.message, line.message),
        remedy: whole.remedy.or(line.remedy),
    })
}

/// How the target is, and what else a person should know of it.
async fn asked(target: &impl Target) -> Vec<CheckLine> {
    match target.check().await {
        Ok(info) => {
            let warnings = info.warnings.clone();
            let mut lines = vec![answered(&info)];
            lines.extend(warnings.into_iter().map(|what| warning("target", what)));
            lines
        }
        Err(error) => vec![failed("target", Chain(&error).to_string(), error.remedy())],
    }
}

/// The same with what takes longer to find out.
async fn asked_at_length(target: &impl Target) -> Vec<CheckLine> {
    let mut lines = asked(target).await;
    if lines
        .iter()
        .all(|line| line.verdict != CheckVerdict::Failed)
    {
        let troubles = target.troubles().await;
        lines.extend(troubles.into_iter().map(|what| warning("target", what)));
    }
    lines
}

fn answered(info: &TargetInfo) -> CheckLine {
    if info.can_request {
        return well("target", described(info));
    }
    failed(
        "target",
        format!(
            "{} {}: the user may not request anything",
            info.product, info.version
        ),
        Some(
            "Give the user the right to request in Seerr's Users > Edit > Permissions.".to_owned(),
        ),
    )
}

fn described(info: &TargetInfo) -> String {
    let quality = match (info.has_4k_movies, info.has_4k_shows) {
        (true, true) => ", 4K for movies and shows",
        (true, false) => ", 4K for movies",
        (false, true) => ", 4K for shows",
        (false, false) => "",
    };
    format!(
        "{} {}, asking as user {}{quality}",
        info.product, info.version, info.user_id
    )
}

fn lists_line(lists: usize) -> CheckLine {
    if lists == 0 {
        return CheckLine {
            subject: "lists".to_owned(),
            verdict: CheckVerdict::Warning,
            message: "there is no list to read".to_owned(),
            remedy: Some("Add one with `listsync lists add ADDRESS`.".to_owned()),
        };
    }
    well("lists", format!("{lists} to read"))
}

fn subject(list: &List) -> String {
    format!("list {} {}", list.id, list.description)
}

/// That what a new list asks for waits for a yes.
fn waiting(list: &List) -> Option<CheckLine> {
    let titles = list.waiting_titles.filter(|_| list.ask_first)?;
    let id = list.id;
    Some(CheckLine {
        subject: subject(list),
        verdict: CheckVerdict::Warning,
        message: format!(
            "it is new and waits for a yes: {}",
            counted(titles, "title", "titles")
        ),
        remedy: Some(format!(
            "Look at them with `listsync sync {id} --plan`, then say yes with `listsync lists accept {id}` \
             or let the list go with `listsync lists remove {id}`."
        )),
    })
}

/// How the last reading ended.
fn remembered(list: &List) -> CheckLine {
    let reason = list.status_reason.clone().unwrap_or_default();
    match list.status {
        FetchKind::New => well(subject(list), "not read yet"),
        FetchKind::Complete => {
            let entries = counted(list.item_count, "entry", "entries");
            well(subject(list), entries)
        }
        FetchKind::Frozen => CheckLine {
            subject: subject(list),
            verdict: CheckVerdict::Warning,
            message: reason,
            remedy: Some(format!(
                "Accept it with `listsync lists accept {}`.",
                list.id
            )),
        },
        FetchKind::Partial => CheckLine {
            subject: subject(list),
            verdict: CheckVerdict::Warning,
            message: format!("read in part: {reason}"),
            remedy: None,
        },
        FetchKind::Refused | FetchKind::Failed => failed(subject(list), reason, None),
    }
}

/// Reads the top of the list now.
async fn tried(engine: &Engine, list: &List) -> CheckLine {
    let mut given = credential::of(engine, &list.list_type, &list.list_id).await;
    let request = FetchList {
        list: None,
        list_type: list.list_type.clone(),
        list_id: list.list_id.clone(),
        item_limit: Some(1),
        credential: given.credential.take(),
        known: None,
    };
    let reading = async {
        let mut answers = engine
            .scraper()
            .stream(ToScraper::FetchList(request))
            .await?;
        let mut outcome = None;
        while let Some(answer) = answers.next().await? {
            if let FromScraper::ListFetched(fetched) = answer {
                outcome = Some(fetched);
            }
        }
        Ok::<_, runtime::socket::client::CallError>(outcome)
    };
    let read = reading.await;
    match read.map(|fetched| fetched.map(|fetched| given.explained(fetched))) {
        Ok(Some(fetched)) => match fetched.outcome {
            FetchOutcome::Complete => {
                let announced = fetched.announced.map_or_else(String::new, |announced| {
                    format!(", {}", counted(announced, "entry", "entries"))
                });
                well(subject(list), format!("can be read{announced}"))
            }
            FetchOutcome::Partial { reason, .. } => CheckLine {
                subject: subject(list),
                verdict: CheckVerdict::Warning,
                message: reason,
                remedy: None,
            },
            FetchOutcome::Refused { reason, remedy, .. } => {
                failed(subject(list), reason, Some(remedy))
            }
            FetchOutcome::Failed { reason, .. } => failed(subject(list), reason, None),
        },
        Ok(None) => failed(subject(list), "the reading ended without a result", None),
        Err(error) => failed(
            subject(list),
            Chain(&error).to_string(),
            error.remedy().map(str::to_owned),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::in_memory::InMemory;

    fn about(what: &str) -> TargetWarning {
        TargetWarning {
            what: what.to_owned(),
            remedy: format!("Mend {what}."),
        }
    }

    fn told(lines: &[CheckLine]) -> Vec<(CheckVerdict, &str)> {
        lines
            .iter()
            .map(|line| (line.verdict, line.message.as_str()))
            .collect()
    }

    #[actix_rt::test]
    async fn what_the_target_warns_of_are_lines_of_their_own_and_no_failures() {
        let target = InMemory::new()
            .warning(about("its age"))
            .trouble(about("Radarr"));
        let lines = asked(&target).await;
        assert_eq!(
            told(&lines),
            [
                (CheckVerdict::Well, "Shelf 1, asking as user 1"),
                (CheckVerdict::Warning, "its age"),
            ]
        );
        assert_eq!(lines[1].remedy.as_deref(), Some("Mend its age."));
        let lines = asked_at_length(&target).await;
        assert_eq!(told(&lines)[2..], [(CheckVerdict::Warning, "Radarr")]);
        let line = in_one(lines);
        assert_eq!(line.verdict, CheckVerdict::Warning);
        assert_eq!(line.message, "Shelf 1, asking as user 1; its age; Radarr");
        assert_eq!(line.remedy.as_deref(), Some("Mend its age."));
    }

    #[actix_rt::test]
    async fn a_target_that_does_not_answer_is_not_asked_for_more() {
        let target = InMemory::new().trouble(about("Radarr"));
        target.change(|shelf| shelf.is_down = true);
        let lines = asked_at_length(&target).await;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].verdict, CheckVerdict::Failed);
        assert!(lines[0].remedy.is_some());
    }
}
