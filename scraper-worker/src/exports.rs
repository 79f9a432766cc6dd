//! Which lists an export file holds. Leaves the file to `fetch::file` and its kind to the provider.

use std::path::Path;

use schema::wire::{Failure, FailureCode, scraper::ListRecognized};

use crate::{
    fetch::{HttpError, file::beginnings},
    provider::{Provider, ProviderError, Recognized},
    providers::file::{ExportFile, list_in},
};

/// Lists of one file, far below what fits into one answer.
const MOST_LISTS: usize = 500;

/// The lists in a file of the folder that are worth following.
///
/// # Errors
/// A failure that says why there is none.
pub(crate) async fn lists_in(folder: &Path, file: &str) -> Result<Vec<ListRecognized>, Failure> {
    let name = file.to_owned();
    let seen = move |inner: Option<&str>, head: &str| match list_in(&name, inner, head) {
        // A zip holds other things, too.
        Some(Err(_)) if inner.is_some() => None,
        seen => seen,
    };
    let found = beginnings(folder, file, seen).await;
    let found = found.map_err(|error| unusable(&error))?;
    let lists: Result<Vec<_>, _> = found.into_iter().collect();
    let lists = lists.map_err(|error| unknown(file, &error))?;
    if lists.is_empty() {
        let message = format!("{file} holds no list that can be read");
        return Err(Failure::new(FailureCode::Invalid, message).with_remedy(REMEDY));
    }
    if lists.len() > MOST_LISTS {
        let message = format!("{file} holds more than {MOST_LISTS} lists");
        return Err(Failure::new(FailureCode::Invalid, message)
            .with_remedy("Put in only the lists that you want to follow."));
    }
    Ok(lists.into_iter().map(recognized).collect())
}

const REMEDY: &str = "Put in the zip that Letterboxd or Trakt exports, a .csv out of it, the .csv that IMDb \
                      exports of a list or watchlist, Simkl's backup, or any table (.csv, .tsv), JSON \
                      or text with ids or titles and years.";

fn unusable(error: &HttpError) -> Failure {
    let failure = Failure::new(FailureCode::Invalid, error.to_string());
    match error {
        HttpError::Refused { remedy, .. } => failure.with_remedy(remedy.clone()),
        _ => failure,
    }
}

fn unknown(file: &str, error: &ProviderError) -> Failure {
    let (message, remedy) = match error {
        ProviderError::Refused { reason, remedy, .. } => (
            reason.clone(),
            format!(
                "{remedy} Where that is needed, put the file into the folder of exports by hand first. {REMEDY}"
            ),
        ),
        ProviderError::Changed { what } => {
            (format!("{file} cannot be read: {what}"), REMEDY.to_owned())
        }
        other => (format!("{file} cannot be read: {other}"), REMEDY.to_owned()),
    };
    Failure::new(FailureCode::Invalid, message).with_remedy(remedy)
}

