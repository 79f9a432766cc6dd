//! How a plan looks: what it comes to, a table for each thing to be done, what is left out and why. Pure.

use runtime::counted;
use schema::{
    models::{DecisionKind, MediaType, PlanStatus},
    wire::sync::{PlanCounts, PlanItemView, PlanPage, PlanView, ReasonCount},
};

use super::{
    table::{Cell, Table},
    terminal::{Look, Tone},
};

/// What is to be done, in the order in which it is shown, with its heading.
const GROUPS: [(DecisionKind, &str, Tone); 6] = [
    (DecisionKind::Request, "to request", Tone::Good),
    (DecisionKind::Retry, "to send on once more", Tone::Good),
    (DecisionKind::Withdraw, "to take back", Tone::Warning),
    (DecisionKind::Review, "waiting for you", Tone::Warning),
    (DecisionKind::Wait, "waiting", Tone::Plain),
    (DecisionKind::Skip, "left alone", Tone::Plain),
];

/// What run reports call titles with which nothing is to be done, and entries without a title.
const LEFT_OUT: [(&str, &str); 3] = [
    ("skipped", "skipped"),
    ("needs_review", "entries whose title you have to say"),
    ("not_found", "entries no title was found for"),
];

/// The whole plan.
pub(super) fn text(page: &PlanPage, look: Look) -> String {
    let plan = &page.plan;
    let mut parts = vec![format!(
        "{}\n{}\n",
        headline(plan, look),
        counts(&plan.counts)
    )];
    for (decision, heading, tone) in GROUPS {
        let items: Vec<_> = page
            .items
            .iter()
            .filter(|item| item.decision == decision)
            .collect();
        if !items.is_empty() {
            let heading = look.paint(tone, heading);
            parts.push(format!("{heading}:\n{}", titles(&items, look)));
        }
    }
    for (word, heading) in LEFT_OUT {
        let reasons: Vec<_> = page
            .reasons
            .iter()
            .filter(|reason| reason.decision == word)
            .collect();
        if !reasons.is_empty() {
            parts.push(format!("{heading}:\n{}", left_out(&reasons, look)));
        }
    }
    parts.extend(advice(plan, look));
    parts.join("\n")
}

/// `2 to request (9 seasons), 1 to take back, 200 skipped`; what there is none of is left out.
pub(super) fn counts(counts: &PlanCounts) -> String {
    let seasons = match counts.seasons {
        0 => String::new(),
        seasons => format!(" ({})", counted(seasons, "season", "seasons")),
    };
    let named = [
        (counts.requests, format!("to request{seasons}")),
        (counts.retries, "to send on once more".to_owned()),
        (counts.withdrawals, "to take back".to_owned()),
        (counts.reviews, "waiting for you".to_owned()),
        (counts.waits, "waiting".to_owned()),
        (counts.skips, "skipped".to_owned()),
        (
            counts.needs_review,
            entries(counts.needs_review, "to review"),
        ),
        (
            counts.not_found,
            entries(counts.not_found, "without a title"),
        ),
    ];
    let parts: Vec<String> = named
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    if parts.is_empty() {
        "nothing to do".to_owned()
    } else {
        parts.join(", ")
    }
}

/// What there is of entries, beside their number.
fn entries(number: u32, what: &str) -> String {
    let noun = if number == 1 { "entry" } else { "entries" };
    format!("{noun} {what}")
}

fn headline(plan: &PlanView, look: Look) -> String {
    let at = look.time(plan.closed_at.unwrap_or(plan.expires_at));
    let by = plan
        .applied_by
        .map_or_else(String::new, |run| format!(" by run {run}"));
    let state = match plan.status {
        PlanStatus::Making => "is being made".to_owned(),
        PlanStatus::Open => format!("can be applied until {at}"),
        PlanStatus::Applying => format!("is being applied{by}"),
        PlanStatus::Applied => format!("applied {at}{by}"),
        PlanStatus::Discarded => format!("discarded {at}"),
        PlanStatus::Expired => format!("too old since {}", look.time(plan.expires_at)),
    };
    let undo = plan
        .undoes
        .map_or_else(String::new, |run| format!(" to undo run {run}"));
    format!(
        "plan {}{undo} of run {}, made {}: {state}",
        plan.id,
        plan.made_by,
        look.time(plan.created_at)
    )
}

