//! One file per table: the row, its insert form, its own types and every query on it.

mod api_key;
mod decision;
mod event;
mod fetch;
mod host_state;
mod http_cache;
mod ledger_season;
mod list;
mod list_item;
mod list_policy;
mod setting;
mod source_id;
mod sync_interval;
mod sync_run;
mod synced_item;
mod title;
mod title_id;

pub use api_key::{ApiKey, NewApiKey};
pub use decision::{Decision, DecisionKind, NewDecision};
pub use event::{Event, EventKind, Following, NewEvent};
pub use fetch::{Fetch, NewFetch};
pub use host_state::HostState;
pub use http_cache::HttpCache;
pub use ledger_season::{LedgerSeason, SeasonState};
pub use list::{FetchKind, List, ListId, NewList};
pub use list_item::{Identity, ItemFilter, ListItem, NewListItem};
pub use list_policy::ListPolicy;
pub use setting::Setting;
pub use source_id::SourceId;
pub use sync_interval::SyncInterval;
pub use sync_run::{NewRun, RunId, RunStatus, RunTrigger, SyncRun};
pub use synced_item::{LedgerStatus, NewSyncedItem, SyncedItem};
pub use title::{MediaType, NewTitle, Title, TitleRef};
pub use title_id::{IdSource, TitleId};
