"""The tables of the history, as the newest schema has them.

Rows of checks, metrics and procedures repeat their run's target and start: every question of a command is then answered
by one index, newest first, however many runs there are.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

METADATA = MetaData()

RUNS = Table(
    "llmops_runs",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("target", Text, nullable=False),
    Column("profile", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("against", Text),
    Column("started", Double, nullable=False),
    Column("duration_s", Double, nullable=False),
    Column("exit_status", Integer, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("tokens", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("version", Text, nullable=False),
    Column("left_changed", Integer, nullable=False, server_default="0"),
    Column("commit", Text, nullable=False, server_default="", quote=True),  # a word of SQL
)
Index("llmops_runs_newest", RUNS.c.started.desc())
Index("llmops_runs_of_target", RUNS.c.target, RUNS.c.started.desc())

CHECKS = Table(
    "llmops_checks",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("run", BigInteger, nullable=False),
    Column("target", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("test", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("duration_s", Double, nullable=False),
)
Index("llmops_checks_of_run", CHECKS.c.run)
Index("llmops_checks_newest", CHECKS.c.target, CHECKS.c.test, CHECKS.c.outcome, CHECKS.c.started.desc())

METRICS = Table(
    "llmops_metrics",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("run", BigInteger, nullable=False),
    Column("target", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("test", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("good", Integer, nullable=False),
    Column("unit", Text, nullable=False),
    Column("value", Double),
    Column("baseline", Double),
    Column("ratio", Double),
    Column("low", Double),
    Column("high", Double),
    Column("n", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("suspect", Integer, nullable=False),
    Column("threshold", Text),
)
Index("llmops_metrics_of_run", METRICS.c.run)
Index("llmops_metrics_newest", METRICS.c.target, METRICS.c.name, METRICS.c.good, METRICS.c.started.desc())

CARRIED = Table(
    "llmops_carried",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("run", BigInteger, nullable=False),
    Column("target", Text, nullable=False),
    Column("started", Double, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("test", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("weight", Integer, nullable=False),
)
Index("llmops_carried_of_run", CARRIED.c.run)
Index(
    "llmops_carried_newest",
    CARRIED.c.target, CARRIED.c.procedure, CARRIED.c.test, CARRIED.c.weight, CARRIED.c.started.desc(),
)  # fmt: skip

SIGN_OFFS = Table(
    "llmops_sign_offs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("procedure", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("signed_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("recorded", Double, nullable=False),
)
Index("llmops_sign_offs_newest", SIGN_OFFS.c.target, SIGN_OFFS.c.procedure, SIGN_OFFS.c.at.desc())

OF_RUNS = (CHECKS, METRICS, CARRIED)
"""What goes when its run goes."""
