//! Reads the parameters after the `?`: each is looked at, and all that are wrong are named at once.
//! Leaves those that a path does not have to `parameters`.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use actix_web::{HttpRequest, web};
use utoipa::IntoParams;

use crate::error::{ApiError, Fields};

/// Most rows of one page.
const MAX_LIMIT: i64 = 200;
/// Highest page; what lies behind it is nobody's list.
const MAX_PAGE: i64 = 1_000_000;

/// Parameters being read. End with [`Query::check`].
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
    wrong: Fields,
}

/// Which rows to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// Which page, from 1.
    #[param(required = false, minimum = 1, maximum = 1_000_000)]
    pub(crate) page: i64,
    /// Rows of a page.
    #[param(required = false, minimum = 1, maximum = 200)]
    pub(crate) limit: i64,
}

impl Page {
    pub(crate) fn offset(self) -> i64 {
        (self.page - 1) * self.limit
    }
}

impl Query {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        Self::parse(request.query_string())
    }

    fn parse(text: &str) -> Result<Self, ApiError> {
        let pairs = web::Query::<Vec<(String, String)>>::from_query(text)
            .map_err(|error| ApiError::Unreadable(format!("the query cannot be read: {error}")))?
            .into_inner();
        Ok(Self {
            pairs,
            wrong: Fields::default(),
        })
    }

    /// The last value of that name; an empty one counts as absent.
    fn value(&self, name: &str) -> Option<String> {
        let last = self.pairs.iter().rev().find(|(key, _)| key == name);
        last.map(|(_, value)| value.trim().to_owned())
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&mut self, name: &str, default: i64, range: RangeInclusive<i64>) -> i64 {
        let Some(text) = self.value(name) else {
            return default;
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (least, most) = range.into_inner();
                self.wrong.add(
                    name,
                    format!("must be a whole number from {least} to {most}"),
                );
                default
            }
        }
    }

    /// `page` and `limit`.
    pub(crate) fn page(&mut self, default_limit: i64) -> Page {
        Page {
            page: self.number("page", 1, 1..=MAX_PAGE),
            limit: self.limit(default_limit),
        }
    }

    pub(crate) fn limit(&mut self, default: i64) -> i64 {
        self.number("limit", default, 1..=MAX_LIMIT)
    }

    pub(crate) fn row_number(&mut self, name: &str) -> Option<i32> {
        self.value(name)?;
        i32::try_from(self.number(name, 1, 1..=i64::from(i32::MAX))).ok() // the range sees to it
    }

    pub(crate) fn flag(&mut self, name: &str) -> bool {
        match self.value(name).as_deref() {
            None | Some("false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => {
                self.wrong.add(name, "must be true or false");
                false
            }
        }
    }

    /// A word of an enum.
    pub(crate) fn word<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        match self.value(name)?.parse() {
            Ok(word) => Some(word),
            Err(error) => {
                self.wrong
                    .add(name, format!("is not possible: {error}").trim_end());
                None
            }
        }
    }

    pub(crate) fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = self.value(name)?;
        if text.chars().count() > most {
            self.wrong
                .add(name, format!("must have at most {most} characters"));
            return None;
        }
        Some(text)
    }

    /// Everything that was wrong.
    pub(crate) fn check(self) -> Result<(), ApiError> {
        self.wrong.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::models::Identity;

    #[test]
    fn absent_and_empty_parameters_have_their_defaults() {
        let mut query = Query::parse("limit=&_=123&search=+").unwrap();
        assert_eq!(query.page(50), Page { page: 1, limit: 50 });
        assert_eq!(query.text("search", 10), None);
        assert_eq!(query.row_number("list"), None);
        assert!(!query.flag("with_removed"));
        query.check().unwrap();
    }

    #[test]
    fn pages_are_counted_from_one() {
        let page = Query::parse("page=3&limit=20").unwrap().page(50);
        assert_eq!((page.offset(), page.limit), (40, 20));
    }

    #[test]
    fn all_that_is_wrong_is_named_at_once() {
        let mut query =
            Query::parse("limit=201&page=0&identity=odd&list=-1&with_removed=maybe&search=abc")
                .unwrap();
        query.page(50);
        query.word::<Identity>("identity");
        query.row_number("list");
        query.flag("with_removed");
        query.text("search", 2);
        assert_eq!(
            query.check().unwrap_err().to_string(),
            "`identity` is not possible: `odd` is none of `new` `matched` `needs_review` `not_found`; \
             `limit` must be a whole number from 1 to 200; \
             `list` must be a whole number from 1 to 2147483647; \
             `page` must be a whole number from 1 to 1000000; \
             `search` must have at most 2 characters; \
             `with_removed` must be true or false"
        );
    }

    #[test]
    fn a_huge_number_is_wrong_and_does_not_wrap() {
        for text in [
            "limit=99999999999999999999",
            "limit=1e3",
            "limit=%00",
            "limit=-0x1",
        ] {
            let mut query = Query::parse(text).unwrap();
            query.limit(50);
            assert!(query.check().is_err(), "{text}");
        }
    }
}
