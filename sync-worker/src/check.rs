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
    target::{Seerr, Target, TargetInfo},
};

/// How long the quick look waits for the target: less than engines give a health check.
const QUICK_LIMIT: Duration = Duration::from_secs(3);

/// Answers with a line for each thing; the last line is the run's own readiness.
pub(crate) async fn answer(engine: &Engine, quick: bool, answers: Answers<SyncLink>) {
    let told = |line| if quick { as_a_warning(line) } else { line };
    let lines = [
        database(engine).await,
        told(if quick {
            quick_target(engine).await
        } else {
            target(engine).await
        }),
        told(browser::line(engine).await),
    ];
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

async fn quick_target(engine: &Engine) -> CheckLine {
    let asked = tokio::time::timeout(QUICK_LIMIT, target(engine)).await;
    asked.unwrap_or_else(|_late| {
        let waited = format!("no answer within {} s", QUICK_LIMIT.as_secs());
        failed("target", waited, None)
    })
}

async fn target(engine: &Engine) -> CheckLine {
    if let Some(missing) = missing::target(engine).into_iter().next() {
        return failed("target", missing.what, Some(missing.remedy));
    }
    let settings = engine.settings();
    asked(&settings.settings.seerr).await
}

/// Tries an address and a key before they are saved.
pub(crate) async fn target_with(engine: &Engine, test: TestTarget) -> CheckLine {
    let mut seerr = engine.settings().settings.seerr.clone();
    seerr.url = Some(test.url);
    seerr.api_key = Some(Secret::new(test.api_key));
    asked(&seerr).await
}

async fn asked(seerr: &SeerrSettings) -> CheckLine {
    let target = match Seerr::new(seerr) {
        Ok(target) => target,
        Err(error) => return failed("target", Chain(&error).to_string(), None),
    };
    match target.check().await {
        Ok(info) if !info.can_request => failed(
            "target",
            format!(
                "{} {}: the user may not request anything",
                info.product, info.version
            ),
            Some(
                "Give the user the right to request in Seerr's Users > Edit > Permissions."
                    .to_owned(),
            ),
        ),
        Ok(info) => well("target", described(&info)),
        Err(error) => failed("target", Chain(&error).to_string(), error.remedy()),
    }
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
