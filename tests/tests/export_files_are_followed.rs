//! Export files by their three ways in (the folder, the command line, the API), newer ones of them, and broken ones.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use schema::models::{FetchKind, List};
use tests::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::{Entry, export},
    harness::{Household, Setup, wait_for},
};

const LIMIT: Duration = Duration::from_secs(30);

fn exports(household: &Household) -> PathBuf {
    household.folder().join("data/exports")
}

/// Puts a file there as programs do that copy carefully: whole at once.
fn put(household: &Household, name: &str, bytes: &[u8]) -> Result<()> {
    let folder = exports(household);
    let partial = folder.join(format!(".{name}.part"));
    std::fs::write(&partial, bytes)?;
    std::fs::rename(partial, folder.join(name))?;
    Ok(())
}

async fn lists(household: &Household) -> Result<Vec<List>> {
    let lists = household
        .database()?
        .read(|conn| List::all(conn, false))
        .await?;
    Ok(lists.into_iter().map(|(list, _)| list).collect())
}

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

#[actix_rt::test]
async fn a_zip_put_into_the_folder_is_followed_and_a_newer_one_takes_its_place() -> Result<()> {
    let world = World::sample();
    let named = |names: &[&str]| Entry::named(&world, names);
    let seerr = FakeSeerr::start(world.clone());
    let household = Setup::new()
        .seerr(&seerr)
        .environment("AUTOMATED_MODE", "true")
        .start()
        .await?;
    let far = ("far-away", named(&["Seven Samurai"]));
    let zip = export::letterboxd_zip(
        &named(&["The Matrix", "Parasite"]),
        std::slice::from_ref(&far),
    );
    put(&household, "letterboxd-anna-2026-10-01-08-00-utc.zip", &zip)?;
    assert!(
        seerr.wait_until(|state| state.requests().len() == 3, LIMIT),
        "{}",
        household.log("sync-worker")
    );
    let mut ids: Vec<_> = lists(&household)
        .await?
        .into_iter()
        .map(|list| list.list_id)
        .collect();
    ids.sort();
    assert_eq!(
        ids,
        [
            "letterboxd-anna/lists/far-away",
            "letterboxd-anna/watchlist"
        ]
    );

    let zip = export::letterboxd_zip(&named(&["Parasite", "Alien"]), &[far]);
    put(&household, "letterboxd-anna-2026-11-01-08-00-utc.zip", &zip)?;
    assert!(
        seerr.wait_until(|state| state.requests().len() == 4, LIMIT),
        "{}",
        household.log("sync-worker")
    );
    assert_eq!(lists(&household).await?.len(), 2, "the same lists");
    let watchlist = || async {
        let all = lists(&household).await.ok()?;
        let watchlist = all
            .into_iter()
            .find(|list| list.list_id.ends_with("/watchlist"))?;
        (watchlist.item_count == 2 && watchlist.status == FetchKind::Complete).then_some(())
    };
    wait_for("the newer watchlist", LIMIT, watchlist).await;
    Ok(())
}

#[actix_rt::test]
async fn a_file_is_added_on_the_command_line_and_once_only() -> Result<()> {
    let world = World::numbered(6);
    let seerr = FakeSeerr::start(world.clone());
    let household = Setup::new().seerr(&seerr).start().await?;
    let file = household.folder().join("watchlist.csv");
    let mut entries = Entry::all_of(&world);
    entries.push(Entry::movie("tt99999999", "A Game", Some(2020)).of_type("videoGame"));
    std::fs::write(&file, export::imdb_csv(&entries))?;
    let path = file.display().to_string();
    let added = household.cli(&["lists", "add", &path]).await?;
    assert!(added.status.success(), "{}", text(&added));
    let again = household.cli(&["lists", "add", &path]).await?;
    assert!(text(&again).contains("already"), "{}", text(&again));
    std::fs::remove_file(&file)?;
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 6, "{report:#?}");

    let absent = household.cli(&["lists", "add", "nowhere.csv"]).await?;
    assert!(!absent.status.success(), "{}", text(&absent));
    assert!(text(&absent).contains("nowhere.csv"), "{}", text(&absent));
    Ok(())
}

