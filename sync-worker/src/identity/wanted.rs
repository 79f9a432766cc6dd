//! What an entry of a list tells of its title. Pure.

use schema::models::{ListItem, MediaType};

use super::{
    readings::{Kind, Reading, bare_year, readings, without_year},
    release::without_marks,
};

/// What an entry tells of its title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) title: String,
    pub(crate) original_title: Option<String>,
    pub(crate) alternative_titles: Vec<String>,
    pub(crate) year: Option<i32>,
    pub(crate) media_type: Option<MediaType>,
    /// Behind the title is another year than the entry gives: one of them is wrong.
    pub(crate) has_two_years: bool,
}

impl Wanted {
    /// What an entry of a list tells.
    pub(crate) fn of(item: &ListItem) -> Self {
        Self::new(
            &item.title,
            item.original_title.as_deref(),
            item.year,
            item.media_type,
        )
    }

    /// A year in brackets at the end of the title counts where no other is given.
    pub(crate) fn new(
        title: &str,
        original_title: Option<&str>,
        year: Option<i32>,
        media_type: Option<MediaType>,
    ) -> Self {
        let (title, in_brackets) = without_year(title);
        Self {
            title: title.to_owned(),
            original_title: original_title
                .map(|title| without_year(title).0.to_owned())
                .filter(|original| !original.is_empty() && original != title),
            alternative_titles: Vec::new(),
            year: year.or(in_brackets),
            media_type,
            has_two_years: matches!(
                (year, in_brackets),
                (Some(one), Some(other)) if one.abs_diff(other) > 1
            ),
        }
    }

    /// The entry, if the year at the end of its title is its year.
    pub(super) fn dated(&self) -> Option<Self> {
        let (front, year) = bare_year(&self.title)?;
        self.year.is_none_or(|given| given == year).then(|| Self {
            title: front.to_owned(),
            year: Some(year),
            ..self.clone()
        })
    }

    /// The entry, if its title is the name of a file or disc.
    pub(super) fn unmarked(&self) -> Option<Self> {
        let title = without_marks(&self.title)?;
        let plain = Self::new(
            &title,
            self.original_title.as_deref(),
            self.year,
            self.media_type,
        );
        Some(Self {
            alternative_titles: self.alternative_titles.clone(),
            has_two_years: self.has_two_years || plain.has_two_years,
            ..plain
        })
    }

    /// The titles of the entry in all their readings, and whose titles they are.
    pub(super) fn titles(&self) -> Vec<(Whose, Reading)> {
        let original = self.original_title.iter().map(|it| (Whose::Original, it));
        let others = self.alternative_titles.iter();
        // The film of a show is not the show, and a show has no cut of its own.
        let is_movie = self.media_type == Some(MediaType::Movie);
        let is_show = self.media_type == Some(MediaType::Tv);
        std::iter::once((Whose::Title, &self.title))
            .chain(original)
            .chain(others.map(|title| (Whose::Alternative, title)))
            .filter(|(_, title)| !title.is_empty())
            .flat_map(|(whose, title)| {
                readings(title)
                    .into_iter()
                    .filter(|reading| match reading.kind {
                        Kind::Edition => !is_show,
                        Kind::TheMovie => is_movie,
                        Kind::Season(_) => !is_movie,
                        _ => true,
                    })
                    .map(move |reading| (whose, reading))
            })
            .collect()
    }
}

/// Which of its titles is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Whose {
    Title,
    Original,
    Alternative,
}
