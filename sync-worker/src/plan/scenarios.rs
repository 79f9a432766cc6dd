//! The tables in `scenarios/`: every row is one title with what is known of it and what is decided.
//!
//! A row has nine columns: what it shows; the wish; our ledger; what the target has; its requests,
//! the newest first; what is known of a show's seasons; the decision; the reason; what would change it.
//! `-` is nothing, `…` at the end of the last two stands for any further words. Moments are minutes
//! (`refused@10`); it is minute 20, this process started in minute 12 and its run in minute 18. `no@10`
//! beside what the target has is when it says that the no was said.

use schema::models::{
    LedgerStatus, ListId, MediaType, SeasonFacts, SeasonNumbers, SeasonState, TitleRef,
};

use super::{
    Consent, SeasonsWanted, Verdict,
    world::{TMDB_ID, World, at, ledger, media, recorded, today},
};
use crate::target::{MediaRow, MediaStatus, RequestStatus, SeasonRow, TargetRequest};

const TABLES: [(&str, &str); 12] = [
    ("movies", include_str!("scenarios/movies.txt")),
    ("refusals", include_str!("scenarios/refusals.txt")),
    ("unsettled", include_str!("scenarios/unsettled.txt")),
    ("failures", include_str!("scenarios/failures.txt")),
    ("first_seasons", include_str!("scenarios/first_seasons.txt")),
    ("more_seasons", include_str!("scenarios/more_seasons.txt")),
    ("qualities", include_str!("scenarios/qualities.txt")),
    ("left", include_str!("scenarios/left.txt")),
    ("new_lists", include_str!("scenarios/new_lists.txt")),
    ("undone", include_str!("scenarios/undone.txt")),
    ("no_tvdb_id", include_str!("scenarios/no_tvdb_id.txt")),
    (
        "faults_of_others",
        include_str!("scenarios/faults_of_others.txt"),
    ),
];

const COLUMNS: usize = 9;

/// Rows there are at least: fewer means that a table is not read.
const AT_LEAST: usize = 400;

struct Scenario {
    name: String,
    world: World,
    verdict: Verdict,
    why: String,
    remedy: String,
}

fn scenarios() -> Vec<Scenario> {
    TABLES
        .iter()
        .flat_map(|(table, text)| {
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(move |line| {
                    scenario(line).unwrap_or_else(|fault| panic!("{table}: {fault}: {line}"))
                })
        })
        .collect()
}

fn scenario(line: &str) -> Result<Scenario, String> {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [
        name,
        wish,
        ledger,
        target,
        requests,
        facts,
        decision,
        why,
        remedy,
    ] = <[&str; COLUMNS]>::try_from(cells).map_err(|cells| format!("{} columns", cells.len()))?;
    let mut world = wished(wish)?;
    recorded_as(&mut world, ledger)?;
    shown(&mut world, target)?;
    world.requests = listed(requests, ';')
        .map(|words| requested(&world, words))
        .collect::<Result<_, _>>()?;
    known(&mut world, facts)?;
    Ok(Scenario {
        name: name.to_owned(),
        world,
        verdict: verdict(decision)?,
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    })
}

fn listed(cell: &str, separator: char) -> impl Iterator<Item = &str> {
    cell.split(separator)
        .map(str::trim)
        .filter(|word| !word.is_empty() && *word != "-")
}

fn wished(cell: &str) -> Result<World, String> {
    let mut words = listed(cell, ' ');
    let mut world = World::new(match words.next() {
        Some("movie") => MediaType::Movie,
        Some("show") => MediaType::Tv,
        other => return Err(format!("neither movie nor show: {other:?}")),
    });
    let wish = &mut world.wish;
    for word in words {
        match word.split_once(['@', '=']) {
            Some(("undo", request)) => world.undoes = Some(read(request)?),
            None if word == "4k" => wish.is_4k = true,
            None if word == "left" => wish.lists.clear(),
            None if word == "withdraws" => wish.withdraws = true,
            None if word == "elsewhere" => wish.is_wanted_elsewhere = true,
            Some(("returned", minute)) => wish.returned_at = Some(at(read(minute)?)),
            Some(("since", minute)) => wish.wanted_since = Some(at(read(minute)?)),
            Some(("seasons", seasons)) => wish.seasons = SeasonsWanted::Some(numbers(seasons)?),
            // All the lists that ask for it are new, and the first would ask for so many titles.
            Some(("waits", titles)) => {
                let (list, titles) = (ListId(1), read(titles)?);
                wish.consent = Consent::Missing { list, titles };
            }
            None if word == "new-list" => wish.consent = Consent::Open { list: ListId(1) },
            Some(("lists", sources)) => wish.sources = sources.replace(',', ", "),
            _ => return Err(unknown(word)),
        }
    }
    Ok(world)
}

