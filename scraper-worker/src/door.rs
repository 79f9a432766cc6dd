//! Answers `scraper-worker.sock`. Leaves reading to `reading` and recognizing to the providers.

use std::{cell::RefCell, future::Future, rc::Rc};

use runtime::{
    Boot, BootError, Chain,
    settings::ProvidersSettings,
    socket::{Answers, Gone, Handler},
};
use schema::wire::{
    Failure, FailureCode,
    scraper::{
        Entries, Entry, FetchList, FromScraper, ListRecognized, ListsRecognized, ProviderInfo,
        ProviderList, RecognizeList, ScraperLink, SettingsRead, ToScraper,
    },
};
use tokio::sync::Mutex;

use crate::{
    choices, exports,
    fetch::Fetcher,
    provider::{Provider, Recognized},
    providers,
    reading::Reader,
    resolve,
    walk::Sink,
};

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Door(Rc<Inside>);

struct Inside {
    reader: Reader,
    boot: Boot,
    /// A reading keeps those it began with.
    sites: RefCell<Rc<ProvidersSettings>>,
    /// Whose turn it is to read the settings: what was read first must not be put in force last.
    reload: Mutex<()>,
}

impl Door {
    pub(crate) fn new(fetcher: Fetcher, boot: Boot) -> Self {
        let sites = Rc::new(boot.settings.settings.providers.clone());
        Self(Rc::new(Inside {
            reader: Reader::new(fetcher),
            boot,
            sites: RefCell::new(sites),
            reload: Mutex::default(),
        }))
    }

    pub(crate) fn fetcher(&self) -> &Fetcher {
        self.0.reader.fetcher()
    }

    async fn answer(&self, request: ToScraper, answers: Answers<ScraperLink>) {
        match request {
            ToScraper::RecognizeList(asked) => answers.last(said(recognize(&asked))).await,
            ToScraper::Providers(_) => {
                let sites = Rc::clone(&self.0.sites.borrow());
                answers.last(FromScraper::Providers(all(&sites))).await;
            }
            ToScraper::ResolveList(asked) => match known(&asked.list_type, &asked.list_id) {
                Ok((provider, list)) => {
                    let sites = Rc::clone(&self.0.sites.borrow());
                    let fetcher = self.fetcher();
                    let resolved =
                        resolve::resolve(fetcher, provider, &sites, list, asked.credential).await;
                    answers.last(FromScraper::ListResolved(resolved)).await;
                }
                Err(failure) => answers.fail(failure).await,
            },
            ToScraper::FetchList(asked) => self.fetch(asked, answers).await,
            ToScraper::Browser(_) => {
                let status = self.fetcher().means().browser.status();
                answers.last(FromScraper::Browser(status)).await;
            }
            ToScraper::ListsInFile(asked) => {
                let folder = &self.fetcher().means().exports;
                let found = exports::lists_in(folder, &asked.file).await;
                answers
                    .last(found.map_or_else(FromScraper::Failed, in_file))
                    .await;
            }
            ToScraper::SettingsChanged(_) => match self.read_settings().await {
                Ok(read) => answers.last(FromScraper::SettingsRead(read)).await,
                Err(failure) => answers.fail(failure).await,
            },
        }
    }

    /// Takes what may change without a start: the sites' settings, and what is in force for all.
    async fn read_settings(&self) -> Result<SettingsRead, Failure> {
        let inside = &self.0;
        let _turn = inside.reload.lock().await;
        let loaded = inside.boot.reload().await.map_err(|error| {
            tracing::error!("the settings cannot be read again: {}", Chain(&error));
            let code = match error {
                BootError::Settings(_) => FailureCode::Invalid,
                BootError::Secret(_) | BootError::Database(_) => FailureCode::Internal,
            };
            Failure::new(code, Chain(&error).to_string())
        })?;
        let sites = loaded.settings.providers;
        choices::put_in_force(self.fetcher(), &sites);
        *inside.sites.borrow_mut() = Rc::new(sites);
        inside.reader.settings_changed();
        Ok(SettingsRead::default())
    }