fn recognized(list: Recognized) -> ListRecognized {
    ListRecognized {
        list_type: ExportFile.name().into(),
        list_id: list.list_id,
        list_url: list.list_url,
        name: list.name,
        notice: ExportFile.notice().map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, fs, io::Write as _, rc::Rc};

    use runtime::socket::Gone;
    use schema::wire::scraper::{Entry, FetchList, FetchOutcome, ListFetched};
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;
    use crate::{
        fake_site::{Bench, sites},
        reading::Reader,
        walk::Sink,
    };

    const WATCHLIST: &str =
        "Date,Name,Year,Letterboxd URI\n2026-01-01,Heat,1995,https://boxd.it/a\n";
    const LIST: &str = "Letterboxd list export v7\nDate,Name,Tags,URL,Description\n2026-01-01,Best ever,,https://boxd.it/x,\n\nPosition,Name,Year,URL,Description\n";

    async fn lists(file: &str, bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), bytes).unwrap();
        let found = lists_in(folder.path(), file).await;
        found
            .map(|lists| {
                lists
                    .into_iter()
                    .map(|list| (list.list_id, list.name))
                    .collect()
            })
            .map_err(|failure| {
                assert_eq!(failure.code, FailureCode::Invalid);
                assert!(failure.remedy.is_some(), "{failure}");
                failure.message
            })
    }

    fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (path, text) in files {
            zip.start_file(*path, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn pair(id: &str, name: &str) -> (String, String) {
        (id.to_owned(), name.to_owned())
    }

    /// Keeps the titles.
    #[derive(Default)]
    struct Titles(RefCell<Vec<String>>);

    impl Sink for Titles {
        async fn entries(&self, entries: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
            let titles = entries.into_iter().map(|entry| entry.title);
            self.0.borrow_mut().extend(titles);
            Ok(())
        }
    }

    /// Reads a list as a run does.
    async fn read(bench: &Bench, list_id: &str) -> (ListFetched, Vec<String>) {
        let asked = FetchList {
            known: None,
            list: None,
            list_type: "file".into(),
            list_id: list_id.into(),
            item_limit: None,
            credential: None,
        };
        let titles = Titles::default();
        let sites = sites("http://127.0.0.1:9");
        let reader = Reader::new(bench.fetcher());
        let fetched = reader
            .read(&ExportFile, &Rc::new(sites), asked, &titles)
            .await;
        (fetched.unwrap(), titles.0.into_inner())
    }

    fn put(bench: &Bench, file: &str, bytes: &[u8]) {
        let folder = bench.fetcher().means().exports.clone();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(file), bytes).unwrap();
    }

    #[actix_rt::test]
    async fn the_newest_export_of_a_person_is_read_and_a_gone_one_is_refused() {
        let bench = Bench::new();
        let newer = WATCHLIST.replace("Heat", "Ronin");
        for (date, text) in [("2026-11-21", WATCHLIST), ("2026-11-22", &newer)] {
            let zip = zipped(&[("watchlist.csv", text)]);
            put(
                &bench,
                &format!("letterboxd-bob-{date}-10-20-utc.zip"),
                &zip,
            );
        }
        let (fetched, titles) = read(&bench, "letterboxd-bob/watchlist").await;
        assert_eq!(fetched.outcome, FetchOutcome::Complete);
        assert_eq!(
            (fetched.announced, titles),
            (Some(1), vec!["Ronin".to_owned()])
        );
        for gone in [
            "letterboxd-eve/watchlist",
            "letterboxd-bob/lists/a",
            "gone.csv",
        ] {
            let (fetched, titles) = read(&bench, gone).await;
            let FetchOutcome::Refused { reason, remedy, .. } = fetched.outcome else {
                panic!("{:?}", fetched.outcome)
            };
            assert!(reason.starts_with("there is no "), "{reason}");
            assert!(
                remedy.contains("remove the list") && titles.is_empty(),
                "{remedy}"
            );
        }
    }

    #[actix_rt::test]
    async fn only_a_whole_export_is_a_complete_reading() {
        let bench = Bench::new();
        put(
            &bench,
            "cut.csv",
            format!("{WATCHLIST}2026-01-02,Ronin").as_bytes(),
        );
        let (fetched, titles) = read(&bench, "cut.csv").await;
        let FetchOutcome::Partial { reason, .. } = fetched.outcome else {
            panic!("{:?}", fetched.outcome)
        };
        assert_eq!(reason, "1 entry came damaged and could not be read");
        assert_eq!(titles, ["Heat"]);
        put(&bench, "other.csv", b"a,b\n1,2\n");
        let (fetched, titles) = read(&bench, "other.csv").await;
        let failed = matches!(&fetched.outcome, FetchOutcome::Refused { reason, remedy, .. } if reason.contains("`a`, `b`") && remedy.contains("other.csv?title=a"));
        assert!(failed && titles.is_empty(), "{fetched:?}");
        put(&bench, "empty.csv", b"Date,Name,Year,Letterboxd URI\n");
        let (fetched, _) = read(&bench, "empty.csv").await;
        assert_eq!(
            (fetched.outcome, fetched.announced),
            (FetchOutcome::Complete, Some(0))
        );
    }

    #[actix_rt::test]
    async fn a_csv_is_one_list_even_of_what_was_watched() {
        for file in ["watchlist.csv", "watched.csv"] {
            let found = lists(file, WATCHLIST.as_bytes()).await.unwrap();
            assert_eq!(found, [pair(file, file.trim_end_matches(".csv"))]);
        }
    }

    #[actix_rt::test]
    async fn the_zip_of_letterboxd_holds_the_watchlist_and_the_lists() {
        let files = [
            ("profile.csv", "Date Joined,Username\n"),
            ("watched.csv", WATCHLIST),
            ("ratings.csv", WATCHLIST),
            ("watchlist.csv", WATCHLIST),
            ("lists/best-ever.csv", LIST),
            ("deleted/lists/old.csv", LIST),
            ("likes/films.csv", WATCHLIST),
            ("likes/lists.csv", "Date,URL\n"),
        ];
        let zip = zipped(&files);
        let found = lists("letterboxd-bob-2026-11-21-10-20-utc.zip", &zip).await;
        assert_eq!(
            found.unwrap(),
            [
                pair("letterboxd-bob/watchlist", "watchlist of bob"),
                pair("letterboxd-bob/lists/best-ever", "Best ever"),
            ]
        );
        let found = lists("mine.zip", &zip).await.unwrap();
        assert_eq!(found[0], pair("mine.zip/watchlist.csv", "watchlist"));
    }

    #[actix_rt::test]
    async fn the_zip_of_trakt_holds_the_watchlist_and_the_lists_of_all_parts() {
        let part = |title: &str| {
            format!(
                "[{{\"type\": \"movie\", \"movie\": {{\"title\": \"{title}\", \"year\": 1995, \"ids\": {{}}}}}}]"
            )
        };
        let (first, second, own) = (part("Heat"), part("Ronin"), part("Alien"));
        let zip = zipped(&[
            ("lists-watchlist.json", first.as_str()),
            ("lists-watchlist-2.json", &second),
            ("lists-list-9-faves.json", &own),
            ("lists-lists.json", "[{\"name\": \"faves\"}]"),
            ("watched-movies.json", &own),
            ("collection-movies-1.json", &own),
        ]);
        let found = lists("trakt.zip", &zip).await.unwrap();
        let expected = [
            pair("trakt.zip/lists-watchlist.json", "watchlist"),
            pair("trakt.zip/lists-list-9-faves.json", "faves"),
        ];
        assert_eq!(found, expected);
        let bench = Bench::new();
        put(&bench, "trakt.zip", &zip);
        let (fetched, titles) = read(&bench, "trakt.zip/lists-watchlist.json").await;
        assert_eq!(fetched.outcome, FetchOutcome::Complete);
        assert_eq!(
            (fetched.announced, titles),
            (Some(2), vec!["Heat".to_owned(), "Ronin".to_owned()])
        );
    }

    #[actix_rt::test]
    async fn of_a_backup_of_simkl_only_what_is_planned_is_followed() {
        let backup = r#"{"movies": [{"status": "completed", "movie": {"title": "Heat", "year": 1995, "ids": {"simkl": 1}}},
            {"status": "plantowatch", "movie": {"title": "Ronin", "year": 1998, "ids": {"simkl": 2}}}], "shows": []}"#;
        let found = lists("SimklBackup.json", backup.as_bytes()).await.unwrap();
        let id = "SimklBackup.json?status=plantowatch";
        assert_eq!(found, [pair(id, "SimklBackup")]);
        let bench = Bench::new();
        put(&bench, "SimklBackup.json", backup.as_bytes());
        let (fetched, titles) = read(&bench, id).await;
        assert_eq!(
            (fetched.outcome, titles),
            (FetchOutcome::Complete, vec!["Ronin".to_owned()])
        );
    }

    #[actix_rt::test]
    async fn any_table_json_or_text_of_titles_is_a_list() {
        let bench = Bench::new();
        for (file, text) in [
            ("a.tsv", "title\tyear\nHeat\t1995\n"),
            ("a.json", "[{\"title\": \"Heat\", \"year\": 1995}]"),
            ("a.txt", "# mine\nHeat (1995)\n"),
        ] {
            assert_eq!(
                lists(file, text.as_bytes()).await.unwrap(),
                [pair(file, "a")]
            );
            put(&bench, file, text.as_bytes());
            let (fetched, titles) = read(&bench, file).await;
            assert_eq!(
                (fetched.outcome, titles),
                (FetchOutcome::Complete, vec!["Heat".to_owned()])
            );
        }
        put(&bench, "films.csv", "Film;Jahr\nHeat;1995\n".as_bytes());
        let (fetched, titles) = read(&bench, "films.csv?title=Film&year=Jahr").await;
        assert_eq!(
            (fetched.outcome, titles),
            (FetchOutcome::Complete, vec!["Heat".to_owned()])
        );
    }

    #[actix_rt::test]
    async fn what_holds_no_list_says_so() {
        let history = zipped(&[
            ("watched.csv", WATCHLIST),
            ("notes.csv", "a,b\n"),
            ("a.pdf", WATCHLIST),
            ("readme.txt", "Thank you for asking for your data.\n"),
            ("watched-movies.json", "[]"),
        ]);
        let many: Vec<_> = (0..=MOST_LISTS).map(|n| format!("lists/{n}.csv")).collect();
        let many: Vec<_> = many.iter().map(|path| (path.as_str(), LIST)).collect();
        let many = zipped(&many);
        for (file, bytes, said) in [
            (
                "a.csv",
                b"a,b\n1,2\n".as_slice(),
                "its columns are `a`, `b`",
            ),
            ("a.csv", b"", "it is empty"),
            ("a.zip", b"a,b", "no zip that can be read"),
            ("a.zip", &history, "holds no list"),
            ("a.zip", &many, "more than 500 lists"),
        ] {
            let message = lists(file, bytes).await.unwrap_err();
            assert!(message.contains(said), "{message}");
        }
        let folder = tempfile::tempdir().unwrap();
        for (file, said) in [
            ("gone.csv", "no file gone.csv"),
            ("../x.csv", "without folders"),
        ] {
            let failure = lists_in(folder.path(), file).await.unwrap_err();
            assert!(failure.message.contains(said), "{failure}");
        }
    }
}