#[actix_rt::test]
async fn a_file_is_uploaded_by_the_api_and_a_strange_one_refused() -> Result<()> {
    let world = World::sample();
    let entries = Entry::named(&world, &["The Matrix", "Parasite"]);
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).start().await?;
    let api = household.api()?;
    let path = "/api/lists/files?name=watchlist.csv";
    let csv = export::letterboxd_csv(&entries).into_bytes();
    let (status, answer) = api.upload(path, csv.clone()).await?;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(
        answer["added"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    let (_, answer) = api.upload(path, csv.clone()).await?;
    assert_eq!(
        answer["there_already"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 2, "{report:#?}");

    let page = b"<!DOCTYPE html><html><body>Sign in</body></html>".to_vec();
    for (name, bytes) in [
        ("page.csv", page.clone()),
        ("page.zip", page),
        ("empty.csv", Vec::new()),
        ("../outside.csv", csv.clone()),
        ("watchlist.exe", csv),
    ] {
        let name = name.replace('/', "%2F");
        let (status, problem) = api
            .upload(&format!("/api/lists/files?name={name}"), bytes)
            .await?;
        assert!((400..500).contains(&status), "{name}: {status} {problem}");
        assert!(problem["detail"].is_string(), "{name}: {problem}");
    }
    let left: Vec<_> = std::fs::read_dir(exports(&household))?
        .flatten()
        .map(|file| file.file_name())
        .collect();
    assert_eq!(left, ["watchlist.csv"], "nothing refused is left there");
    assert!(!household.folder().join("data/outside.csv").exists());
    Ok(())
}

#[actix_rt::test]
async fn films_whose_numbers_were_swapped_in_a_file_wait_for_a_person_and_are_not_requested()
-> Result<()> {
    let seerr = FakeSeerr::start(World::sample());
    let household = Setup::new().seerr(&seerr).start().await?;
    let file = household.folder().join("films.csv");
    // The numbers of Fight Club and The Matrix the wrong way round, one of them without another id.
    let rows = "title,year,type,imdb_id,tmdb_id\n\
                The Matrix,1999,movie,tt0133093,550\n\
                Fight Club,1999,movie,,603\n\
                Alien,1979,movie,tt0078748,348\n";
    std::fs::write(&file, rows)?;
    let added = household
        .cli(&["lists", "add", &file.display().to_string()])
        .await?;
    assert!(added.status.success(), "{}", text(&added));
    let report = household.sync().await?;
    assert_eq!(report.summary.counts.requested, 1, "{report:#?}");
    assert_eq!(report.summary.counts.needs_review, 2, "{report:#?}");
    let requests = |tmdb_id| seerr.requests_for(tmdb_id, false).len();
    assert_eq!((requests(348), requests(550), requests(603)), (1, 0, 0));
    let waiting = household.cli(&["review"]).await?;
    let told = text(&waiting);
    for said in [
        "the entry's TMDB id is movie 550 \"Fight Club\" (1999)",
        "tt0133093 is movie 603 \"The Matrix\" (1999)",
        "the entry's TMDB id is movie 603 \"The Matrix\" (1999)",
        "\"Fight Club\" (1999), as the list has it, is movie 550",
    ] {
        assert!(told.replace('\n', " ").contains(said), "{told}");
    }

    let asked = || seerr.count("GET", "/api/v1/search") + seerr.count("GET", "/api/v1/movie/*");
    let before = asked();
    household.sync().await?;
    assert_eq!(asked(), before, "an unchanged run asks about no title");
    Ok(())
}

#[actix_rt::test]
async fn a_broken_or_missing_file_removes_nothing_and_says_what_is_wrong() -> Result<()> {
    let world = World::sample();
    let entries = Entry::named(&world, &["The Matrix", "Parasite", "Alien"]);
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).start().await?;
    let name = "letterboxd-anna-2026-10-01-08-00-utc.zip";
    let good = export::letterboxd_zip(&entries, &[]);
    let outside = household.folder().join(name);
    std::fs::write(&outside, &good)?;
    let added = household
        .cli(&["lists", "add", &outside.display().to_string()])
        .await?;
    assert!(added.status.success(), "{}", text(&added));
    assert_eq!(household.sync().await?.summary.counts.requested, 3);
    let id = lists(&household).await?.first().context("one list")?.id;

    let without = export::zip(&[("profile.csv".to_owned(), "Username\nanna\n".to_owned())]);
    let other = export::zip(&[(
        "watchlist.csv".to_owned(),
        "What,Is,This\n1,2,3\n".to_owned(),
    )]);
    let cases: [(&str, Option<Vec<u8>>); 6] = [
        (
            "cut in its middle",
            Some(good.iter().copied().take(good.len() / 2).collect()),
        ),
        ("a web page", Some(b"<!DOCTYPE html><html></html>".to_vec())),
        ("empty", Some(Vec::new())),
        ("without the watchlist", Some(without)),
        ("with other columns", Some(other)),
        ("gone", None),
    ];
    for (what, bytes) in cases {
        match bytes {
            Some(bytes) => std::fs::write(exports(&household).join(name), bytes)?,
            None => std::fs::remove_file(exports(&household).join(name))?,
        }
        household.sync().await?;
        let row = household.list(id).await?;
        let reason = row.status_reason.clone().unwrap_or_default();
        let is_bad = matches!(row.status, FetchKind::Refused | FetchKind::Failed);
        assert!(is_bad, "{what}: {:?} {reason}", row.status);
        assert!(!reason.is_empty(), "{what}");
        assert_eq!(row.item_count, 3, "{what}: the last good count stays");
    }
    put(&household, name, &good)?;
    household.sync().await?;
    assert_eq!(household.list(id).await?.status, FetchKind::Complete);
    Ok(())
}