fn recorded_as(world: &mut World, cell: &str) -> Result<(), String> {
    let mut words = listed(cell, ' ');
    let Some(status) = words.next() else {
        return Ok(());
    };
    let mut row = ledger(read::<LedgerStatus>(status)?);
    for word in words {
        match word.split_once(['@', '=', '#']) {
            Some(("", id)) => (row.request_id, row.created_by_us) = (Some(read(id)?), true),
            Some(("theirs", id)) => row.request_id = Some(read(id)?),
            Some(("attempts", times)) => row.attempts = read(times)?,
            Some(("retry", minute)) => row.retry_at = Some(at(read(minute)?)),
            Some(("sent", minute)) => row.requesting_since = Some(at(read(minute)?)),
            Some(("after", id)) => row.request_after = Some(read(id)?),
            Some(("as", user)) => row.asked_as_user = Some(read(user)?),
            Some(("refused", minute)) => row.refused_at = Some(at(read(minute)?)),
            Some(("shown", minute)) => row.requested_at = Some(at(read(minute)?)),
            Some(("changed", minute)) => row.last_synced = at(read(minute)?),
            Some(("asked", what)) => {
                let (seasons, id) = what.split_once('#').ok_or_else(|| unknown(word))?;
                let id = Some(read(id)?);
                let seasons = numbers(seasons)?.0.into_iter();
                world
                    .asked
                    .extend(seasons.map(|one| recorded(one, id, SeasonState::Requested)));
            }
            Some(("nothing-left", seasons)) => {
                let seasons = numbers(seasons)?.0.into_iter();
                world
                    .asked
                    .extend(seasons.map(|one| recorded(one, None, SeasonState::Adopted)));
            }
            _ => return Err(unknown(word)),
        }
    }
    row.media_type = world.wish.media_type;
    row.is_4k = world.wish.is_4k;
    world.ledger = Some(row);
    Ok(())
}

