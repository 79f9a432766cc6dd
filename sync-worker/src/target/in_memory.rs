//! A target that is a shelf in memory: movies, and shows of which it only tells; no network, no versions.
//! For tests of whatever works with a [`Target`], and the proof that one needs neither shows nor Seerr to be
//! one.

use std::{
    cell::{Ref, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use chrono::NaiveDateTime;
use schema::models::MediaType;

use super::{
    Candidate, Details, ForeignId, MediaRow, MediaStatus, NewRequest, RequestStatus, Snapshot,
    Submitted, Target, TargetError, TargetInfo, TargetRequest, TargetWarning,
};

/// Cheap to clone; clones are the same shelf.
#[derive(Clone, Debug, Default)]
pub(crate) struct InMemory {
    shelf: Rc<RefCell<Shelf>>,
}

/// Everything there is; tests look at it and change it as they like.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    /// By TMDB number.
    pub(crate) movies: BTreeMap<i64, Movie>,
    /// Shows by TMDB number: it can tell of them, and none can be requested.
    pub(crate) shows: BTreeMap<i64, Details>,
    /// The oldest first.
    pub(crate) requests: Vec<TargetRequest>,
    /// Everything that was asked, in words, in order.
    pub(crate) asked: Vec<String>,
    /// Nobody answers.
    pub(crate) is_down: bool,
    /// The next request is made and its answer gets lost.
    pub(crate) loses_next_answer: bool,
    /// Questions by their first word, each with what goes wrong with it once; the first that fits.
    pub(crate) faults: Vec<(&'static str, Fault)>,
    /// When people said no, by TMDB number; told as long as a no is to be seen.
    pub(crate) refused_at: BTreeMap<i64, NaiveDateTime>,
    warnings: Vec<TargetWarning>,
    troubles: Vec<TargetWarning>,
    newest: i32,
}

/// What goes wrong with a question.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing is done, and this is the answer.
    Says(TargetError),
    /// It is done, and this is the answer.
    DoesAndSays(TargetError),
}

/// One movie.
#[derive(Clone, Debug)]
pub(crate) struct Movie {
    /// `tt…`
    pub(crate) imdb_id: String,
    /// Its title.
    pub(crate) title: String,
    /// Its year.
    pub(crate) year: i32,
    /// Standard quality and 4K.
    pub(crate) status: [MediaStatus; 2],
}

impl InMemory {
    /// An empty shelf.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same with a movie that nobody has asked for.
    pub(crate) fn movie(self, tmdb_id: i64, imdb_id: &str, title: &str, year: i32) -> Self {
        let movie = Movie {
            imdb_id: imdb_id.to_owned(),
            title: title.to_owned(),
            year,
            status: [MediaStatus::Unknown; 2],
        };
        self.change(|shelf| shelf.movies.insert(tmdb_id, movie));
        self
    }

    /// The same with something that a check tells.
    pub(crate) fn warning(self, warning: TargetWarning) -> Self {
        self.change(|shelf| shelf.warnings.push(warning));
        self
    }

    /// The same with something that a closer look tells.
    pub(crate) fn trouble(self, trouble: TargetWarning) -> Self {
        self.change(|shelf| shelf.troubles.push(trouble));
        self
    }

    /// Changes it behind everybody's back.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut Shelf) -> R) -> R {
        change(&mut self.shelf.borrow_mut())
    }

    /// Looks at it.
    pub(crate) fn look(&self) -> Ref<'_, Shelf> {
        self.shelf.borrow()
    }

    /// Gives a title a status in a quality.
    pub(crate) fn set_status(&self, tmdb_id: i64, is_4k: bool, status: MediaStatus) {
        self.change(|shelf| shelf.set_status(tmdb_id, is_4k, status));
    }

    /// Gives a request a status, as a person there does.
    pub(crate) fn set_request(&self, id: i32, status: RequestStatus) {
        self.change(|shelf| {
            let row = shelf.requests.iter_mut().find(|row| row.id == id).unwrap();
            row.status = status;
        });
    }

    /// Remembers the question; answers only while somebody is there.
    fn ask<R>(
        &self,
        question: String,
        answer: impl FnOnce(&mut Shelf) -> Result<R, TargetError>,
    ) -> Result<R, TargetError> {
        self.change(|shelf| {
            shelf.asked.push(question);
            if shelf.is_down {
                return Err(TargetError::Unreachable {
                    address: "the shelf".to_owned(),
                    why: "nobody is there".to_owned(),
                });
            }
            let is_met = |(word, _): &(&str, Fault)| {
                shelf
                    .asked
                    .last()
                    .is_some_and(|asked| asked.starts_with(word))
            };
            let Some(at) = shelf.faults.iter().position(is_met) else {
                return answer(shelf);
            };
            match shelf.faults.remove(at).1 {
                Fault::Says(error) => Err(error),
                Fault::DoesAndSays(error) => answer(shelf).and(Err(error)),
            }
        })
    }
}

