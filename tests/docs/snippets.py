"""Every code block of README.md and docs/**/*.md: where it stands, what language it is in."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

FENCES = {
    "toml": "toml",
    "python": "python",
    "bash": "shell",
    "sh": "script",
    "yaml": "yaml",
    "json": "json",
    "csv": "csv",
}
FENCES |= {"": "printed", "text": "printed", "dockerfile": "printed"}
"""What a fence names, and what it is looked at as. Another one is an error."""

BEGINNINGS = [
    ("toml", re.compile(r"\[{1,2}[a-z_]+[.\]]|[a-z_.-]+ = (\[|\"|\{ )")),
    ("doctest", re.compile(r">>> ")),
    ("python", re.compile(r"(def|from|import|class|assert) |@pytest|\w+ = (\w+\(|\{\*)|\w+(\.\w+)?\(")),
    ("shell", re.compile(r"(pytest|llmops|python|python3|pip|git|docker|cd|export|\.|TESTS_WHOLE=1) ")),
    ("json", re.compile(r'\{"')),
]
"""What an indented paragraph begins with; what begins with nothing of it is what a program prints."""


@dataclass(frozen=True)
class Snippet:
    """One block.

    Attributes:
        page: path from the root of the project.
        line: its first line, from 1.
        kind: toml, python, doctest, shell, script, yaml, json, csv, printed.
        text: without the indentation.
    """

    page: str
    line: int
    kind: str
    text: str

    def __str__(self):
        return f"{self.page}:{self.line}"

    @property
    def first(self):
        """Its first line: what names it where it is listed."""
        return self.text.strip().splitlines()[0].strip()


def snippets_in(page, text):
    """The blocks of a page, fenced or indented by four; paragraphs of an indented one are classed one by one."""
    lines = text.splitlines()
    found, at = [], 0
    while at < len(lines):
        if fence := re.match(r"( *)```(\w*)", lines[at]):
            end = next(after for after in range(at + 1, len(lines)) if lines[after].startswith(fence[1] + "```"))
            text = "\n".join(line.removeprefix(fence[1]) for line in lines[at + 1 : end])
            found.append(Snippet(page, at + 2, FENCES[fence[2]], text))
            at = end + 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            end = at
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            found += indented(page, at, [line[4:] for line in lines[at:end]])
            at = end
        else:
            at += 1
    return found


def indented(page, at, lines):
    """An indented block as blocks of one language each."""
    parts = []
    for number, line in enumerate(lines, at + 1):
        new = line.strip() and (number == at + 1 or not lines[number - at - 2].strip())
        kind = kind_of(line) if new and not line.startswith(" ") else None
        if kind and (not parts or parts[-1][1] != kind):
            parts.append((number, kind, []))
        if not parts:
            parts.append((number, "printed", []))
        parts[-1][2].append(line)
    return [Snippet(page, number, kind, "\n".join(text)) for number, kind, text in parts]


def kind_of(line):
    """The language of a paragraph that begins so."""
    return next((kind for kind, begins in BEGINNINGS if begins.match(line)), "printed")


SNIPPETS = [found for page in PAGES for found in snippets_in(str(page.relative_to(ROOT)), page.read_text("utf-8"))]
BLOCK = re.compile(r"^```.*?^```|^ {4}[^\n]*$", re.MULTILINE | re.DOTALL)


def inline_in(page, text):
    """The commands within sentences and tables."""
    text = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    for found in re.finditer(r"(?<!`)`((?:pytest|llmops) [^`]+)`", text):
        yield Snippet(page, 1 + text[: found.start()].count("\n"), "shell", " ".join(found[1].split()))


INLINE = [found for page in PAGES for found in inline_in(str(page.relative_to(ROOT)), page.read_text("utf-8"))]
"""Commands within sentences and tables."""


def of(*kinds):
    """The blocks of these languages."""
    return [snippet for snippet in SNIPPETS if snippet.kind in kinds]