fn shown(world: &mut World, cell: &str) -> Result<(), String> {
    let mut seasons: Vec<SeasonRow> = Vec::new();
    for word in listed(cell, ' ') {
        if word == "no-4k-server" {
            world.has_4k_server = false;
            continue;
        }
        if let Some(minute) = word.strip_prefix("no@") {
            world.refused_at = Some(at(read(minute)?));
            continue;
        }
        let (is_4k, rest) = match word.strip_prefix("4k:") {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        let row = world
            .media
            .get_or_insert_with(|| media(MediaStatus::Unknown));
        if rest == "handed-on" {
            let handed_on = if is_4k {
                &mut row.is_handed_on_4k
            } else {
                &mut row.is_handed_on
            };
            *handed_on = true;
            continue;
        }
        let Some((names, status)) = rest.split_once('=') else {
            set(row, is_4k, media_status(rest)?);
            continue;
        };
        for season in numbers(names.strip_prefix('s').ok_or_else(|| unknown(word))?)?.0 {
            let place = seasons.iter().position(|row| row.season == season);
            let place = place.unwrap_or_else(|| {
                seasons.push(SeasonRow {
                    season,
                    status: MediaStatus::Unknown,
                    status_4k: MediaStatus::Unknown,
                });
                seasons.len() - 1
            });
            if is_4k {
                seasons[place].status_4k = media_status(status)?;
            } else {
                seasons[place].status = media_status(status)?;
            }
        }
    }
    if let Some(row) = &mut world.media {
        row.seasons = seasons.into();
    }
    Ok(())
}

fn set(row: &mut MediaRow, is_4k: bool, status: MediaStatus) {
    if is_4k {
        row.status_4k = status;
    } else {
        row.status = status;
    }
}

fn requested(world: &World, words: &str) -> Result<TargetRequest, String> {
    let mut request = TargetRequest {
        id: 0,
        media_type: world.wish.media_type,
        tmdb_id: TMDB_ID,
        is_4k: false,
        status: RequestStatus::Pending,
        requested_by: Some(9),
        seasons: Vec::new(),
    };
    for word in listed(words, ' ') {
        match word.split_once(['#', '=']) {
            Some(("", id)) => request.id = read(id)?,
            Some(("as", user)) => request.requested_by = Some(read(user)?),
            Some(("seasons", seasons)) => {
                request.seasons = numbers(seasons)?.0.into_iter().collect();
            }
            Some(("of", "movie")) => request.media_type = MediaType::Movie,
            Some(("of", "show")) => request.media_type = MediaType::Tv,
            Some(("state", state)) => request.status = RequestStatus::Other(read(state)?),
            None if word == "4k" => request.is_4k = true,
            None if word == "by-nobody" => request.requested_by = None,
            None => request.status = request_status(word)?,
            _ => return Err(unknown(word)),
        }
    }
    Ok(request)
}

fn known(world: &mut World, cell: &str) -> Result<(), String> {
    if cell == "-" {
        return Ok(());
    }
    let mut facts = schema::models::TitleFacts {
        title: TitleRef(1),
        seasons: Vec::new(),
        has_ended: false,
        has_tvdb_id: true,
        known_at: at(0),
        refresh_at: at(10),
    };
    for word in listed(cell, ' ') {
        let (seasons, when) = word.split_once('@').unwrap_or((word, "last-year"));
        if word == "no-tvdb-id" {
            facts.has_tvdb_id = false;
            continue;
        }
        if word == "none" {
            continue;
        }
        let airs_on = match when {
            "last-year" => today().checked_sub_days(chrono::Days::new(365)),
            "today" => Some(today()),
            "tomorrow" => today().succ_opt(),
            "some-day" => None,
            _ => return Err(unknown(word)),
        };
        let seasons = numbers(seasons)?.0.into_iter();
        facts
            .seasons
            .extend(seasons.map(|season| SeasonFacts { season, airs_on }));
    }
    world.facts = Some(facts);
    Ok(())
}

fn verdict(cell: &str) -> Result<Verdict, String> {
    let words: Vec<&str> = cell.split(' ').collect();
    let id = |word: &str| read(word.strip_prefix('#').ok_or_else(|| unknown(word))?);
    Ok(match words.as_slice() {
        ["request"] => Verdict::Request { seasons: None },
        ["request", seasons] => Verdict::Request {
            seasons: Some(numbers(seasons)?),
        },
        ["retry", request, whose @ ("ours" | "theirs")] => Verdict::Retry {
            request_id: id(request)?,
            is_ours: *whose == "ours",
        },
        ["withdraw", request] => Verdict::Withdraw {
            request_id: id(request)?,
        },
        ["skip", status] => Verdict::Skip {
            status: read(status)?,
            request_id: None,
            created_by_us: false,
        },
        ["skip", status, request, whose @ ("ours" | "theirs")] => Verdict::Skip {
            status: read(status)?,
            request_id: Some(id(request)?),
            created_by_us: *whose == "ours",
        },
        ["wait"] => Verdict::Wait,
        ["put-off", attempts] => Verdict::PutOff {
            attempts: read(attempts)?,
        },
        ["review"] => Verdict::Review,
        ["settle", until] => Verdict::Settle {
            until: at(read(until)?),
        },
        ["ask-facts"] => Verdict::AskFacts,
        _ => return Err(unknown(cell)),
    })
}

fn media_status(word: &str) -> Result<MediaStatus, String> {
    Ok(match word {
        "unknown" => MediaStatus::Unknown,
        "pending" => MediaStatus::Pending,
        "processing" => MediaStatus::Processing,
        "partial" => MediaStatus::Partial,
        "available" => MediaStatus::Available,
        "blocklisted" => MediaStatus::Blocklisted,
        "deleted" => MediaStatus::Deleted,
        "state-9" => MediaStatus::Other(9),
        _ => return Err(unknown(word)),
    })
}

fn request_status(word: &str) -> Result<RequestStatus, String> {
    Ok(match word {
        "pending" => RequestStatus::Pending,
        "approved" => RequestStatus::Approved,
        "declined" => RequestStatus::Declined,
        "failed" => RequestStatus::Failed,
        "completed" => RequestStatus::Completed,
        _ => return Err(unknown(word)),
    })
}

/// `1,2` and `1..4`.
fn numbers(word: &str) -> Result<SeasonNumbers, String> {
    let mut found = SeasonNumbers::default();
    for part in word.split(',') {
        let (first, last) = part.split_once("..").unwrap_or((part, part));
        found.0.extend(read::<i32>(first)?..=read::<i32>(last)?);
    }
    Ok(found)
}

/// A number, or a word of the ledger.
fn read<N>(word: &str) -> Result<N, String>
where
    N: std::str::FromStr<Err: std::fmt::Display>,
{
    word.parse().map_err(|error| format!("`{word}`: {error}"))
}

fn unknown(word: &str) -> String {
    format!("`{word}` is no word of these tables")
}

/// Whether `text` is what the cell says.
fn is_said(cell: &str, text: Option<&str>) -> bool {
    match (cell.strip_suffix('…'), text) {
        (Some(beginning), Some(text)) => text.starts_with(beginning),
        (None, Some(text)) => cell == text,
        (_, None) => cell == "-",
    }
}

#[test]
fn every_scenario_is_decided_as_its_row_says() {
    let faults: Vec<String> = scenarios()
        .iter()
        .filter_map(|scenario| {
            let decided = scenario.world.decide();
            let is_right = decided.verdict == scenario.verdict
                && is_said(&scenario.why, Some(&decided.reason))
                && is_said(&scenario.remedy, decided.remedy.as_deref());
            (!is_right).then(|| {
                format!(
                    "{}\n   expected {:?}\n   decided  {:?}\n   because\t{}\n   unless\t{}",
                    scenario.name,
                    scenario.verdict,
                    decided.verdict,
                    decided.reason,
                    decided.remedy.as_deref().unwrap_or("-"),
                )
            })
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn there_are_many_scenarios_and_each_has_its_own_name() {
    let mut names: Vec<String> = scenarios().into_iter().map(|row| row.name).collect();
    let count = names.len();
    assert!(count >= AT_LEAST, "{count} scenarios");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count, "names are given twice");
}

#[test]
fn what_was_asked_for_is_not_asked_for_again_by_any_scenario() {
    for scenario in scenarios() {
        let mut world = scenario.world;
        let asks = |decided: &Verdict| matches!(decided, Verdict::Request { .. });
        let mut asked = 0;
        for _ in 0..4 {
            let decided = world.decide();
            asked += usize::from(asks(&decided.verdict));
            world.carry_out(&decided);
            world.now += chrono::Duration::minutes(1);
        }
        assert!(asked <= 1, "{} asks {asked} times", scenario.name);
    }
}

#[test]
fn what_was_taken_back_by_undoing_is_not_asked_for_while_it_stays_on_its_lists() {
    let mut count = 0;
    for scenario in scenarios() {
        let mut world = scenario.world;
        let decided = world.decide();
        if world.undoes.take().is_none() || !matches!(decided.verdict, Verdict::Withdraw { .. }) {
            continue;
        }
        count += 1;
        world.carry_out(&decided);
        world.wish.lists = vec![ListId(1)];
        if world.wish.media_type == MediaType::Tv {
            known(&mut world, "1..3").unwrap();
        }
        for _ in 0..3 {
            world.now += chrono::Duration::minutes(1);
            let decided = world.decide();
            assert!(
                matches!(decided.verdict, Verdict::Skip { .. }),
                "{}: {decided:?}",
                scenario.name
            );
            world.carry_out(&decided);
        }
    }
    assert!(count >= 8, "{count} are taken back");
}

#[test]
fn only_what_needs_no_change_names_none() {
    let wanted = |scenario: &Scenario| scenario.world.wish.is_wanted();
    for scenario in scenarios().into_iter().filter(wanted) {
        let decided = scenario.world.decide();
        let needs_none = match &decided.verdict {
            Verdict::Wait | Verdict::Review | Verdict::PutOff { .. } => false,
            Verdict::Skip { status, .. } => !matches!(
                status,
                LedgerStatus::Declined | LedgerStatus::Deleted | LedgerStatus::Blocklisted
            ),
            _ => true,
        };
        assert!(
            needs_none || decided.remedy.is_some(),
            "{}: {decided:?}",
            scenario.name
        );
    }
}

#[test]
fn a_row_with_an_unknown_word_is_refused() {
    let right = "a | movie | - | - | - | - | request | it is on imdb:top and not in Seerr | -";
    assert!(scenario(right).is_ok());
    for (from, to) in [
        ("movie", "film"),
        ("movie", "movie 8k"),
        ("| - | - | - | - | request", "| sent | - | - | - | request"),
        ("| - | - | - | - | request", "| - | there | - | - | request"),
        (
            "| - | - | - | - | request",
            "| - | - | #7 lost | - | request",
        ),
        (
            "| - | - | - | - | request",
            "| - | - | - | 1@soon | request",
        ),
        ("| request |", "| ask |"),
        ("| request |", "|"),
    ] {
        assert!(scenario(&right.replacen(from, to, 1)).is_err(), "{to}");
    }
}
