//! Ids that are told on a page of each title: asked for once, remembered, and no reason to lose a
//! title when they cannot be had.

use schema::models::MediaType;

use super::*;

/// A list of titles on one page.
async fn titles(titles: impl IntoIterator<Item = u32>) -> FakeSite {
    let items: Vec<_> = titles
        .into_iter()
        .map(|number| format!("t{number}"))
        .collect();
    let announced = items.len();
    site(move |_| HttpResponse::Ok().json(json!({"items": items, "total": announced}))).await
}

/// The page of `t7` tells `tt7`, 7 and a show.
fn told(hit: &Hit) -> HttpResponse {
    let number = number(hit);
    HttpResponse::Ok().json(json!({"imdb": format!("tt{number}"), "tmdb": number, "is_show": true}))
}

fn number(hit: &Hit) -> u32 {
    hit.path.strip_prefix("/film/t").unwrap().parse().unwrap()
}

fn lists(list: &FakeSite, films: &FakeSite) -> PlainLists {
    PlainLists {
        films: Some(films.url.clone()),
        ..PlainLists::at(&[list])
    }
}

impl Kept {
    fn entries(&self) -> Vec<Entry> {
        self.0.borrow().iter().flatten().cloned().collect()
    }

    fn sizes(&self) -> Vec<usize> {
        self.0.borrow().iter().map(Vec::len).collect()
    }

    /// Titles that have an id, and all.
    fn known(&self) -> (usize, usize) {
        let entries = self.entries();
        let known = entries.iter().filter(|entry| entry.imdb_id.is_some());
        (known.count(), entries.len())
    }
}

fn row(number: u32, imdb_id: Option<&str>, known_at: &str) -> SourceId {
    SourceId {
        season: None,
        tvdb_id: None,
        source: "plain_film".into(),
        source_key: format!("t{number}"),
        media_type: Some(MediaType::Movie),
        imdb_id: imdb_id.map(str::to_owned),
        tmdb_id: None,
        other_id: None,
        known_at: known_at.parse().unwrap(),
    }
}

async fn remembered(bench: &Bench, rows: Vec<SourceId>) {
    let save = move |conn: &mut _| rows.iter().try_for_each(|row| row.save(conn));
    bench
        .db
        .write::<_, schema::DbError, _>(move |conn| Ok(save(conn)?))
        .await
        .unwrap();
}

#[actix_rt::test]
async fn the_page_of_each_new_title_is_read_once_and_remembered() {
    let (list, films, bench) = (titles(1..=3).await, site(told).await, Bench::new());
    for read in 0..2 {
        let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete);
        assert_eq!((walked.read, walked.pages), (3, 1), "pages of the list");
        let entries = kept.entries();
        for (entry, number) in entries.iter().zip(1..) {
            assert_eq!(entry.imdb_id, Some(format!("tt{number}")));
            assert_eq!(entry.tmdb_id, Some(number));
            assert_eq!(entry.media_type, Some(MediaType::Tv));
            assert_eq!(i64::from(entry.rank), number);
        }
        assert_eq!(films.hits().len(), 3, "reading {read}");
    }
}

#[actix_rt::test]
async fn of_a_title_on_two_lists_read_side_by_side_one_page_is_read() {
    let (list, films, bench) = (titles(1..=12).await, site(told).await, Bench::new());
    let (fetcher, provider) = (bench.fetcher(), lists(&list, &films));
    let reads = [0, 1].map(|_| read_with(&fetcher, &provider, None));
    for (walked, kept) in futures_util::future::join_all(reads).await {
        assert_eq!(walked.outcome, FetchOutcome::Complete);
        assert_eq!(kept.known(), (12, 12));
    }
    assert_eq!(films.hits().len(), 12);
}

#[actix_rt::test]
async fn a_title_that_had_no_ids_is_asked_for_again_after_a_month() {
    let (list, films, bench) = (titles(1..=3).await, site(told).await, Bench::new());
    let rows = vec![
        row(1, None, "2026-10-23T12:00:00"),
        row(2, None, "2026-10-22T11:00:00"),
        row(3, Some("tt33"), "2020-01-01T00:00:00"),
    ];
    remembered(&bench, rows).await;
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!(films.hits().iter().map(number).collect::<Vec<_>>(), [2]);
    let ids: Vec<_> = kept
        .entries()
        .into_iter()
        .map(|entry| entry.imdb_id)
        .collect();
    assert_eq!(ids, [None, Some("tt2".into()), Some("tt33".into())]);
    assert_eq!(kept.entries()[0].media_type, Some(MediaType::Movie));
}

#[actix_rt::test]
async fn a_title_without_a_page_goes_on_without_ids_and_is_remembered_so() {
    let films = site(|hit| match number(hit) {
        2 => HttpResponse::NotFound().finish(),
        _ => told(hit),
    })
    .await;
    let (list, bench) = (titles(1..=3).await, Bench::new());
    for _ in 0..2 {
        let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
        assert_eq!(walked.outcome, FetchOutcome::Complete);
        assert_eq!(kept.known(), (2, 3));
    }
    assert_eq!(films.hits().len(), 3);
}

#[actix_rt::test]
async fn a_challenge_ends_the_asking_and_every_title_is_handed_on() {
    let films = site(|hit| match number(hit) {
        1 | 2 => told(hit),
        _ => HttpResponse::Forbidden()
            .insert_header(("cf-mitigated", "challenge"))
            .finish(),
    })
    .await;
    let (list, bench) = (titles(1..=30).await, Bench::new());
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    assert_eq!(
        walked.outcome,
        FetchOutcome::Partial {
            cause: schema::models::Cause::Blocked,
            reason: "the ids of 28 titles could not be read: Plain turned us away (status 403 and \
                a Cloudflare challenge); they are looked for by title and year"
                .into(),
            retryable: false,
        }
    );
    assert_eq!((kept.known(), films.hits().len()), ((2, 30), 3));
}

