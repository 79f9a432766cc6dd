"""Reads a Dockerfile: stages, instructions, variables. Leaves carrying them out to build.py.

An instruction or a flag that is not known here is an error: a step that is skipped proves nothing.
"""

import json
import re
import shlex
from dataclasses import dataclass, field

# What each instruction may have in front of its arguments.
FLAGS = {
    "ARG": set(),
    "CMD": set(),
    "COPY": {"from", "chown"},
    "ENTRYPOINT": set(),
    "ENV": set(),
    "EXPOSE": set(),
    "FROM": set(),
    "HEALTHCHECK": {"interval", "timeout", "start-period", "start-interval", "retries"},
    "LABEL": set(),
    "RUN": {"mount"},
    "STOPSIGNAL": set(),
    "USER": set(),
    "VOLUME": set(),
    "WORKDIR": set(),
}
# Those in which variables are replaced. In RUN, CMD and ENTRYPOINT they are the shell's business.
WITH_VARIABLES = {"COPY", "ENV", "EXPOSE", "FROM", "LABEL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR", "ARG"}


class DockerfileError(Exception):
    """Something in the file cannot be carried out."""


@dataclass
class Instruction:
    line: int
    name: str
    flags: list[tuple[str, str]]
    text: str

    def words(self, variables: dict[str, str]) -> list[str]:
        """Its arguments, variables replaced and quotes removed."""
        if self.text.startswith("["):
            return [substituted(word, variables) for word in json.loads(self.text)]
        return shlex.split(substituted(self.text, variables))

    def pairs(self, variables: dict[str, str]) -> list[tuple[str, str]]:
        """Its arguments as name=value."""
        pairs = []
        for word in self.words(variables):
            name, equals, value = word.partition("=")
            if not equals:
                raise DockerfileError(f"line {self.line}: {self.name} wants NAME=VALUE, not {word!r}")
            pairs.append((name, value))
        return pairs

    def command(self) -> list[str]:
        """What it runs: a list as it is, anything else through the shell."""
        if self.text.startswith("["):
            return json.loads(self.text)
        return ["/bin/sh", "-c", self.text]


@dataclass
class Stage:
    name: str
    base: str
    instructions: list[Instruction] = field(default_factory=list)


@dataclass
class Dockerfile:
    variables: dict[str, str]
    stages: list[Stage]

    def stage(self, name: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.name == name), None)


def substituted(text: str, variables: dict[str, str]) -> str:
    """`$NAME` and `${NAME}` replaced; `${NAME:-…}` and the like are not used here and an error."""

    def value(match: re.Match) -> str:
        name = match.group(1) or match.group(2)
        if name is None:
            raise DockerfileError(f"cannot replace the variable in {text!r}")
        return variables.get(name, "")

    return re.sub(r"\$(?:\{([A-Za-z_][A-Za-z_0-9]*)\}|([A-Za-z_][A-Za-z_0-9]*)|(?=[{]))", value, text)


def lines_of(text: str) -> list[tuple[int, str]]:
    """Whole lines with their numbers: comments left out, continued ones joined."""
    joined, begun = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and begun is None):
            continue
        first, so_far = begun or (number, "")
        if line.endswith("\\"):
            begun = (first, so_far + line[:-1])
        else:
            joined.append((first, (so_far + line).strip()))
            begun = None
    if begun:
        raise DockerfileError(f"line {begun[0]}: the last line is continued by none")
    return joined


def parse(text: str) -> Dockerfile:
    variables: dict[str, str] = {}
    stages: list[Stage] = []
    for number, line in lines_of(text):
        instruction = one(number, line)
        if instruction.name == "FROM":
            words = instruction.words(variables)
            if len(words) == 3 and words[1].upper() == "AS":
                stages.append(Stage(words[2], words[0]))
            elif len(words) == 1:
                stages.append(Stage(str(len(stages)), words[0]))
            else:
                raise DockerfileError(f"line {number}: FROM {instruction.text!r} is not understood")
        elif stages:
            stages[-1].instructions.append(instruction)
        elif instruction.name == "ARG":
            variables.update(instruction.pairs(variables))
        else:
            raise DockerfileError(f"line {number}: {instruction.name} comes before FROM")
    return Dockerfile(variables, stages)


def one(number: int, line: str) -> Instruction:
    name, _, rest = line.partition(" ")
    name, rest = name.upper(), rest.strip()
    if name not in FLAGS:
        raise DockerfileError(f"line {number}: {name} is not known here; teach tests/image what it does")
    flags = []
    while match := re.match(r"--([a-z-]+)(?:=(\S+))?\s*", rest):
        flag = match.group(1)
        if flag not in FLAGS[name]:
            raise DockerfileError(f"line {number}: {name} --{flag} is not known here")
        flags.append((flag, match.group(2) or ""))
        rest = rest[match.end():]
    if "<<" in rest:
        raise DockerfileError(f"line {number}: here-documents are not known here")
    return Instruction(number, name, flags, rest)