impl Shelf {
    fn set_status(&mut self, tmdb_id: i64, is_4k: bool, status: MediaStatus) {
        let movie = self.movies.get_mut(&tmdb_id).unwrap();
        movie.status[usize::from(is_4k)] = status;
    }

    fn found(&self, fits: impl Fn(&Movie) -> bool) -> Vec<Candidate> {
        let movies = self.movies.iter().filter(|(_, movie)| fits(movie));
        movies
            .map(|(tmdb_id, movie)| Candidate {
                media_type: MediaType::Movie,
                tmdb_id: *tmdb_id,
                title: movie.title.clone(),
                original_title: None,
                year: Some(movie.year),
                popularity: 1.0,
                alternative_titles: Vec::new(),
                poster_path: None,
            })
            .collect()
    }

    fn submit(&mut self, wish: &NewRequest) -> Result<Submitted, TargetError> {
        let movie = self.movies.get(&wish.tmdb_id);
        let movie = movie.filter(|_| wish.media_type == MediaType::Movie);
        let movie = movie.ok_or(TargetError::NoSuchTitle)?;
        if movie.status[usize::from(wish.is_4k)] == MediaStatus::Blocklisted {
            return Err(TargetError::Blocklisted);
        }
        let is_live = |row: &TargetRequest| row.status != RequestStatus::Declined;
        let holds = |row: &&TargetRequest| {
            (row.tmdb_id, row.is_4k) == (wish.tmdb_id, wish.is_4k) && is_live(row)
        };
        if self.requests.iter().any(|row| holds(&row)) {
            return Ok(Submitted::AlreadyThere);
        }
        self.newest += 1;
        self.requests.push(TargetRequest {
            id: self.newest,
            media_type: MediaType::Movie,
            tmdb_id: wish.tmdb_id,
            is_4k: wish.is_4k,
            status: RequestStatus::Approved,
            requested_by: Some(wish.requested_as.unwrap_or(1)),
            seasons: Vec::new(),
        });
        self.set_status(wish.tmdb_id, wish.is_4k, MediaStatus::Processing);
        if std::mem::take(&mut self.loses_next_answer) {
            let why = "the answer got lost".to_owned();
            return Err(TargetError::Unknown { why });
        }
        Ok(Submitted::Created {
            request_id: self.newest,
            media_id: None,
            seasons: Vec::new(),
        })
    }

    fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot {
            newest_request_id: self.newest,
            ..Snapshot::default()
        };
        for (tmdb_id, movie) in &self.movies {
            let [status, status_4k] = movie.status;
            if movie.status == [MediaStatus::Unknown; 2] {
                continue;
            }
            let row = MediaRow {
                status,
                status_4k,
                is_handed_on: false,
                is_handed_on_4k: false,
                seasons: Box::default(),
            };
            snapshot.media.insert((MediaType::Movie, *tmdb_id), row);
        }
        for row in self.requests.iter().rev() {
            let key = (row.media_type, row.tmdb_id, row.is_4k);
            snapshot.requests.entry(key).or_default().push(row.clone());
        }
        for (tmdb_id, at) in &self.refused_at {
            let place = (MediaType::Movie, *tmdb_id, false);
            snapshot.refused_at.insert(place, *at);
        }
        snapshot
    }
}

