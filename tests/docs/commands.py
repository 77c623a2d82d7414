"""What is wrong with a command line of the docs, said by the parser that would read it."""

import re
import shlex
import tomllib

import click
import pytest
from _pytest.mark.expression import Expression

from pytest_llmops.cli import commands as llmops
from pytest_llmops.target.load import built_in_names

from .snippets import ROOT

TARGETS = {"staging", "canary", "stable", "production", "demo", *built_in_names()}
"""Names of targets: built in, or of the llmops.toml that the docs speak of."""

OTHERS = {
    "python3": "makes the environment",
    "kubectl": "reads what llmops prints",
    "crontab": "reads what llmops prints",
    ".": "activates the environment",
    "export": "of the shell",
    "cd": "of the shell",
    "git": "a clone",
    "mkdocs": "builds the site, in test_site",
}
"""Commands that are not ours, and what they are there for: their words are not looked at."""


def complaint(text, pytestconfig, mentioned=False):
    """What is wrong with it, or nothing. Synopses (``[--json]``, ``FILE...``) are read as if all were given.

    One that is only mentioned, in a sentence, may go without what it has to be given.
    """
    for line in text.replace("\\\n", " ").splitlines():
        for words in commands(line):
            if said := of_words(words, pytestconfig, mentioned):
                return f"{line.strip()}: {said}"
    return ""


def commands(line):
    """The commands of a line, each as its words, without comments, pipes, brackets and variables set before."""
    parts, words = [], shlex.split(re.sub(r"(?<!\S)\[([^\]]*)\]", r"\1", line), comments=True)
    for word in [*words, "&&"]:
        if word in {"&&", "|", ";"}:
            parts, found = [], parts
            if found:
                yield found
        elif parts or not re.fullmatch(r"[A-Z_]+=\S*", word):
            parts.append("1" if word == "N" else word.removesuffix("..."))


def of_words(words, pytestconfig, mentioned):
    name, *rest = words
    name = name.removeprefix(".venv/bin/")
    if name.startswith("python") and rest[:2] == ["-m", "pytest"]:
        name, rest = "pytest", rest[2:]
    if name.startswith("python") and rest[:2] == ["-m", "pip"]:
        name, rest = "pip", rest[2:]
    if name == "python":
        return of_python(rest)
    known = {
        "pytest": lambda: of_pytest(rest, pytestconfig),
        "pip": lambda: of_pip(rest),
        "llmops": lambda: of_llmops(rest, mentioned),
    }
    if name in known:
        return known[name]()
    return "" if name in OTHERS else f"{name} is no command that is known here"


def of_pytest(words, pytestconfig):
    try:
        given, unknown = pytestconfig._parser.parse_known_and_unknown_args(words)
    except (pytest.UsageError, SystemExit) as error:
        return str(error)
    markers = {line.partition(":")[0].partition("(")[0] for line in pytestconfig.getini("markers")}
    named = set(re.findall(r"[\w-]+", given.markexpr or "")) - {"and", "or", "not", "SUITE"}
    Expression.compile(given.markexpr or "daily")
    targets = {given.llmops_target, given.llmops_against, given.llmops_allow_disruption} - {None}
    wrong = [*unknown, *(named - markers), *(targets - TARGETS), *faults(given.llmops_sandbox_fault)]
    return ", ".join(wrong)


def faults(texts):
    """Those that the sandbox does not know."""
    from pytest_llmops.errors import LlmopsError
    from pytest_llmops.sandbox.faults import parse

    try:
        parse(texts)
    except LlmopsError as error:
        return [str(error)]
    return []


def of_llmops(words, mentioned):
    try:
        parsed(llmops, "llmops", [word.partition("|")[0] for word in words])
    except (click.exceptions.NoArgsIsHelpError, click.MissingParameter) as error:
        return "" if mentioned else error.format_message()
    except click.ClickException as error:
        return error.format_message()
    return ""


def parsed(command, name, words, parent=None):
    """Reads the words as click would, and calls nothing."""
    context = command.make_context(name, list(words), parent=parent)
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        if rest:
            name, inner, left = command.resolve_command(context, rest)
            parsed(inner, name, left, context)


def of_pip(words):
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    asked = {
        extra
        for word in words
        for found in re.findall(r"(?:pytest-llmops|\.)\[(.*)\]", word)
        for extra in found.split(",")
    }
    return ", ".join(asked - extras.keys())


def of_python(words):
    path = ROOT / (words[1].replace(".", "/") if words[0] == "-m" else words[0])
    return "" if path.exists() else f"{words[-1]} does not exist"
