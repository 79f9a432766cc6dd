//! A plan is made without anything being requested, looked at, and carried out once, as far as the
//! world still agrees; or it is dropped, or too old.

use std::process::Output;

use anyhow::{Context, Result, bail};
use diesel::{RunQueryDsl, sql_types};
use schema::models::RunId;
use serde_json::{Value, json};
use tests::{
    fake_seerr::{FakeSeerr, Kind, World, request_status},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

/// TMDB number of the first title.
const FIRST: i64 = 9_000_001;

struct Home {
    seerr: FakeSeerr,
    _sites: FakeSites,
    household: Household,
}

/// A household with one list of three films that nobody has asked for.
async fn home() -> Result<Home> {
    let world = World::numbered(3);
    let sites = FakeSites::start();
    sites.set_imdb_list("ls000000001", Entry::all_of(&world));
    let seerr = FakeSeerr::start(world);
    let household = Setup::new().seerr(&seerr).sites(&sites).start().await?;
    household.add_list("imdb", "ls000000001").await?;
    Ok(Home {
        seerr,
        _sites: sites,
        household,
    })
}

impl Home {
    async fn cli(&self, args: &[&str]) -> Result<Output> {
        self.household.cli(args).await
    }

    /// What a command that succeeds prints.
    async fn told(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        if !output.status.success() {
            bail!("{args:?}: {}", text(&output.stderr));
        }
        Ok(text(&output.stdout))
    }

    /// What a command prints as data.
    async fn data(&self, args: &[&str]) -> Result<Value> {
        let told = self.told(args).await?;
        serde_json::from_str(&told).with_context(|| told.clone())
    }

    /// Why a command is refused.
    async fn refused(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        assert_eq!(
            output.status.code(),
            Some(1),
            "{args:?}: {}",
            text(&output.stdout)
        );
        Ok(text(&output.stderr))
    }

    /// Makes a plan and gives its number.
    async fn plan(&self) -> Result<i64> {
        let plan = self.data(&["sync", "--plan", "--json"]).await?;
        plan.pointer("/plan/id")
            .and_then(serde_json::Value::as_i64)
            .context("it has a number")
    }

    fn posts(&self) -> usize {
        self.seerr.count("POST", "/api/v1/request")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[actix_rt::test]
async fn a_plan_is_shown_before_anything_is_requested_and_applied_once() -> Result<()> {
    let home = home().await?;
    let planned = home.told(&["sync", "--plan"]).await?;
    assert!(planned.starts_with("plan 1 of run "), "{planned}");
    assert!(planned.contains("\n3 to request"), "{planned}");
    for name in ["Sample Film 0001 (1951)", "Sample Film 0003 (1953)"] {
        assert!(planned.contains(name), "{planned}");
    }
    assert!(planned.contains("imdb:ls000000001"), "{planned}");
    assert!(planned.contains("listsync plan apply 1"), "{planned}");
    assert_eq!(home.posts(), 0, "nothing is asked for by a plan");

    assert_eq!(home.told(&["plan", "show"]).await?, planned);
    let listed = home.data(&["plan", "list", "--json"]).await?;
    assert_eq!(listed[0]["status"], "open");
    assert_eq!(listed[0]["counts"]["requests"], 3);

    home.told(&["plan", "apply", "--wait"]).await?;
    assert_eq!(home.seerr.requests().len(), 3);
    let applied = home.data(&["plan", "show", "1", "--json"]).await?;
    assert_eq!(applied["plan"]["status"], "applied");
    let items = applied["items"].as_array().context("it has titles")?;
    assert!(
        items.iter().all(|item| item["outcome"].is_string()),
        "{applied}"
    );

    let again = home.refused(&["plan", "apply", "1"]).await?;
    assert!(
        again.contains("plan 1 was applied already by run "),
        "{again}"
    );
    let none = home.refused(&["plan", "apply"]).await?;
    assert!(none.contains("no plan waits for a decision"), "{none}");
    assert_eq!(home.household.sync().await?.summary.counts.requested, 0);
    assert_eq!((home.seerr.requests().len(), home.posts()), (3, 3));
    Ok(())
}

#[actix_rt::test]
async fn what_somebody_asked_for_since_the_plan_was_made_is_left_out_and_says_so() -> Result<()> {
    let home = home().await?;
    let plan = home.plan().await?.to_string();
    home.seerr.change(|state| {
        state.add_request(Kind::Movie, FIRST, request_status::APPROVED, &[]);
    });
    home.told(&["plan", "apply", &plan, "--wait"]).await?;
    assert_eq!(home.posts(), 2);
    assert_eq!(home.seerr.requests_for(FIRST, false).len(), 1);
    let shown = home.data(&["plan", "show", &plan, "--json"]).await?;
    let items = shown["items"].as_array().context("it has titles")?;
    let outcome = |tmdb_id: i64| {
        let item = items.iter().find(|item| item["tmdb_id"] == tmdb_id)?;
        item["outcome"].as_str().map(str::to_owned)
    };
    let left_out = outcome(FIRST).context("it says what came of it")?;
    assert!(
        left_out.contains("somebody else has requested it"),
        "{left_out}"
    );
    assert_ne!(outcome(FIRST + 1), Some(left_out));
    Ok(())
}

#[actix_rt::test]
async fn plans_that_were_discarded_or_are_too_old_are_refused() -> Result<()> {
    let home = home().await?;
    let dropped = home.plan().await?.to_string();
    let told = home.told(&["plan", "discard"]).await?;
    assert!(
        told.starts_with(&format!("discarded plan {dropped}: 3 to request")),
        "{told}"
    );
    let refused = home.refused(&["plan", "apply", &dropped]).await?;
    assert!(
        refused.contains(&format!("plan {dropped} was discarded")),
        "{refused}"
    );

    let old = i32::try_from(home.plan().await?)?;
    let past = chrono::DateTime::UNIX_EPOCH.naive_utc();
    home.household
        .database()?
        .write(move |conn| {
            diesel::sql_query("UPDATE plans SET expires_at = ? WHERE id = ?")
                .bind::<sql_types::Timestamp, _>(past)
                .bind::<sql_types::Integer, _>(old)
                .execute(conn)
        })
        .await?;
    let old = old.to_string();
    let refused = home.refused(&["plan", "apply", &old]).await?;
    assert!(
        refused.contains(&format!("plan {old} is too old")),
        "{refused}"
    );
    assert!(refused.contains("listsync sync --plan"), "{refused}");
    let shown = home.data(&["plan", "show", &old, "--json"]).await?;
    assert_eq!(shown["plan"]["status"], "expired");
    let unknown = home.refused(&["plan", "apply", "99"]).await?;
    assert!(unknown.contains("there is no plan 99"), "{unknown}");
    assert_eq!(home.posts(), 0);
    Ok(())
}

#[actix_rt::test]
async fn programs_plan_and_apply_over_http() -> Result<()> {
    let home = home().await?;
    let api = home.household.api()?;
    let (status, started) = api.call("POST", "/api/plans", Some(json!({}))).await?;
    assert_eq!(status, 202, "{started}");
    let run = RunId(i32::try_from(started["run_id"].as_i64().context("a run")?)?);
    let limit = std::time::Duration::from_mins(1);
    home.household.report(run, limit).await?;
    let (_, run) = api
        .call("GET", &format!("/api/sync-history/{run}"), None)
        .await?;
    let plan = run["plan"].as_i64().context("the run made a plan")?;

    let path = format!("/api/plans/{plan}");
    let (status, page) = api
        .call("GET", &format!("{path}?limit=2&decision=request"), None)
        .await?;
    assert_eq!((status, &page["total"]), (200, &3.into()), "{page}");
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["has_more"], true);
    assert_eq!(home.posts(), 0);

    let apply = format!("{path}/apply");
    let (status, started) = api.call("POST", &apply, None).await?;
    assert_eq!(status, 202, "{started}");
    let run = RunId(i32::try_from(started["run_id"].as_i64().context("a run")?)?);
    home.household.report(run, limit).await?;
    assert_eq!(home.seerr.requests().len(), 3);
    let (status, problem) = api.call("POST", &apply, None).await?;
    assert_eq!((status, &problem["code"]), (409, &"conflict".into()));
    let (status, _) = api.call("DELETE", &path, None).await?;
    assert_eq!(status, 409, "what was applied cannot be dropped");
    Ok(())
}