impl Target for InMemory {
    fn name(&self) -> &'static str {
        "shelf"
    }

    async fn check(&self) -> Result<TargetInfo, TargetError> {
        self.ask("check".to_owned(), |shelf| {
            Ok(TargetInfo {
                product: "Shelf".to_owned(),
                version: "1".to_owned(),
                user_id: 1,
                user_name: "Owner".to_owned(),
                can_request: true,
                can_act_for_others: false,
                has_4k_movies: false,
                has_4k_shows: false,
                locale: "en".to_owned(),
                warnings: shelf.warnings.clone(),
            })
        })
    }

    async fn troubles(&self) -> Vec<TargetWarning> {
        self.look().troubles.clone()
    }

    async fn snapshot(&self) -> Result<Snapshot, TargetError> {
        self.ask("snapshot".to_owned(), |shelf| Ok(shelf.snapshot()))
    }

    async fn look_up(&self, id: &ForeignId) -> Result<Vec<Candidate>, TargetError> {
        self.ask(format!("look up {id:?}"), |shelf| {
            Ok(match id {
                ForeignId::Imdb(id) => shelf.found(|movie| movie.imdb_id == *id),
                ForeignId::Tvdb(_) => Vec::new(), // it numbers shows
            })
        })
    }

    async fn search(&self, title: &str) -> Result<Vec<Candidate>, TargetError> {
        let wanted = title.to_lowercase();
        self.ask(format!("search {title}"), |shelf| {
            Ok(shelf.found(|movie| movie.title.to_lowercase().contains(&wanted)))
        })
    }

    async fn details(&self, media_type: MediaType, tmdb_id: i64) -> Result<Details, TargetError> {
        self.ask(format!("details {tmdb_id}"), |shelf| {
            if media_type == MediaType::Tv {
                let show = shelf.shows.get(&tmdb_id).cloned();
                return show.ok_or(TargetError::NoSuchTitle);
            }
            let movie = shelf.movies.get(&tmdb_id);
            let movie = movie.ok_or(TargetError::NoSuchTitle)?;
            Ok(Details {
                title: movie.title.clone(),
                year: Some(movie.year),
                imdb_id: Some(movie.imdb_id.clone()),
                ..Details::default()
            })
        })
    }

    async fn submit(&self, wish: &NewRequest) -> Result<Submitted, TargetError> {
        let question = format!("submit {}", wish.tmdb_id);
        self.ask(question, |shelf| shelf.submit(wish))
    }

    async fn retry(&self, request_id: i32) -> Result<(), TargetError> {
        self.ask(format!("retry {request_id}"), |shelf| {
            let mut rows = shelf.requests.iter_mut();
            let row = rows.find(|row| row.id == request_id);
            row.ok_or(TargetError::NoSuchRequest)?.status = RequestStatus::Approved;
            Ok(())
        })
    }

    async fn verify(&self, oldest_id: i32) -> Result<Vec<TargetRequest>, TargetError> {
        self.ask(format!("verify {oldest_id}"), |shelf| {
            let rows = shelf.requests.iter().rev();
            Ok(rows.filter(|row| row.id >= oldest_id).cloned().collect())
        })
    }

    async fn withdraw(&self, request_id: i32) -> Result<(), TargetError> {
        self.ask(format!("withdraw {request_id}"), |shelf| {
            let at = shelf.requests.iter().position(|row| row.id == request_id);
            if let Some(at) = at {
                let row = shelf.requests.remove(at);
                shelf.set_status(row.tmdb_id, row.is_4k, MediaStatus::Unknown);
            }
            Ok(())
        })
    }
}