/// One column: its head, and what a title has there.
type Column = (&'static str, fn(&PlanItemView) -> String);

/// A table with the columns that some title has something for.
fn titles(items: &[&PlanItemView], look: Look) -> String {
    let columns: [Column; 9] = [
        ("title", name),
        ("kind", |item| kind(item.media_type).to_owned()),
        ("seasons", |item| {
            item.seasons
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
        }),
        ("4K", |item| if item.is_4k { "4K" } else { "" }.to_owned()),
        ("for", whom),
        ("lists", |item| item.sources.clone()),
        ("why", |item| item.reason.clone()),
        ("what would change it", |item| {
            item.remedy.clone().unwrap_or_default()
        }),
        ("what came of it", |item| {
            item.outcome.clone().unwrap_or_default()
        }),
    ];
    let used: Vec<Column> = columns
        .into_iter()
        .filter(|(_, cell)| items.iter().any(|item| !cell(item).is_empty()))
        .collect();
    let mut table = Table::new(&used.iter().map(|(head, _)| *head).collect::<Vec<_>>());
    for item in items {
        table.row(used.iter().map(|(_, cell)| Cell::from(cell(item))));
    }
    table.render(look)
}

fn name(item: &PlanItemView) -> String {
    item.year.map_or_else(
        || item.title.clone(),
        |year| format!("{} ({year})", item.title),
    )
}

fn kind(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Movie => "movie",
        MediaType::Tv => "show",
    }
}

/// In whose name is asked, where something is.
fn whom(item: &PlanItemView) -> String {
    match item.decision {
        DecisionKind::Request => format!("user {}", item.requested_as),
        DecisionKind::Retry
        | DecisionKind::Withdraw
        | DecisionKind::Review
        | DecisionKind::Wait
        | DecisionKind::Skip => String::new(),
    }
}

fn left_out(reasons: &[&ReasonCount], look: Look) -> String {
    let mut table = Table::new(&["#number", "reason", "examples"]);
    for reason in reasons {
        table.row([
            reason.titles.into(),
            reason.reason.as_str().into(),
            reason.examples.join(", ").into(),
        ]);
    }
    table.render(look)
}

