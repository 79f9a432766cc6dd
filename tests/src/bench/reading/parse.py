# Reads a body as a Python program would, over and over for a second, and prints what that took. See mod.rs.
import csv
import io
import json
import re
import sys
import time
import xml.etree.ElementTree as ElementTree


def imdb_title(node):
    year = (node["releaseYear"] or {}).get("year")
    return node["id"], node["titleText"]["text"], year, node["titleType"]["id"]


def imdb_page(text):
    from bs4 import BeautifulSoup

    script = BeautifulSoup(text, "html.parser").find("script", id="__NEXT_DATA__")
    page = json.loads(script.string)["props"]["pageProps"]["pageData"]
    return [imdb_title(edge["node"]) for edge in page["chartTitles"]["edges"]]


def imdb_graphql(text):
    data = json.loads(text)["data"]
    items = (data.get("list") or data.get("predefinedList"))["titleListItemSearch"]
    return [imdb_title(edge["listItem"]) for edge in items["edges"]]


def letterboxd(text):
    from bs4 import BeautifulSoup

    posters = BeautifulSoup(text, "html.parser").select("[data-item-slug]")
    return [(poster["data-item-slug"], poster["data-item-name"]) for poster in posters]


def trakt(text):
    titles = [row[row["type"]] for row in json.loads(text)]
    return [(title["title"], title["year"], title["ids"]["imdb"], title["ids"]["tmdb"]) for title in titles]


def mdblist_rows(rows):
    return [(row["title"], row["release_year"], row["mediatype"], row["imdb_id"], row["id"]) for row in rows]


def mdblist_parted(text):
    body = json.loads(text)
    return mdblist_rows(body["movies"] + body["shows"])


def mdblist(text):
    return mdblist_rows(json.loads(text))


def stevenlu(text):
    rows = json.loads(text)
    return [(row["title"], row.get("imdb_id"), row.get("tmdb_id")) for row in rows]


def tmdb(text):
    body = json.loads(text)
    rows = body.get("items") or body["results"]
    return [(row["id"], row["title"], row["release_date"][:4], row["media_type"]) for row in rows]


def tvdb(text):
    rows = json.loads(text)["data"]["entities"]
    return [(row["seriesId"], row["movieId"]) for row in sorted(rows, key=lambda row: row["order"])]


def simkl_title(title, year):
    ids = title["ids"]
    return title["title"], year, ids.get("imdb"), ids.get("tmdb"), ids.get("tvdb")


def simkl_trending(text):
    return [simkl_title(row, row["release_date"][-4:]) for row in json.loads(text)]


def simkl_marked(text):
    rows = json.loads(text)["movies"]
    return [simkl_title(row["movie"], row["movie"]["year"]) for row in rows]


def anilist(text):
    lists = json.loads(text)["data"]["MediaListCollection"]["lists"]
    media = [entry["media"] for entries in lists for entry in entries["entries"]]
    return [
        (row["id"], row["idMal"], row["title"]["english"] or row["title"]["romaji"], row["seasonYear"])
        for row in media
    ]


def myanimelist(text):
    return [
        (row["anime_id"], row["anime_title_eng"] or row["anime_title"], row["anime_season"]["year"])
        for row in json.loads(text)
    ]


def plex_watchlist(text):
    rows = json.loads(text)["MediaContainer"]["Metadata"]
    return [(row["title"], row["year"], row["type"], [guid["id"] for guid in row["Guid"]]) for row in rows]


def plex_feed(text):
    items = ElementTree.fromstring(text).iter("item")
    return [
        (item.findtext("title"), item.findtext("category"), [guid.text for guid in item.iter("guid")])
        for item in items
    ]


def any_csv(text):
    rows = csv.DictReader(io.StringIO(text))
    return [(row["Const"], row["Title"], row["Year"], row["Title Type"]) for row in rows]


def any_json(text):
    return [(row["title"], row["year"], row["imdbId"], row["tmdbId"]) for row in json.loads(text)]


def any_text(text):
    line = re.compile(r"(.+) \((\d{4})\)")
    return [line.fullmatch(row).groups() for row in text.splitlines() if row.strip()]


def any_feed(text):
    film, number = "{https://letterboxd.com}film", "{https://themoviedb.org}movieId"
    items = ElementTree.fromstring(text).iter("item")
    return [
        (item.findtext(film + "Title"), item.findtext(film + "Year"), item.findtext(number)) for item in items
    ]


def peak():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])


def main():
    reader, path = sys.argv[1:]
    read = globals()[reader]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before = peak()
    entries = len(read(text))
    first = peak()
    rounds = 0
    start = time.perf_counter()
    while rounds < 3 or time.perf_counter() - start < 1:
        assert len(read(text)) == entries
        rounds += 1
    seconds = time.perf_counter() - start
    print(json.dumps({"entries": entries, "rounds": rounds, "seconds": seconds, "before_kib": before, "peak_kib": first}))


main()
