//! The demo world as a program: sample list sites and a sample Seerr, for `make demo` and for trying things by hand.
//!
//! It needs no settings and no internet. It ends at once on SIGTERM or SIGINT; nothing it holds is kept.

use std::io::{self, Write as _};
use std::process::ExitCode;

use runtime::{Environment, Readiness};
use tests::fake_seerr::{
    AMBIGUOUS, FakeSeerr, Kind, Latency, User, World, media_status, permission, request_status,
};
use tests::fake_sites::{Entry, FakeSites, export};
use tokio::signal::unix::{SignalKind, signal};

const API_KEY: &str = "demo-seerr-key";

const HELP: &str = "\
Sample list sites and a sample Seerr, without internet.

Usage: demo-world [--seerr-port PORT] [--sites-port PORT] [--export FILE]

  --seerr-port PORT   where the sample Seerr answers on 127.0.0.1 [default: 5055]; its page of requests is at /,
                      its API key is demo-seerr-key
  --sites-port PORT   where the sample list sites answer on 127.0.0.1 [default: 5056]
  --export FILE       writes the export of a Letterboxd user there, as the site makes it (a zip), and goes on
  -h, --help          this text

IMDb: the chart TOP_RATED_MOVIES (/chart/top/), the list ls000000001, the watchlist of ur00000001. Steven Lu: movies.json.
Trakt: the list anna/rainy-days, with the client id fake-trakt-client-id. Letterboxd: the watchlist of anna.
TMDB: the list 8136. A web page that a script makes: /pages/staff-picks.
";

struct Wanted {
    seerr: u16,
    sites: u16,
    export: Option<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|word| word == "--help" || word == "-h")
    {
        return match io::stdout().write_all(HELP.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_closed) => ExitCode::FAILURE,
        };
    }
    match wanted(&arguments).and_then(|wanted| run(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // With stderr closed there is nobody to tell.
            writeln!(io::stderr(), "demo-world: {problem}").ok();
            ExitCode::from(78)
        }
    }
}

fn wanted(arguments: &[String]) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        seerr: 5055,
        sites: 5056,
        export: None,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag, Some(value.to_owned())),
            None => (word.as_str(), words.next().cloned()),
        };
        let value = value.unwrap_or_default();
        let port = match flag {
            "--seerr-port" => &mut wanted.seerr,
            "--sites-port" => &mut wanted.sites,
            "--export" if !value.is_empty() => {
                wanted.export = Some(value);
                continue;
            }
            _ => return Err(format!("unknown option `{flag}`; see demo-world --help")),
        };
        *port = value
            .parse()
            .map_err(|_not_a_port| format!("{flag} needs a port number, not `{value}`"))?;
    }
    Ok(wanted)
}