/// Everything a target does with one movie, through the trait alone.
async fn from_id_to_withdrawal<T: Target>(target: &T, id: ForeignId) {
    target.check().await.unwrap();
    let found = target.look_up(&id).await.unwrap().remove(0);
    let searched = target.search(&found.title).await.unwrap();
    assert!(searched.iter().any(|title| title.tmdb_id == found.tmdb_id));
    let details = target.details(found.media_type, found.tmdb_id).await;
    assert_eq!(details.unwrap().title, found.title);
    let place = (found.media_type, found.tmdb_id);
    let before = target.snapshot().await.unwrap();
    assert!(!before.media.contains_key(&place));
    let wish = NewRequest {
        media_type: found.media_type,
        tmdb_id: found.tmdb_id,
        is_4k: false,
        seasons: super::Seasons::All,
        requested_as: None,
    };
    let made = target.submit(&wish).await.unwrap();
    let Submitted::Created { request_id, .. } = made else {
        panic!("{made:?}")
    };
    assert!(request_id > before.newest_request_id);
    assert_eq!(target.submit(&wish).await, Ok(Submitted::AlreadyThere));
    let seen = target.verify(request_id).await.unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].id, seen[0].tmdb_id), (request_id, found.tmdb_id));
    let after = target.snapshot().await.unwrap();
    assert_eq!(after.newest_request_id, request_id);
    assert_eq!(after.media[&place].status, MediaStatus::Processing);
    assert_eq!(after.requests[&(place.0, place.1, false)][0].id, request_id);
    target.retry(request_id).await.unwrap();
    target.withdraw(request_id).await.unwrap();
    target.withdraw(request_id).await.unwrap();
    assert_eq!(
        target.retry(request_id).await,
        Err(TargetError::NoSuchRequest)
    );
    assert_eq!(target.verify(0).await, Ok(Vec::new()));
    assert!(target.snapshot().await.unwrap().requests.is_empty());
}

#[actix_rt::test]
async fn a_target_without_shows_versions_or_network_runs_the_whole_course() {
    let shelf = InMemory::new().movie(603, "tt0133093", "The Matrix", 1999);
    from_id_to_withdrawal(&shelf, ForeignId::Imdb("tt0133093".into())).await;
    let asked = shelf.look().asked.clone();
    assert_eq!(asked.first().map(String::as_str), Some("check"));
    assert!(asked.contains(&"withdraw 1".to_owned()), "{asked:?}");
}

#[actix_rt::test]
async fn states_answers_that_get_lost_and_absence_show_as_at_any_target() {
    let shelf = InMemory::new().movie(603, "tt0133093", "The Matrix", 1999);
    let wish = NewRequest {
        media_type: MediaType::Movie,
        tmdb_id: 603,
        is_4k: true,
        seasons: super::Seasons::All,
        requested_as: Some(4),
    };
    shelf.change(|shelf| shelf.loses_next_answer = true);
    let error = shelf.submit(&wish).await.unwrap_err();
    assert!(error.may_have_been_sent());
    assert_eq!(shelf.look().requests[0].requested_by, Some(4));
    shelf.set_request(1, RequestStatus::Declined);
    assert!(matches!(
        shelf.submit(&wish).await,
        Ok(Submitted::Created { request_id: 2, .. })
    ));
    shelf.set_status(603, true, MediaStatus::Blocklisted);
    assert_eq!(shelf.submit(&wish).await, Err(TargetError::Blocklisted));
    let show = NewRequest {
        media_type: MediaType::Tv,
        ..wish
    };
    assert_eq!(shelf.submit(&show).await, Err(TargetError::NoSuchTitle));
    shelf.change(|shelf| shelf.is_down = true);
    let error = shelf.snapshot().await.unwrap_err();
    assert!(error.ends_the_run() && !error.may_have_been_sent());
}
