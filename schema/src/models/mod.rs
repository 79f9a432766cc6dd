//! One file per table: the row, its insert form, its own types and every query on it.

mod api_key;
mod asking;
mod cause;
mod decision;
mod event;
mod fetch;
mod host_state;
mod host_usage;
mod http_cache;
mod id_map;
mod ledger_season;
mod list;
mod list_item;
mod list_policy;
mod pin;
mod plan;
mod plan_item;
mod provider_token;
mod season_numbers;
mod setting;
mod source_id;
mod statistics;
mod story;
mod sync_interval;
mod sync_run;
mod synced_item;
mod title;
mod title_facts;
mod title_id;

pub use api_key::{ApiKey, NewApiKey};
pub use asking::{Asking, Unmatched};
pub use cause::Cause;
pub use decision::{Decision, DecisionKind, NewDecision};
pub use event::{Event, EventKind, Following, NewEvent};
pub use fetch::{Fetch, NewFetch};
pub use host_state::HostState;
pub use host_usage::HostUsage;
pub use http_cache::HttpCache;
pub use id_map::IdMap;
pub use ledger_season::{LedgerSeason, SeasonState};
pub use list::{FetchKind, List, ListId, ListSetback, NewList};
pub use list_item::{
    EntryCounts, Identity, ItemFilter, ItemTraits, ListItem, MatchedAlike, NewListItem,
    ReviewCandidate,
};
pub use list_policy::ListPolicy;
pub use pin::{NewPin, Pin};
pub use plan::{NewPlan, Plan, PlanId, PlanRefusal, PlanStatus};
pub use plan_item::{NewPlanItem, PlanItem};
pub use provider_token::{NewProviderToken, ProviderToken};
pub use season_numbers::SeasonNumbers;
pub use setting::Setting;
pub use source_id::SourceId;
pub use story::Mark;
pub use sync_interval::SyncInterval;
pub use sync_run::{NewRun, RunId, RunStatus, RunTrigger, SyncRun};
pub use synced_item::{LedgerStatus, NewSyncedItem, SyncedItem};
pub use title::{MediaType, NewTitle, Title, TitleRef};
pub use title_facts::{SeasonFacts, TitleFacts};
pub use title_id::{IdSource, TitleId};