fn run(wanted: &Wanted) -> Result<(), String> {
    let taken = |what: &str, port: u16, flag: &str, error: &io::Error| {
        format!("cannot start {what} on port {port}: {error}; choose another with {flag} PORT")
    };
    let seerr = FakeSeerr::try_start(World::sample(), wanted.seerr, true)
        .map_err(|error| taken("the sample Seerr", wanted.seerr, "--seerr-port", &error))?;
    let sites = FakeSites::try_start(wanted.sites).map_err(|error| {
        taken(
            "the sample list sites",
            wanted.sites,
            "--sites-port",
            &error,
        )
    })?;
    fill_seerr(&seerr);
    fill_sites(&sites);
    fill_more_sites(&sites);
    if let Some(path) = &wanted.export {
        std::fs::write(path, sample_export())
            .map_err(|error| format!("cannot write {path}: {error}"))?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(async {
        let waits =
            |kind| signal(kind).map_err(|error| format!("cannot wait for signals: {error}"));
        let mut terminate = waits(SignalKind::terminate())?;
        let mut interrupt = waits(SignalKind::interrupt())?;
        let environment = Environment::from_process().map_err(|error| error.to_string())?;
        let text = format!("sample Seerr {}, sample sites {}", seerr.url(), sites.url());
        Readiness::from_environment(&environment).ready(&text);
        // Its log; a closed stdout is no reason to end.
        writeln!(io::stdout(), "demo-world: {text}").ok();
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    })
}

/// Some titles are there, asked for, refused or forbidden already, so that a first run shows several reasons.
fn fill_seerr(seerr: &FakeSeerr) {
    let id = |name: &str| {
        seerr.read(|state| {
            let title = state.world.named(name);
            title.map_or((Kind::Movie, 0), |title| (title.kind, title.tmdb_id))
        })
    };
    let available = ["The Godfather", "Fight Club", "Star Wars", "Chernobyl"].map(id);
    let requested = ["Inception", "Interstellar"].map(id);
    let waiting = id("The Matrix");
    let declined = id("Forrest Gump");
    let failed = id("The Green Mile");
    let forbidden = id("Psycho");
    let (_, some_seasons) = id("Breaking Bad");
    seerr.change(|state| {
        API_KEY.clone_into(&mut state.settings.api_key);
        state.settings.latency = Latency::slight();
        state.add_user(User::new(2, "anna", permission::REQUEST));
        for (kind, tmdb_id) in available {
            state.set_media(kind, tmdb_id, media_status::AVAILABLE);
        }
        for (kind, tmdb_id) in requested {
            state.add_request(kind, tmdb_id, request_status::APPROVED, &[]);
        }
        state.add_request(waiting.0, waiting.1, request_status::PENDING, &[]);
        state.add_request(declined.0, declined.1, request_status::DECLINED, &[]);
        state.add_request(failed.0, failed.1, request_status::FAILED, &[]);
        state.blocklist(forbidden.0, forbidden.1);
        state.set_library_seasons(some_seasons, &[1, 2]);
    });
}

fn fill_sites(sites: &FakeSites) {
    let world = World::sample();
    let is_movie = |entry: &Entry| !entry.is_show() && entry.title != AMBIGUOUS;
    let top = Entry::all_of(&world).into_iter().filter(is_movie).take(25);
    sites.set_imdb_chart("TOP_RATED_MOVIES", top.collect());

    let mut mixed = Entry::named(
        &world,
        &[
            "Breaking Bad",
            "Chernobyl",
            "Spirited Away",
            "Amélie",
            "Psycho",
            "Dune",
            "The Wire",
        ],
    );
    // Two films bear this name, the list gives no year and a number nobody knows: a person must choose.
    mixed.push(Entry::movie("tt79999991", AMBIGUOUS, None));
    mixed.push(Entry::movie(
        "tt79999992",
        "Seventeen Paper Boats to Nowhere",
        Some(2017),
    ));
    sites.set_imdb_list("ls000000001", mixed);

    let watchlist = [
        "Parasite",
        "Her",
        "Inception",
        "Better Call Saul",
        "Band of Brothers",
        "Seven Samurai",
    ];
    sites.set_imdb_watchlist("ur00000001", Entry::named(&world, &watchlist));

    let popular = [
        "Whiplash",
        "The Prestige",
        "Gladiator",
        "The Matrix",
        "Alien",
        "Blade Runner",
    ];
    sites.set_stevenlu("movies", Entry::named(&world, &popular));
}

/// The sites that need a key, patience, or a browser.
fn fill_more_sites(sites: &FakeSites) {
    let world = World::sample();
    let named = |names: &[&str]| Entry::named(&world, names);
    let mut rainy = named(&["Game of Thrones", "Stranger Things", "Casablanca", "Alien"]);
    // Trakt lists people and episodes too; nobody asks Seerr for them.
    rainy.push(Entry::movie("", "Somebody Famous", None).of_type("person"));
    sites.set_trakt("users/anna/lists/rainy-days", rainy);

    // Few films: Letterboxd is asked at most once in two seconds.
    let mut watchlist = named(&["City of God", "Band of Brothers"]);
    if let Some(series) = watchlist.last_mut() {
        *series = series.clone().of_type("tvMiniSeries");
    }
    sites.set_letterboxd("anna/watchlist", watchlist);

    sites.set_tmdb_list("8136", named(&["Dune", "The Sopranos", "The Thing"]));
    let picks = Entry::all_of(&world).into_iter().skip(20).take(20);
    let picks = picks.filter(|entry| entry.title != AMBIGUOUS);
    sites.set_web_page("staff-picks", picks.collect());
}

/// What Letterboxd gives its user Anna: titles and years, no numbers.
fn sample_export() -> Vec<u8> {
    let world = World::sample();
    let watchlist = Entry::named(&world, &["Life Is Beautiful", "The Departed"]);
    let list = Entry::named(&world, &["The Good, the Bad and the Ugly", "Seven Samurai"]);
    export::letterboxd_zip(&watchlist, &[("far-away", list)])
}