/// What can be done with it.
fn advice(plan: &PlanView, look: Look) -> Option<String> {
    if plan.status != PlanStatus::Open {
        return None;
    }
    let review = if plan.counts.needs_review > 0 {
        "`listsync review` shows the entries whose title you have to say.\n"
    } else {
        ""
    };
    let id = plan.id;
    Some(format!(
        "`listsync plan apply {id}` carries it out, until {}; what has changed in Seerr by then is left \
         out.\n`listsync plan discard {id}` drops it.\n{review}",
        look.time(plan.expires_at)
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::session::tests::at;
    use schema::models::{ListId, PlanId, RunId};

    pub(in crate::cli) fn plan(id: i32, status: PlanStatus) -> PlanView {
        let is_closed = !matches!(status, PlanStatus::Open | PlanStatus::Applying);
        let is_begun = matches!(status, PlanStatus::Applying | PlanStatus::Applied);
        PlanView {
            id: PlanId(id),
            status,
            target: "seerr".into(),
            made_by: RunId(12),
            counts: PlanCounts {
                requests: 2,
                seasons: 5,
                withdrawals: 1,
                waits: 1,
                skips: 200,
                needs_review: 3,
                ..PlanCounts::default()
            },
            created_at: at(0),
            expires_at: at(24 * 3600),
            closed_at: is_closed.then(|| at(3600)),
            applied_by: is_begun.then_some(RunId(13)),
            undoes: None,
        }
    }

    pub(in crate::cli) fn item(position: i32, title: &str) -> PlanItemView {
        PlanItemView {
            position,
            media_type: MediaType::Movie,
            tmdb_id: i64::from(position),
            title: title.into(),
            year: Some(1995),
            is_4k: false,
            decision: DecisionKind::Request,
            reason: "it is on imdb:top and not in Seerr".into(),
            remedy: None,
            seasons: None,
            request_id: None,
            requested_as: 1,
            lists: vec![ListId(1)],
            sources: "imdb:top".into(),
            outcome: None,
        }
    }

    pub(in crate::cli) fn page() -> PlanPage {
        let reason = |decision: &str, reason: &str, titles| ReasonCount {
            decision: decision.into(),
            reason: reason.into(),
            titles,
            examples: vec!["Alien (1979)".into()],
        };
        let show = PlanItemView {
            media_type: MediaType::Tv,
            is_4k: true,
            seasons: Some([1, 2, 3, 4, 7].into_iter().collect()),
            sources: "trakt:me/best, imdb:top".into(),
            ..item(2, "Dark")
        };
        let withdrawn = PlanItemView {
            decision: DecisionKind::Withdraw,
            reason: "it left imdb:top, which takes back what leaves it".into(),
            request_id: Some(7),
            ..item(3, "Speed")
        };
        let waiting = PlanItemView {
            decision: DecisionKind::Wait,
            reason: "Seerr did not answer; tried again after 2026-03-01 14:00 UTC".into(),
            remedy: Some("Look whether Seerr runs.".into()),
            ..item(4, "Solaris")
        };
        PlanPage {
            plan: plan(4, PlanStatus::Open),
            reasons: vec![
                reason("skipped", "it is in the library", 190),
                reason("skipped", "we have requested it already", 10),
                reason("needs_review", "two titles are equally like it", 3),
            ],
            total: 4,
            items: vec![item(1, "Heat"), show, withdrawn, waiting],
        }
    }

    #[test]
    fn a_plan_tells_what_is_done_what_waits_and_what_is_left_out() {
        insta::assert_snapshot!(text(&page(), Look { utc: true, ..Look::PIPE }), @"
        plan 4 of run 12, made 2026-03-01 12:00: can be applied until 2026-03-02 12:00
        2 to request (5 seasons), 1 to take back, 1 waiting, 200 skipped, 3 entries to review

        to request:
        title        kind   seasons    4K  for     lists                    why
        Heat (1995)  movie                 user 1  imdb:top                 it is on imdb:top and not in Seerr
        Dark (1995)  show   1 to 4, 7  4K  user 1  trakt:me/best, imdb:top  it is on imdb:top and not in Seerr

        to take back:
        title         kind   lists     why
        Speed (1995)  movie  imdb:top  it left imdb:top, which takes back what leaves it

        waiting:
        title           kind   lists     why                                                           what would change it
        Solaris (1995)  movie  imdb:top  Seerr did not answer; tried again after 2026-03-01 14:00 UTC  Look whether Seerr runs.

        skipped:
        number  reason                        examples
           190  it is in the library          Alien (1979)
            10  we have requested it already  Alien (1979)

        entries whose title you have to say:
        number  reason                          examples
             3  two titles are equally like it  Alien (1979)

        `listsync plan apply 4` carries it out, until 2026-03-02 12:00; what has changed in Seerr by then is left out.
        `listsync plan discard 4` drops it.
        `listsync review` shows the entries whose title you have to say.
        ");
    }

    #[test]
    fn a_plan_that_was_applied_tells_what_came_of_each_title() {
        let mut page = page();
        page.plan = plan(4, PlanStatus::Applied);
        page.reasons.clear();
        page.items.truncate(2);
        page.items[0].outcome = Some("requested".into());
        page.items[1].outcome = Some("left out: somebody else has requested it".into());
        insta::assert_snapshot!(text(&page, Look { utc: true, ..Look::PIPE }), @"
        plan 4 of run 12, made 2026-03-01 12:00: applied 2026-03-01 13:00 by run 13
        2 to request (5 seasons), 1 to take back, 1 waiting, 200 skipped, 3 entries to review

        to request:
        title        kind   seasons    4K  for     lists                    why                                 what came of it
        Heat (1995)  movie                 user 1  imdb:top                 it is on imdb:top and not in Seerr  requested
        Dark (1995)  show   1 to 4, 7  4K  user 1  trakt:me/best, imdb:top  it is on imdb:top and not in Seerr  left out: somebody else has requested it
        ");
    }

    #[test]
    fn every_state_is_told_in_the_first_line() {
        let look = Look {
            utc: true,
            ..Look::PIPE
        };
        let told = [
            PlanStatus::Applying,
            PlanStatus::Discarded,
            PlanStatus::Expired,
        ]
        .map(|status| headline(&plan(4, status), look));
        insta::assert_snapshot!(told.join("\n"), @"
        plan 4 of run 12, made 2026-03-01 12:00: is being applied by run 13
        plan 4 of run 12, made 2026-03-01 12:00: discarded 2026-03-01 13:00
        plan 4 of run 12, made 2026-03-01 12:00: too old since 2026-03-02 12:00
        ");
    }

    #[test]
    fn a_plan_with_nothing_to_do_says_so() {
        assert_eq!(counts(&PlanCounts::default()), "nothing to do");
    }

    #[test]
    fn it_fits_a_terminal() {
        let look = Look {
            width: Some(80),
            ..Look::PIPE
        };
        let tables = text(&page(), look);
        let is_drawn = |line: &&str| line.starts_with(['│', '┌', '╞', '├', '└']);
        let mut drawn = tables.lines().filter(is_drawn).peekable();
        assert!(drawn.peek().is_some(), "{tables}");
        assert!(drawn.all(|line| line.chars().count() <= 80), "{tables}");
    }
}
