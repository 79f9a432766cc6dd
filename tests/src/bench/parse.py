# Reads a body as a Python program would, over and over for a second, and prints what that took. See reading.rs.
import json
import sys
import time


def imdb(text):
    from bs4 import BeautifulSoup

    script = BeautifulSoup(text, "html.parser").find("script", id="__NEXT_DATA__")
    page = json.loads(script.string)["props"]["pageProps"]["pageData"]
    nodes = [edge["node"] for edge in page["chartTitles"]["edges"]]
    return [
        (
            node["id"],
            node["titleText"]["text"],
            (node["releaseYear"] or {}).get("year"),
            node["titleType"]["id"],
        )
        for node in nodes
    ]


def letterboxd(text):
    from bs4 import BeautifulSoup

    posters = BeautifulSoup(text, "html.parser").select("[data-item-slug]")
    return [(poster["data-item-slug"], poster["data-item-name"]) for poster in posters]


def stevenlu(text):
    rows = json.loads(text)
    return [(row["title"], row.get("imdb_id"), row.get("tmdb_id")) for row in rows]


def peak():
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])


def main():
    kind, path = sys.argv[1:]
    read = {"imdb": imdb, "letterboxd": letterboxd, "stevenlu": stevenlu}[kind]
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