#[actix_rt::test]
async fn one_title_that_fails_costs_its_own_ids_only_and_three_in_a_row_end_the_asking() {
    let films = site(|hit| match number(hit) {
        2 | 4.. => HttpResponse::BadGateway().finish(),
        _ => told(hit),
    })
    .await;
    let (list, bench) = (titles(1..=9).await, Bench::new());
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    let reason = partial_of(&walked);
    assert!(
        reason.starts_with("the ids of 7 titles could not be read: 127.0.0.1:")
            && reason.contains("answered 502 each time it was asked"),
        "{reason}"
    );
    assert_eq!(kept.known(), (2, 9));
    let asked: Vec<_> = films.hits().iter().map(number).collect();
    assert_eq!(asked, [1, 2, 2, 2, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6]);
}

#[actix_rt::test]
async fn a_site_that_asks_to_be_left_alone_is_not_asked_for_the_other_titles() {
    let films = site(|_| {
        HttpResponse::TooManyRequests()
            .insert_header(("retry-after", "600"))
            .finish()
    })
    .await;
    let (list, bench) = (titles(1..=5).await, Bench::new());
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    let reason = partial_of(&walked);
    assert!(
        reason.contains("left alone until 2026-11-21 12:"),
        "{reason}"
    );
    assert!(matches!(
        walked.outcome,
        FetchOutcome::Partial {
            retryable: true,
            ..
        }
    ));
    assert_eq!((kept.known(), films.hits().len()), ((0, 5), 1));
}

#[actix_rt::test]
async fn entries_wait_for_at_most_ten_others() {
    let (list, films, bench) = (titles(1..=25).await, site(told).await, Bench::new());
    let (_, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    assert_eq!(kept.sizes(), [10, 10, 5]);
    // What is known waits for nothing.
    let list = titles((1..=25).chain([26])).await;
    let (_, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    assert_eq!(kept.sizes(), [25, 1]);
    let ranks: Vec<_> = kept.entries().iter().map(|entry| entry.rank).collect();
    assert!(ranks.into_iter().eq(1..=26), "in the list's order");
}

#[actix_rt::test]
async fn no_page_is_read_of_titles_that_nobody_wants() {
    let (list, films, bench) = (titles(1..=9).await, site(told).await, Bench::new());
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), Some(2)).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((kept.known(), films.hits().len()), ((2, 2), 2));
}

#[actix_rt::test]
async fn titles_whose_turn_comes_too_late_are_handed_on_without_ids() {
    let list =
        site(|_| HttpResponse::Ok().json(json!({"items": ["t1", "t2"], "late": true}))).await;
    let (films, bench) = (site(told).await, Bench::new());
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    let reason = partial_of(&walked);
    assert!(
        reason.starts_with("the ids of 2 titles could not be read: reading took longer than"),
        "{reason}"
    );
    assert_eq!((kept.known(), films.hits().len()), ((0, 2), 0));
}

/// Nobody who wants anything.
struct Deaf;

impl Sink for Deaf {
    async fn entries(&self, _: Vec<Entry>, _: Option<u32>) -> Result<(), Gone> {
        Err(Gone)
    }
}

#[actix_rt::test]
async fn nothing_more_is_asked_for_once_nobody_wants_it() {
    let (list, films, bench) = (titles(1..=25).await, site(told).await, Bench::new());
    let (fetcher, provider) = (bench.fetcher(), lists(&list, &films));
    let sites = sites("http://127.0.0.1:9");
    let walk = Walk {
        fetcher: &fetcher,
        provider: &provider,
        sites: &sites,
        list: ListToRead::default(),
        limit: None,
    };
    assert!(walk.run(&Deaf).await.is_err());
    assert_eq!(films.hits().len(), 10);
}

#[actix_rt::test]
async fn without_its_memory_a_site_is_not_asked_for_everything_anew() {
    let (list, films, bench) = (titles(1..=5).await, site(told).await, Bench::new());
    let fetcher = bench.fetcher();
    bench.spoil();
    let (walked, kept) = read_with(&fetcher, &lists(&list, &films), None).await;
    let reason = partial_of(&walked);
    assert!(
        reason.starts_with(
            "the ids of 5 titles could not be read: what was learned before cannot be looked up"
        ),
        "{reason}"
    );
    assert_eq!((kept.known(), films.hits().len()), ((0, 5), 0));
}

#[actix_rt::test]
async fn a_list_that_changes_meanwhile_costs_no_title_a_second_page() {
    let list = site(|hit| {
        let items = |numbers: std::ops::RangeInclusive<u32>| {
            numbers
                .map(|number| format!("t{number}"))
                .collect::<Vec<_>>()
        };
        let page = match (hit.page(), hit.number) {
            (1, first) => {
                json!({"items": items(1..=3), "total": 5 + u32::from(first > 0), "next": 2})
            }
            _ => json!({"items": items(4..=6), "total": 6, "next": null}),
        };
        HttpResponse::Ok().json(page)
    })
    .await;
    let (films, bench) = (site(told).await, Bench::new());
    let (walked, kept) = read_with(&bench.fetcher(), &lists(&list, &films), None).await;
    assert_eq!(walked.outcome, FetchOutcome::Complete);
    assert_eq!((kept.known(), films.hits().len()), ((6, 6), 6));
}
