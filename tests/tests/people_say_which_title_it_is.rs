//! What a person says an entry is holds on every list, is asked for once, and can be carried to another
//! household.

use anyhow::{Context, Result, ensure};
use schema::{
    pin_file::PinFile,
    wire::sync::{Picked, PinsImported, ReviewPage},
};
use serde_json::Value;
use tests::{
    fake_seerr::{AMBIGUOUS, FakeSeerr, World},
    fake_sites::{Entry, FakeSites},
    harness::{Household, Setup},
};

/// The two films of the sample world that share a title.
const OLDER: i64 = 7_000_001;
const NEWER: i64 = 7_000_002;

/// Two lists with an entry whose id nobody knows and whose year no list gives.
fn sites() -> FakeSites {
    let sites = FakeSites::start();
    let odd = Entry::movie("tt79999991", AMBIGUOUS, None);
    let mut other = Entry::named(&World::sample(), &["The Matrix"]);
    other.push(odd.clone());
    sites.set_imdb_list("ls000000001", vec![odd]);
    sites.set_imdb_list("ls000000002", other);
    sites
}

/// What `listsync` prints with `--json`, whose last line is the answer.
async fn told(household: &Household, args: &[&str]) -> Result<Value> {
    let args = [args, &["--json"]].concat();
    let output = household.cli(&args).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{args:?}: {errors}");
    let printed = String::from_utf8(output.stdout)?;
    let last = printed.lines().last().context("nothing was printed")?;
    Ok(serde_json::from_str(last)?)
}

async fn waiting(household: &Household, args: &[&str]) -> Result<ReviewPage> {
    let args = [&["review"], args].concat();
    Ok(serde_json::from_value(told(household, &args).await?)?)
}

async fn pick(household: &Household, item: &str, what: &str) -> Result<Picked> {
    let picked = told(household, &["review", "pick", item, what]).await?;
    Ok(serde_json::from_value(picked)?)
}

async fn import(household: &Household, file: &str) -> Result<PinsImported> {
    let imported = told(household, &["pins", "import", file]).await?;
    Ok(serde_json::from_value(imported)?)
}

async fn household(seerr: &FakeSeerr, sites: &FakeSites) -> Result<Household> {
    Setup::new().seerr(seerr).sites(sites).start().await
}

async fn add_lists(household: &Household) -> Result<()> {
    household.add_list("imdb", "ls000000001").await?;
    household.add_list("imdb", "ls000000002").await?;
    Ok(())
}

fn requested(seerr: &FakeSeerr) -> (usize, usize) {
    let count = |tmdb_id| seerr.requests_for(tmdb_id, false).len();
    (count(OLDER), count(NEWER))
}

#[actix_rt::test]
async fn an_entry_on_two_lists_is_asked_about_once_and_what_is_picked_is_requested_once()
-> Result<()> {
    let (seerr, sites) = (FakeSeerr::start(World::sample()), sites());
    let household = household(&seerr, &sites).await?;
    add_lists(&household).await?;
    household.sync().await?;
    assert_eq!(requested(&seerr), (0, 0));
    let waiting = self::waiting(&household, &[]).await?;
    let [entry] = waiting.entries.as_slice() else {
        anyhow::bail!("{waiting:#?}")
    };
    assert_eq!((waiting.total, entry.list_count), (1, 2), "{entry:#?}");
    assert_eq!(entry.title, AMBIGUOUS);
    let item = entry.item.to_string();

    let nobody = household
        .cli(&["review", "pick", &item, "movie:7999999"])
        .await?;
    assert_eq!(nobody.status.code(), Some(1));
    let said = String::from_utf8(nobody.stderr)?;
    assert!(said.contains("TMDB has no movie 7999999"), "{said}");

    // The films have IMDb ids of their own, which a person may know.
    let picked = pick(&household, &item, "tt70000002").await?;
    assert_eq!(picked.entries, 2);
    assert!(picked.notices.is_empty(), "{picked:#?}");
    let title = picked.pin.title.context("a title was picked")?;
    assert_eq!((title.tmdb_id, title.year), (NEWER, Some(2019)));
    let waiting = self::waiting(&household, &["--all"]).await?;
    assert_eq!(waiting.total, 0);
    household.sync().await?;
    household.sync().await?;
    assert_eq!(requested(&seerr), (0, 1));

    // A change of mind: the other film is asked for, and the wrong request is told of.
    let older = format!("movie:{OLDER}");
    let picked = pick(&household, &item, &older).await?;
    assert!(
        picked
            .notices
            .iter()
            .any(|notice| notice.contains("that request stays")),
        "{picked:#?}"
    );
    household.sync().await?;
    assert_eq!(requested(&seerr), (1, 1));
    Ok(())
}

#[actix_rt::test]
async fn pins_come_back_from_a_file_and_spare_another_household_the_question() -> Result<()> {
    let (seerr, sites) = (FakeSeerr::start(World::sample()), sites());
    let here = household(&seerr, &sites).await?;
    add_lists(&here).await?;
    here.sync().await?;
    let waiting = self::waiting(&here, &[]).await?;
    let item = waiting
        .entries
        .first()
        .context("it waits")?
        .item
        .to_string();
    let newer = format!("movie:{NEWER}");
    let picked = pick(&here, &item, &newer).await?;
    let file = here.folder().join("pins.json").display().to_string();
    let output = here.cli(&["pins", "export", &file]).await?;
    ensure!(output.status.success(), "{output:?}");
    let exported = PinFile::read(&std::fs::read(&file)?)?;
    assert_eq!((exported.pins.len(), exported.refused.len()), (1, 0));

    // Taken back, the question comes again; the file answers it at once.
    let pin = picked.pin.id.to_string();
    let output = here.cli(&["pins", "remove", &pin]).await?;
    ensure!(output.status.success(), "{output:?}");
    here.sync().await?;
    let waiting = self::waiting(&here, &[]).await?;
    assert_eq!(waiting.total, 1);
    let imported = import(&here, &file).await?;
    assert_eq!((imported.added, imported.entries), (1, 2));
    let waiting = self::waiting(&here, &[]).await?;
    assert_eq!(waiting.total, 0);
    here.sync().await?;
    assert_eq!(requested(&seerr), (0, 1));

    let their_seerr = FakeSeerr::start(World::sample());
    let there = household(&their_seerr, &sites).await?;
    let imported = import(&there, &file).await?;
    assert_eq!((imported.added, imported.entries), (1, 0));
    add_lists(&there).await?;
    let report = there.sync().await?;
    assert_eq!(report.summary.counts.needs_review, 0, "{report:#?}");
    assert_eq!(requested(&their_seerr), (0, 1));
    let imported = import(&there, &file).await?;
    assert_eq!((imported.unchanged, imported.entries), (1, 0));
    Ok(())
}
