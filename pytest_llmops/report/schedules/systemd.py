"""Units of systemd: a timer and a service for each suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan, Suite
    from pytest_llmops.target.times import Times


AGAIN = ("Type=exec", "RestartForceExitStatus=75", "RestartSec=10min")
"""Where another run of the target was under way all the time, as ``llmops run`` says by that status.

Of Type=oneshot systemd takes no RestartForceExitStatus.
"""


def files(plan: Plan) -> dict[str, str]:
    """Two units for each suite."""
    found = {}
    for suite in plan.suites:
        name = f"llmops-{plan.slug}-{suite.name}"
        found[f"{name}.service"] = plan.header() + _service(plan, suite)
        found[f"{name}.timer"] = plan.header(suite.said) + _timer(plan, suite)
    return found


def _service(plan: Plan, suite: Suite) -> str:
    own = [f"User={plan.user}"] if plan.user else []
    own.append(f"WorkingDirectory={str(plan.file.parent).replace('%', '%%')}")
    if plan.env_file:
        own.append(f"EnvironmentFile={str(plan.env_file).replace('%', '%%')}")
    elif plan.variables:
        own.append(f"# It needs {', '.join(plan.variables)}: EnvironmentFile=PATH, by --env-file PATH.")
    lines = [
        "[Unit]",
        f"Description={suite.name} suite of {plan.target.replace('%', '%%')} (pytest-llmops)",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        *(AGAIN if suite.may_be_late else ["Type=oneshot"]),
        *own,
        f"ExecStart={' '.join(map(_quoted, plan.words(suite)))}",
    ]
    return "\n".join(lines) + "\n"


def _timer(plan: Plan, suite: Suite) -> str:
    lines = [
        "[Unit]",
        f"Description=When the {suite.name} suite of {plan.target.replace('%', '%%')} is run",
        "",
        "[Timer]",
        *(f"OnCalendar={one}" for one in calendar(suite.times, suite.zone)),
        "AccuracySec=1s",
        f"Persistent={'true' if suite.may_be_late else 'false'}",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join(lines) + "\n"


def calendar(times: Times, zone: str | None) -> list[str]:
    """Calendar events: two where cron would let either of day and weekday do, for systemd wants both.

    Args:
        times: when.
        zone: by name; None for the machine's.
    """
    minute, hour, day, month, weekday = times.fields
    clock = f"{_part(hour, 0)}:{_part(minute, 0)}:00"
    names = ",".join(("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")[value] for value in times.values(4))
    days = _part(times.days if times.week else day, 1)
    either = day != "*" and weekday != "*"
    dates = [("", days), (names, "*")] if either else [("" if weekday == "*" else names, days)]
    return [" ".join(filter(None, (on, f"*-{_part(month, 1)}-{of}", clock, zone))) for on, of in dates]


def _part(field: str, first: int) -> str:
    """Of a date or a time, from cron's field."""
    if field == "*":
        return field
    if field.startswith("*/"):
        return f"{first:02d}/{field[2:]}"
    ends = (part.split("-") for part in field.split(","))
    return ",".join("..".join(f"{int(end):02d}" for end in pair) for pair in ends)


def _quoted(word: str) -> str:
    """As ``systemd.service`` reads a command line: no specifier, no variable, one word."""
    word = word.replace("%", "%%").replace("$", "$$")
    if not set(word) & set(" \t\n\"'\\;"):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