    async fn fetch(&self, asked: FetchList, answers: Answers<ScraperLink>) {
        let (provider, asked) = match readable(asked) {
            Ok(both) => both,
            Err(failure) => return answers.fail(failure).await,
        };
        let inside = &self.0;
        let sites = Rc::clone(&inside.sites.borrow());
        let caller = Caller(&answers);
        if let Ok(fetched) = inside.reader.read(provider, &sites, asked, &caller).await {
            answers.last(FromScraper::ListFetched(fetched)).await;
        } else {
            tracing::info!("a reading was ended: nobody waits for it any more");
        }
    }
}

impl Handler<ScraperLink> for Door {
    fn handle(
        &self,
        request: ToScraper,
        answers: Answers<ScraperLink>,
    ) -> impl Future<Output = ()> + 'static {
        let door = self.clone();
        // Readings are large futures; many may be under way.
        Box::pin(async move { door.answer(request, answers).await })
    }
}

struct Caller<'a>(&'a Answers<ScraperLink>);

impl Sink for Caller<'_> {
    async fn entries(&self, entries: Vec<Entry>, announced: Option<u32>) -> Result<(), Gone> {
        let entries = Entries { entries, announced };
        self.0.more(FromScraper::Entries(entries)).await
    }
}

fn in_file(lists: Vec<ListRecognized>) -> FromScraper {
    FromScraper::ListsRecognized(ListsRecognized { lists })
}

fn said(answer: Result<ListRecognized, Failure>) -> FromScraper {
    answer.map_or_else(FromScraper::Failed, FromScraper::ListRecognized)
}

fn recognize(asked: &RecognizeList) -> Result<ListRecognized, Failure> {
    let input = asked.input.trim();
    let found = match &asked.list_type {
        Some(name) => {
            let provider = provider(name)?;
            provider.recognize_own(input).map(|list| (provider, list))
        }
        None if input.is_empty() => None,
        None => providers::recognize(input),
    };
    let (
        provider,
        Recognized {
            list_id,
            list_url,
            name,
        },
    ) = found.ok_or_else(|| unrecognized(input, asked.list_type.as_deref()))?;
    Ok(ListRecognized {
        list_type: provider.name().into(),
        list_id,
        list_url,
        name,
        notice: provider.notice().map(Into::into),
    })
}

/// The provider, and the request with the id in the one form that counts.
fn readable(mut asked: FetchList) -> Result<(&'static dyn Provider, FetchList), Failure> {
    let (provider, list) = known(&asked.list_type, &asked.list_id)?;
    asked.list_id = list.list_id;
    Ok((provider, asked))
}

/// The provider, and its list with this id.
fn known(list_type: &str, list_id: &str) -> Result<(&'static dyn Provider, Recognized), Failure> {
    let provider = provider(list_type)?;
    let list = provider
        .recognize_own(list_id.trim())
        .ok_or_else(|| unrecognized(list_id, Some(provider.name())))?;
    Ok((provider, list))
}

fn provider(name: &str) -> Result<&'static dyn Provider, Failure> {
    providers::find(name).ok_or_else(|| {
        let known: Vec<_> = providers::all()
            .iter()
            .map(|provider| provider.name())
            .collect();
        Failure::new(
            FailureCode::NotFound,
            format!("there is no provider `{name}`"),
        )
        .with_remedy(format!("The providers are: {}.", known.join(", ")))
    })
}

fn unrecognized(input: &str, list_type: Option<&str>) -> Failure {
    if has_login(input) {
        return Failure::new(
            FailureCode::Invalid,
            "an address with a user name or a password in it is not followed: everybody who sees the lists would see it",
        )
        .with_remedy("Give the address without them. If the server wants them, set `providers.extra_headers` (LISTSYNC_EXTRA_HEADERS), for example `url: Authorization: Basic …`.");
    }
    let provider = list_type.and_then(providers::find);
    let (whose, remedy) = match provider {
        Some(provider) => (
            provider.title(),
            format!("These are understood: {}.", provider.accepts().join(", ")),
        ),
        None => ("any site that can be read", one_of_each()),
    };
    Failure::new(
        FailureCode::Invalid,
        format!("`{input}` is no list of {whose}"),
    )
    .with_remedy(remedy)
}

