//! Numbers of seasons as one column: `1,2,5`.

use std::collections::BTreeSet;

use diesel::{
    backend::Backend,
    deserialize::{FromSql, FromSqlRow},
    expression::AsExpression,
    serialize::{Output, ToSql},
    sql_types::Text,
    sqlite::Sqlite,
};
use serde::{Deserialize, Serialize};

/// Numbers of seasons, each once, ascending; 0 are the specials.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = Text)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeasonNumbers(pub BTreeSet<i32>);

impl SeasonNumbers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<i32> for SeasonNumbers {
    fn from_iter<I: IntoIterator<Item = i32>>(numbers: I) -> Self {
        Self(numbers.into_iter().collect())
    }
}

impl std::fmt::Display for SeasonNumbers {
    /// `1, 2, 5`; runs of three and more are joined: `1 to 4, 7`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut runs: Vec<(i32, i32)> = Vec::new();
        for number in &self.0 {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == *number => *last = *number,
                _ => runs.push((*number, *number)),
            }
        }
        let words = runs.into_iter().map(|(first, last)| match last - first {
            0 => first.to_string(),
            1 => format!("{first}, {last}"),
            _ => format!("{first} to {last}"),
        });
        f.write_str(&words.collect::<Vec<_>>().join(", "))
    }
}

impl ToSql<Text, Sqlite> for SeasonNumbers {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> diesel::serialize::Result {
        let words: Vec<String> = self.0.iter().map(i32::to_string).collect();
        out.set_value(words.join(","));
        Ok(diesel::serialize::IsNull::No)
    }
}

impl<B: Backend> FromSql<Text, B> for SeasonNumbers
where
    String: FromSql<Text, B>,
{
    fn from_sql(bytes: B::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        let text = String::from_sql(bytes)?;
        let numbers = text.split(',').filter(|part| !part.is_empty());
        Ok(Self(numbers.map(str::parse).collect::<Result<_, _>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_seasons_are_told_by_their_ends() {
        let told = |numbers: &[i32]| {
            numbers
                .iter()
                .copied()
                .collect::<SeasonNumbers>()
                .to_string()
        };
        assert_eq!(told(&[4, 1, 2, 3, 7]), "1 to 4, 7");
        assert_eq!(told(&[1, 2, 5]), "1, 2, 5");
        assert_eq!(told(&[]), "");
    }
}
