"""Stack traces in a text, and errors of databases, as they are: not what somebody writes about them.

What tells a trace is a frame, a place in code as each language prints it, and not the word or an exception's name.
Markup and escapes are read through, so that the trace in an error page or in JSON is found as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_llmops.detect.finding import Finding
from pytest_llmops.detect.overlaps import apart
from pytest_llmops.detect.unfolding import Unfolded

if TYPE_CHECKING:
    from collections.abc import Iterator

_PHP = r"(?:/[\w.@ +-]+)+\.(?:php|phtml|inc)"

_TRACES = {
    "python": (
        r"Traceback \(most recent call last\)",
        r"Exception Group Traceback",
        r"\bFile \"[^\"\n]{1,300}\", line \d+(?:, in [\w<]|\n)",
        r"\bFile [^\s\"]{1,300}\.py, line \d+, in \w",
        r"(?:Cell |Input )?In ?\[\d+\], line \d+",
        r"[\w./-]+\.py, line \d+, in \w+",
        r"\bFile \"[^\"]{1,300}\", line \d+,? in [\w<]",
    ),
    "java": (
        (
            r"(?<![\w.])[a-zA-Z_$][\w$]*(?:\.[\w$<>-]+)+\((?:[\w$]+\.(?:java|kt|kts|scala|groovy|clj):\d+|"
            r"[A-Z][\w$]*\.(?:java|kt))\)"
        ),
        (
            r"\bat (?:[\w.@-]+/)?[a-zA-Z_$][\w$]*(?:\.[\w$<>]+)+\((?:Native Method|Unknown Source|"
            r"[\w$]+\.(?:java|kt|kts|scala|groovy|clj)(?::\d+)?)\)"
        ),
        r"Exception in thread \"[^\"\n]{1,80}\" [\w.]+",
    ),
    "node": (
        (
            r"\bat (?:async )?(?:[^\n()]{1,160} \()?(?:file://|webpack-internal:///|https?://|node:|"
            r"internal/|/|[A-Z]:\\|\.{1,2}/)[^\n\"]{0,300}?:\d+:\d+\)?"
        ),
        r"\bat (?:[\w.<>]+ )?\((?:native|<anonymous>)(?::\d+:\d+)?\)",
        r"^[\w$.<>/]*@(?:https?|file)://[^\s\"]{1,300}:\d+:\d+$",
    ),
    "go": (
        r"goroutine \d+ (?:gp=\S+ )?\[[a-z ,\d]+(?:, \d+ minutes)?\]:",
        r"\S+\.go:\d+ \+0x[0-9a-f]+",
        r"\.go:\d+ \(0x[0-9a-f]+\)",
        r"^[\w./*()-]+\.[\w.()*]+(?:\([^\n]{0,200}\))?\n\s+/\S+\.go:\d+",
        r"^panic: [^\n]{1,300}\n\n?(?:goroutine|\[signal)",
    ),
    "dotnet": (
        (
            r"^\s*(?:at|bei|à|en|in) [\w.<>`$+]+(?:\.|::)[\w.<>`$\[\],|@]+\([^()\n]{0,300}\)(?: (?:in|"
            r"dans|en) [^\n]{1,300}:(?:line|Zeile|ligne|línea) \d+|\s*$)"
        ),
        r"--- End of (?:inner exception )?stack trace",
        r":(?:line|Zeile|ligne|línea) \d+\.?\s*$",
        r"^\s*[A-Z]\w+(?:\.\w+){2,}\([^()\n]{0,200}\) \+\d+\s*$",
        r"FullyQualifiedErrorId\s*:",
        r"^At [^\n]{1,300}:\d+ char:\d+",
    ),
    "ruby": (
        r"(?:[\w./-]+\.(?:rb|erb|rake|ru)|\((?:eval|irb)\)):\d+:in [`'][^'\n]{1,120}'",
        r"\bfrom [^\s:]{1,300}:\d+:in [`']",
    ),
    "php": (
        rf"^\s*#\d+ (?:{_PHP}\(\d+\):|\{{main\}}|\[internal function\])",
        (
            rf"(?:Fatal error|Parse error|Warning|Notice|Deprecated|"
            rf"Uncaught \w+)\s*:[^\n]{{1,400}}? in {_PHP}(?: on line \d+|:\d+)"
        ),
        rf"\bin {_PHP} (?:on line \d+|\(line \d+\))",
        rf"\"file\": ?\"{_PHP}\", ?\"line\": ?\d+",
    ),
    "rust": (
        r"thread '[^'\n]{1,120}' (?:\(\d+\) )?panicked at ",
        r"^\s*\d+: +[\w<][^\n]*::[^\n]+\n\s+(?:at \S+:\d+|\d+: )",
        r"(?:^|\n)[Ss]tack backtrace:\s*\n\s*0:",
        r"^\s+at (?:\./|/)\S+\.rs:\d+:\d+",
    ),
    "sql": (
        r"(?:syntax error|unterminated quoted string|invalid input syntax)[^\n]{0,80} at or near [\"']",
        r"near \"[^\"\n]{1,40}\": syntax error",
        r"You have an error in your SQL syntax",
        r"SQLSTATE\[\w{5}\]|\bSQLCODE=-?\d+",
        r"\bORA-\d{5}: ",
        (
            r"\b(?:psycopg2?|asyncpg|sqlalchemy|sqlite3|pymysql|MySQLdb|pyodbc|cx_Oracle|"
            r"oracledb)\.(?:[a-z]+\.)*\w*(?:Error|Exception|Undefined\w+|Violation|Timeout)\b:? ?[^\n]{3}"
        ),
        (
            r"\b(?:relation|column|table|function|operator|database|schema|"
            r"type) [\"'`][\w. $-]{1,120}[\"'`] does(?: not|n't) exist"
        ),
        r"ERROR: +operator does not exist: ",
        r"\bTable '[\w.$-]+' doesn't exist|Unknown column '[\w.$-]+' in ",
        r"\bERROR \d{4} \([0-9A-Z]{5}\)",
        (
            r"SQLITE_(?:ERROR|CONSTRAINT)\b[^\n]*:|OperationalError\)? ?:? no such (?:table|column)|"
            r"\bno such (?:table|column): \w+"
        ),
        (
            r"Unclosed quotation mark after the character string|Incorrect syntax near (?:the keyword )?'|"
            r"Invalid (?:object|column) name '"
        ),
        r"\bMsg \d+, Level \d+, State \d+",
        (
            r"\b(?:PSQLException|SQLSyntaxErrorException|SqlException|MySQLSyntaxErrorException|"
            r"SQLServerException)\b[^\n]{0,20}: "
        ),
        (
            r"duplicate key value violates unique constraint \"|UNIQUE constraint failed: \w|"
            r"Duplicate entry '[^'\n]*' for key"
        ),
        r"\bDB::(?:Parsing)?Exception: ",
        r"\bNeo\.(?:Client|Database|Transient)Error\.\w+",
        r"^LINE \d+: [^\n]{1,200}\n\s*\^",
    ),
}
"""For each language what a frame looks like, or a line that only a trace has."""

_PATTERNS = {kind: [re.compile(one, re.MULTILINE) for one in patterns] for kind, patterns in _TRACES.items()}


def find(text: str) -> list[Finding]:
    """The frames and heads of stack traces, and the databases' errors, that a text holds, in its order."""
    return apart(_found(text))


def _found(text: str) -> Iterator[Finding]:
    unfolded = Unfolded(text)
    for kind, patterns in _PATTERNS.items():
        for pattern in patterns:
            for match in pattern.finditer(unfolded.text):
                start, end = unfolded.place(*match.span())
                yield Finding(f"{kind}-trace" if kind != "sql" else "sql-error", start, end, _shown(match.group()))


def _shown(found: str) -> str:
    """One line of what was found, cut: a trace tells of code; what else stands in it, is taken out by who shows it."""
    line = " ".join(found.split())
    return line if len(line) <= 80 else f"{line[:79]}…"
