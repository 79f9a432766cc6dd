//! `provider_tokens`: accounts on list sites that people signed in to, their tokens encrypted.
//! Written by sync-worker.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::tables::provider_tokens;

/// One account.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = provider_tokens)]
pub struct ProviderToken {
    /// Row number.
    pub id: i32,
    /// The provider's name.
    pub provider: String,
    /// The account's name on the site.
    pub account: String,
    /// Its tokens, encrypted.
    pub tokens: String,
    /// When they stop being valid, where the site tells.
    pub expires_at: Option<NaiveDateTime>,
    /// Why they cannot be used any more, once that is known.
    pub problem: Option<String>,
    /// When somebody signed in first.
    pub created_at: NaiveDateTime,
    /// When the tokens last changed.
    pub updated_at: NaiveDateTime,
}

/// An account to store, over an older row of the same one.
#[derive(Clone, PartialEq, Eq, Insertable, AsChangeset)]
#[diesel(table_name = provider_tokens, treat_none_as_null = true)]
#[expect(missing_docs, reason = "the fields are those of `ProviderToken`")]
pub struct NewProviderToken {
    pub provider: String,
    pub account: String,
    pub tokens: String,
    pub expires_at: Option<NaiveDateTime>,
    pub problem: Option<String>,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
}

impl std::fmt::Debug for ProviderToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderToken")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewProviderToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewProviderToken")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl ProviderToken {
    /// All accounts, by provider and in the order they were added.
    ///
    /// # Errors
    /// When the database fails.
    pub fn all(conn: &mut SqliteConnection) -> QueryResult<Vec<Self>> {
        provider_tokens::table
            .order((provider_tokens::provider, provider_tokens::id))
            .select(Self::as_select())
            .load(conn)
    }

    /// The accounts of one provider, in the order they were added.
    ///
    /// # Errors
    /// When the database fails.
    pub fn of(conn: &mut SqliteConnection, provider: &str) -> QueryResult<Vec<Self>> {
        provider_tokens::table
            .filter(provider_tokens::provider.eq(provider))
            .order(provider_tokens::id)
            .select(Self::as_select())
            .load(conn)
    }

    /// Forgets an account; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn delete(conn: &mut SqliteConnection, provider: &str, account: &str) -> QueryResult<bool> {
        let row = provider_tokens::table
            .filter(provider_tokens::provider.eq(provider))
            .filter(provider_tokens::account.eq(account));
        Ok(diesel::delete(row).execute(conn)? > 0)
    }
}

impl ProviderToken {
    /// Notes why its tokens cannot be used any more, unless they have changed meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub fn set_problem(&self, conn: &mut SqliteConnection, problem: &str) -> QueryResult<bool> {
        let row = provider_tokens::table
            .filter(provider_tokens::id.eq(self.id))
            .filter(provider_tokens::tokens.eq(&self.tokens));
        let noted = diesel::update(row)
            .set(provider_tokens::problem.eq(problem))
            .execute(conn)?;
        Ok(noted > 0)
    }

    /// Stores new tokens in place of these; false when the account was forgotten or signed in anew
    /// meanwhile, and nothing is stored.
    ///
    /// # Errors
    /// When the database fails.
    pub fn replace_tokens(
        &self,
        conn: &mut SqliteConnection,
        tokens: &str,
        expires_at: Option<NaiveDateTime>,
        now: NaiveDateTime,
    ) -> QueryResult<bool> {
        let row = provider_tokens::table
            .filter(provider_tokens::id.eq(self.id))
            .filter(provider_tokens::tokens.eq(&self.tokens));
        let stored = diesel::update(row)
            .set((
                provider_tokens::tokens.eq(tokens),
                provider_tokens::expires_at.eq(expires_at),
                provider_tokens::problem.eq(None::<String>),
                provider_tokens::updated_at.eq(now),
            ))
            .execute(conn)?;
        Ok(stored > 0)
    }
}

impl NewProviderToken {
    /// Stores the account; the day it was first added stays.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save(&self, conn: &mut SqliteConnection) -> QueryResult<()> {
        diesel::insert_into(provider_tokens::table)
            .values(self)
            .on_conflict((provider_tokens::provider, provider_tokens::account))
            .do_update()
            .set((
                provider_tokens::tokens.eq(&self.tokens),
                provider_tokens::expires_at.eq(self.expires_at),
                provider_tokens::problem.eq(&self.problem),
                provider_tokens::updated_at.eq(self.updated_at),
            ))
            .execute(conn)
            .map(drop)
    }
}
