"""Which files a build may see: the folder without what `.dockerignore` names."""

import re
from pathlib import Path


class Context:
    def __init__(self, folder: Path):
        self.folder = folder
        lines = (folder / ".dockerignore").read_text().splitlines()
        patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        self.rules = [(pattern.startswith("!"), compiled(pattern.lstrip("!"))) for pattern in patterns]

    def has(self, path: str) -> bool:
        """Whether a file may be seen: the last rule that fits it or a folder above it decides."""
        parts = path.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        seen = True
        for is_exception, pattern in self.rules:
            if any(pattern.fullmatch(part) for part in above):
                seen = is_exception
        return seen

    def files(self) -> list[str]:
        """All files that may be seen, in order. Folders in which no rule could admit anything are not entered."""
        admitted = {line.lstrip("!").split("/")[0] for line in self.exceptions()}
        found = []
        for top in sorted(self.folder.iterdir()):
            if top.name not in admitted:
                continue
            for path in [top] if top.is_file() else sorted(top.rglob("*")):
                name = path.relative_to(self.folder).as_posix()
                if path.is_file() and self.has(name):
                    found.append(name)
        return found

    def exceptions(self) -> list[str]:
        lines = (self.folder / ".dockerignore").read_text().splitlines()
        return [line.strip() for line in lines if line.startswith("!")]


def compiled(pattern: str) -> re.Pattern:
    """Docker's patterns: `*` inside a name, `**` over folders."""
    text = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", pattern.strip("/")):
        text += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or re.escape(part)
    return re.compile(text)
