//! Answers `scraper-worker.sock`. Leaves reading to `reading` and recognizing to the providers.

use std::{future::Future, rc::Rc};

use runtime::{
    settings::ProvidersSettings,
    socket::{Answers, Gone, Handler},
};
use schema::wire::{
    Failure, FailureCode,
    scraper::{
        Entries, Entry, FetchList, FromScraper, ListRecognized, ProviderInfo, ProviderList,
        RecognizeList, ScraperLink, ToScraper,
    },
};

use crate::{
    fetch::Fetcher,
    provider::{Provider, Recognized},
    providers, reading,
    walk::Sink,
};

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Door(Rc<Inside>);

struct Inside {
    fetcher: Rc<Fetcher>,
    sites: ProvidersSettings,
}

impl Door {
    pub(crate) fn new(fetcher: Rc<Fetcher>, sites: ProvidersSettings) -> Self {
        Self(Rc::new(Inside { fetcher, sites }))
    }

    async fn answer(&self, request: ToScraper, answers: Answers<ScraperLink>) {
        match request {
            ToScraper::RecognizeList(asked) => answers.last(said(recognize(&asked))).await,
            ToScraper::Providers(_) => answers.last(FromScraper::Providers(all())).await,
            ToScraper::FetchList(asked) => self.fetch(asked, answers).await,
        }
    }

    async fn fetch(&self, asked: FetchList, answers: Answers<ScraperLink>) {
        let (provider, asked) = match readable(asked) {
            Ok(both) => both,
            Err(failure) => return answers.fail(failure).await,
        };
        let inside = &self.0;
        let caller = Caller(&answers);
        if let Ok(fetched) = reading::read(&inside.fetcher, provider, &inside.sites, asked, &caller).await { answers.last(FromScraper::ListFetched(fetched)).await } else { tracing::info!("a reading was ended: nobody waits for it any more") }
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
    async fn entries(&self, entries: Vec<Entry>) -> Result<(), Gone> {
        self.0.more(FromScraper::Entries(Entries { entries })).await
    }
}

fn said(answer: Result<ListRecognized, Failure>) -> FromScraper {
    answer.map_or_else(FromScraper::Failed, FromScraper::ListRecognized)
}

fn recognize(asked: &RecognizeList) -> Result<ListRecognized, Failure> {
    let input = asked.input.trim();
    let found = match &asked.list_type {
        Some(name) => {
            let provider = provider(name)?;
            provider.recognize(input).map(|list| (provider, list))
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
    })
}

/// The provider, and the request with the id in the one form that counts.
fn readable(mut asked: FetchList) -> Result<(&'static dyn Provider, FetchList), Failure> {
    let provider = provider(&asked.list_type)?;
    let list = provider
        .recognize(asked.list_id.trim())
        .ok_or_else(|| unrecognized(&asked.list_id, Some(provider.name())))?;
    asked.list_id = list.list_id;
    Ok((provider, asked))
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
    let provider = list_type.and_then(providers::find);
    let accepted: Vec<_> = match provider {
        Some(provider) => provider.accepts().to_vec(),
        None => providers::all()
            .iter()
            .flat_map(|provider| provider.accepts().to_vec())
            .collect(),
    };
    let whose = provider.map_or("any site that can be read", Provider::title);
    Failure::new(
        FailureCode::Invalid,
        format!("`{input}` is no list of {whose}"),
    )
    .with_remedy(format!("These are understood: {}.", accepted.join(", ")))
}

fn all() -> ProviderList {
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
    };
    ProviderList {
        providers: providers::all().iter().map(info).collect(),
    }
}