fn has_login(input: &str) -> bool {
    let parsed = url::Url::parse(input.trim());
    parsed
        .is_ok_and(|url| url.has_host() && (!url.username().is_empty() || url.password().is_some()))
}

/// Every site with one form of address, because all forms together are a page of text.
fn one_of_each() -> String {
    let example = |provider: &&'static dyn Provider| {
        let forms = provider.accepts();
        let address = forms.iter().find(|form| form.contains("://"));
        match address.or(forms.first()) {
            Some(form) => format!("{} ({form})", provider.title()),
            None => provider.title().to_owned(),
        }
    };
    let sites: Vec<_> = providers::all().iter().map(example).collect();
    format!("These sites are understood: {}.", sites.join(", "))
}

fn all(sites: &ProvidersSettings) -> ProviderList {
    let info = |provider: &&'static dyn Provider| ProviderInfo {
        name: provider.name().into(),
        title: provider.title().into(),
        accepts: provider
            .accepts()
            .iter()
            .map(|form| (*form).into())
            .collect(),
        needs_key: provider.needs_key().map(Into::into),
        needs_browser: provider.needs_browser(),
        has_sign_in: provider.has_sign_in(),
        is_enabled: providers::is_enabled(*provider, sites),
        notice: provider.notice().map(Into::into),
    };
    ProviderList {
        providers: providers::all().iter().map(info).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        path::PathBuf,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use actix_web::HttpResponse;
    use runtime::{
        Stop,
        socket::{CallError, Client, serve},
    };
    use schema::{
        models::{Fetch, FetchKind, ListId},
        wire::scraper::{FetchOutcome, ListFetched, Providers, SettingsChanged},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::fake_site::{Bench, FakeSite, Hit};

    /// The door on a socket of its own, reading from one site.
    struct Served {
        _folder: tempfile::TempDir,
        client: Client<ScraperLink>,
        stop: Stop,
    }

    impl Served {
        fn new(bench: &Bench, url: &str) -> Self {
            Self::with(Door::new(bench.fetcher(), bench.boot(url)))
        }

        fn with(door: Door) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let socket: PathBuf = folder.path().join("run/scraper-worker.sock");
            let stop = Stop::new();
            let (path, until) = (socket.clone(), stop.clone());
            actix_rt::spawn(
                async move { serve::<ScraperLink, _>(&path, door, until).await.unwrap() },
            );
            Self {
                _folder: folder,
                client: Client::at(socket).patient(Duration::from_secs(5)),
                stop,
            }
        }

        async fn fetch(&self, list_type: &str, list_id: &str) -> (Vec<Entry>, ListFetched) {
            let request = fetch_of(list_type, list_id);
            let mut stream = self.client.stream(request).await.unwrap();
            let mut entries = Vec::new();
            loop {
                match stream.next().await.unwrap().unwrap() {
                    FromScraper::Entries(more) => entries.extend(more.entries),
                    FromScraper::ListFetched(end) => return (entries, end),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    impl Drop for Served {
        fn drop(&mut self) {
            self.stop.request();
        }
    }

    fn fetch_of(list_type: &str, list_id: &str) -> ToScraper {
        ToScraper::FetchList(FetchList {
            known: None,
            list: Some(ListId(7)),
            list_type: list_type.into(),
            list_id: list_id.into(),
            item_limit: None,
            credential: None,
        })
    }

    /// IMDb's GraphQL with a list of 300 titles.
    fn imdb(hit: &Hit) -> HttpResponse {
        let body: Value = serde_json::from_str(&hit.body).unwrap();
        let from: u32 = body["variables"]["after"]
            .as_str()
            .map_or(0, |after| after.parse().unwrap());
        let until = (from + 250).min(300);
        let edge = |number: u32| {
            json!({"node": {"absolutePosition": number + 1}, "listItem": {
                "id": format!("tt{number:07}"), "titleText": {"text": format!("Film {number}")},
                "releaseYear": {"year": 2000}, "titleType": {"id": "movie"}}})
        };
        HttpResponse::Ok().json(json!({"data": {"list": {
            "name": {"originalText": "Mine"},
            "titleListItemSearch": {
                "total": 300,
                "pageInfo": {"hasNextPage": until < 300, "endCursor": until.to_string()},
                "edges": (from..until).map(edge).collect::<Vec<_>>()}}}}))
    }

    #[actix_rt::test]
    async fn addresses_are_recognized_and_others_are_refused_with_what_is_understood() {
        let bench = Bench::new();
        let served = Served::new(&bench, "http://127.0.0.1:9");
        let recognize = |input: &str, list_type: Option<&str>| {
            let (input, list_type) = (input.to_owned(), list_type.map(str::to_owned));
            served
                .client
                .call(ToScraper::RecognizeList(RecognizeList { input, list_type }))
        };
        let chart = recognize("https://m.imdb.com/chart/top/?ref_=x", None)
            .await
            .unwrap();
        assert_eq!(
            chart,
            FromScraper::ListRecognized(ListRecognized {
                list_type: "imdb".into(),
                list_id: "top".into(),
                list_url: "https://www.imdb.com/chart/top/".into(),
                name: "IMDb Top 250 movies".into(),
                notice: None,
            })
        );
        for (input, list_type) in [
            ("example.org/list", None),
            ("", None),
            ("movies.json", Some("imdb")),
            ("top", Some("nosuch")),
        ] {
            match recognize(input, list_type).await {
                Err(CallError::Failed(failure)) => assert!(failure.remedy.is_some(), "{failure}"),
                other => panic!("{input}: {other:?}"),
            }
        }
        match served
            .client
            .call(ToScraper::Providers(Providers {}))
            .await
            .unwrap()
        {
            FromScraper::Providers(list) => {
                let names: Vec<_> = list
                    .providers
                    .iter()
                    .map(|provider| provider.name.as_str())
                    .collect();
                assert!(names.is_sorted() && names.contains(&"imdb"), "{names:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[actix_rt::test]
    async fn an_address_of_no_site_is_answered_with_one_example_of_each() {
        let bench = Bench::new();
        let served = Served::new(&bench, "http://127.0.0.1:9");
        let asked = RecognizeList {
            input: "https://example.org/list".into(),
            list_type: Some("imdb".into()),
        };
        let remedy = |list_type: Option<&str>| {
            let asked = RecognizeList {
                list_type: list_type.map(str::to_owned),
                ..asked.clone()
            };
            unrecognized(&asked.input, asked.list_type.as_deref())
                .remedy
                .unwrap()
        };
        assert!(remedy(Some("imdb")).contains("toptv"));
        assert!(remedy(None).contains("IMDb (") && !remedy(None).contains("toptv"));
        let with_login = unrecognized("https://me:hush@a.example/list.csv", None);
        assert!(!with_login.message.contains("hush"), "{with_login}");
        match served.client.call(ToScraper::RecognizeList(asked)).await {
            Err(CallError::Failed(failure)) => {
                assert_eq!(
                    failure.message,
                    "`https://example.org/list` is no list of IMDb"
                );
            }
            other => panic!("{other:?}"),
        }
    }

    #[actix_rt::test]
    async fn changed_settings_are_in_force_when_they_are_answered() {
        let bench = Bench::new();
        let (fetcher, boot) = (bench.fetcher(), bench.boot("http://127.0.0.1:9"));
        let guard = fetcher.means().guard.clone();
        let served = Served::with(Door::new(fetcher, boot));
        let changed = || {
            let section = "providers".into();
            let message = ToScraper::SettingsChanged(SettingsChanged { section });
            served.client.call(message)
        };
        for allows in ["false", "true"] {
            bench.set("providers.allow_private_addresses", allows).await;
            let answer = changed().await.unwrap();
            assert_eq!(answer, FromScraper::SettingsRead(SettingsRead {}));
            assert_eq!(guard.allows_private().to_string(), allows);
        }
    }

    #[actix_rt::test]
    async fn settings_that_cannot_be_read_again_leave_those_before_in_force() {
        let bench = Bench::new();
        let (fetcher, boot) = (bench.fetcher(), bench.boot("http://127.0.0.1:9"));
        let guard = fetcher.means().guard.clone();
        let served = Served::with(Door::new(fetcher, boot));
        bench.spoil();
        let section = "providers".into();
        let changed = ToScraper::SettingsChanged(SettingsChanged { section });
        match served.client.call(changed).await {
            Err(CallError::Failed(failure)) => {
                assert_eq!(failure.code, FailureCode::Internal, "{failure}");
            }
            other => panic!("{other:?}"),
        }
        assert!(guard.allows_private());
    }

    #[actix_rt::test]
    async fn a_list_is_streamed_and_its_reading_recorded() {
        let (bench, site) = (Bench::new(), FakeSite::start(imdb).await);
        let served = Served::new(&bench, &site.url);
        let (entries, end) = served
            .fetch("imdb", "https://www.imdb.com/list/ls900000001/")
            .await;
        assert_eq!((entries.len(), end.read, end.pages), (300, 300, 2));
        assert_eq!(end.outcome, FetchOutcome::Complete);
        assert_eq!(end.name.as_deref(), Some("Mine"));
        let first = &site.hits()[0];
        assert_eq!(first.header("x-imdb-client-name"), Some("listsync"));
        assert_eq!(first.path, "/");
        let rows = bench
            .db
            .read(|conn| Fetch::of_list(conn, ListId(7), 10))
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!(
            (Some(row.id), row.outcome, row.entries),
            (end.fetch, FetchKind::Complete, 300)
        );
        assert_eq!(
            (row.list_type.as_str(), row.list_id.as_str()),
            ("imdb", "ls900000001")
        );
    }

    #[actix_rt::test]
    async fn a_profile_is_asked_for_once() {
        let site = FakeSite::start(|hit| {
            if hit.body.contains("userProfile") {
                return HttpResponse::Ok()
                    .json(json!({"data": {"userProfile": {"userId": "ur4242"}}}));
            }
            assert!(hit.body.contains("ur4242"), "{}", hit.body);
            HttpResponse::Ok().json(json!({"data": {"predefinedList": {
                "titleListItemSearch": {"total": 0, "edges": []}}}}))
        })
        .await;
        let bench = Bench::new();
        for asked in [2, 3] {
            let served = Served::new(&bench, &site.url);
            let (_, end) = served.fetch("imdb", "p.abcdef123").await;
            assert_eq!(end.outcome, FetchOutcome::Complete);
            assert_eq!(site.hits().len(), asked);
        }
    }

    #[actix_rt::test]
    async fn hanging_up_ends_the_reading_before_its_next_request() {
        let (told, mut asked) = tokio::sync::mpsc::unbounded_channel();
        let site = FakeSite::start(move |_| {
            told.send(()).unwrap();
            HttpResponse::TooManyRequests()
                .insert_header(("retry-after", "1"))
                .finish()
        })
        .await;
        let bench = Bench::new();
        let served = Served::new(&bench, &site.url);
        let stream = served
            .client
            .stream(fetch_of("stevenlu", "movies"))
            .await
            .unwrap();
        asked.recv().await.unwrap();
        drop(stream);
        let another = tokio::time::timeout(Duration::from_millis(1500), asked.recv()).await;
        assert!(another.is_err(), "nobody waits for the list any more");
        let rows = bench
            .db
            .read(|conn| Fetch::of_list(conn, ListId(7), 10))
            .await
            .unwrap();
        assert!(rows.is_empty());
    }

    /// Says so when it is dropped.
    struct Told(tokio::sync::mpsc::UnboundedSender<()>);

    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    #[actix_rt::test]
    async fn hanging_up_ends_a_page_that_is_on_its_way_within_a_second() {
        let (begins, mut begun) = tokio::sync::mpsc::unbounded_channel();
        let (ends, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let site = FakeSite::start(move |_| {
            begins.send(()).unwrap();
            let told = Told(ends.clone());
            HttpResponse::Ok().streaming(futures_util::stream::unfold(told, |told| async {
                actix_rt::time::sleep(Duration::from_millis(50)).await;
                let space = actix_web::web::Bytes::from_static(b" ");
                Some((Ok::<_, actix_web::Error>(space), told))
            }))
        })
        .await;
        let bench = Bench::new();
        let served = Served::new(&bench, &site.url);
        let request = fetch_of("stevenlu", "movies");
        let stream = served.client.stream(request).await.unwrap();
        begun.recv().await.unwrap();
        assert!(ended.try_recv().is_err());
        drop(stream);
        let end = tokio::time::timeout(Duration::from_secs(1), ended.recv()).await;
        end.expect("the connection is closed").unwrap();
        assert_eq!(site.hits().len(), 1);
    }

    /// The end of a stream, and the entries before it.
    async fn all_of(
        mut stream: runtime::socket::client::Stream<ScraperLink>,
    ) -> (usize, ListFetched) {
        let mut entries = 0;
        loop {
            match stream.next().await.unwrap().unwrap() {
                FromScraper::Entries(more) => entries += more.entries.len(),
                FromScraper::ListFetched(end) => return (entries, end),
                other => panic!("{other:?}"),
            }
        }
    }

    #[actix_rt::test]
    async fn one_list_that_two_rows_ask_for_at_once_is_read_once_and_recorded_for_both() {
        let (bench, site) = (Bench::new(), FakeSite::start(imdb).await);
        let served = Served::new(&bench, &site.url);
        let mut streams = Vec::new();
        for list in [7, 8] {
            let request = match fetch_of("imdb", "ls900000001") {
                ToScraper::FetchList(asked) => ToScraper::FetchList(FetchList {
                    list: Some(ListId(list)),
                    ..asked
                }),
                other => other,
            };
            streams.push(served.client.stream(request).await.unwrap());
        }
        for stream in streams {
            let (entries, end) = all_of(stream).await;
            assert_eq!((entries, end.read), (300, 300));
        }
        assert_eq!(site.hits().len(), 2, "two pages, once");
        for list in [7, 8] {
            let rows = bench
                .db
                .read(move |conn| Fetch::of_list(conn, ListId(list), 10));
            let rows = rows.await.unwrap();
            assert_eq!((rows.len(), rows[0].entries), (1, 300));
            assert!(rows[0].digest.is_some());
        }
    }

    #[actix_rt::test]
    async fn a_list_that_is_as_its_last_complete_reading_is_not_sent_again() {
        let site = FakeSite::start(|_| {
            HttpResponse::Ok().json(json!([
                {"title": "Paper Moon Over Quito", "imdb_id": "tt9000001", "tmdb_id": 900_001}
            ]))
        })
        .await;
        let bench = Bench::new();
        let served = Served::new(&bench, &site.url);
        let (entries, first) = served.fetch("stevenlu", "movies").await;
        assert_eq!((entries.len(), first.is_as_known), (1, false));
        let asked = |list, known| match fetch_of("stevenlu", "movies") {
            ToScraper::FetchList(asked) => ToScraper::FetchList(FetchList {
                list: Some(ListId(list)),
                known,
                ..asked
            }),
            other => other,
        };
        let ask = async |list, known| {
            all_of(served.client.stream(asked(list, known)).await.unwrap()).await
        };
        let (entries, second) = ask(7, first.fetch).await;
        assert_eq!((entries, second.read, second.is_as_known), (0, 1, true));
        assert_eq!(second.outcome, FetchOutcome::Complete);
        // The reading of a reading holds as well, but not that of another list, nor none.
        let (entries, third) = ask(7, second.fetch).await;
        assert_eq!((entries, third.is_as_known), (0, true));
        for (list, known) in [(8, first.fetch), (7, Some(99)), (7, None)] {
            let (entries, end) = ask(list, known).await;
            assert_eq!((entries, end.is_as_known), (1, false), "{list} {known:?}");
        }
    }

    /// What is logged, as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[actix_rt::test]
    async fn the_phrases_that_people_watch_for_stay_in_the_log() {
        let log = Log::default();
        let lines = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let (bench, site) = (Bench::new(), FakeSite::start(imdb).await);
        Served::new(&bench, &site.url)
            .fetch("imdb", "ls900000001")
            .await;
        let busy = FakeSite::start(|_| {
            HttpResponse::TooManyRequests()
                .insert_header(("retry-after", "600"))
                .finish()
        })
        .await;
        Served::new(&bench, &busy.url)
            .fetch("stevenlu", "movies")
            .await;
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        for phrase in [
            "INFO",
            "Found 300 items in imdb list",
            "Rate limited",
            "Error fetching stevenlu list movies",
        ] {
            assert!(text.contains(phrase), "{phrase}: {text}");
        }
    }
}
