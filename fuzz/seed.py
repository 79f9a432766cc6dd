"""Writes the corpora to begin with: our fixtures, as the targets take them. The order of requests is that of `SAMPLES`."""

import io
import pathlib
import re
import zipfile

HERE = pathlib.Path(__file__).parent
FIXTURES = HERE / "../scraper-worker/tests/fixtures"
# Of each ending, as `page` and as `file` count them.
KINDS = {".json": 0, ".html": 1, ".csv": 2, ".txt": 2, ".xml": 3, ".atom": 3}
FILES = {".csv": 1, ".json": 3, ".txt": 4, ".xml": 4, ".atom": 4}


def put(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


source = (HERE / "../scraper-worker/src/parse_once.rs").read_text()
table = source.split("pub const SAMPLES", 1)[1].split("];", 1)[0]
samples = re.findall(r'\(\s*"([^"]+)",\s*"([^"]+)",\s*(?:None|Some\("[^"]+"\)),?\s*\)', table)
for place, (site, list_id) in enumerate(samples):
    put("address", f"{site}-{place}", list_id.encode())
    for fixture in (FIXTURES / site).iterdir():
        if fixture.suffix in KINDS:
            put("page", f"{place}-{fixture.name}", bytes([place, KINDS[fixture.suffix]]) + fixture.read_bytes())

packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    for folder in ("file", "url"):
        for fixture in (FIXTURES / folder).iterdir():
            if fixture.suffix in FILES:
                put("file", f"{folder}-{fixture.name}", bytes([FILES[fixture.suffix]]) + fixture.read_bytes())
                archive.writestr(fixture.name, fixture.read_bytes())
put("file", "all.zip", b"\0" + packed.getvalue())
