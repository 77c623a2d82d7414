"""What is told of a run once its verdict stands, and what of it other programs read: neither changes that verdict."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.plugin.run import Run


def check_asked(run: Run) -> None:
    """Whether there is anybody to tell, before anything is sent.

    Raises:
        ConfigError: news was asked for, and nobody is named who takes it.
    """
    target = run.declared
    if run.options.notify and not target.table.notify.places:
        raise ConfigError(
            f"--llmops-notify tells channels, and {target.name} names none; "
            f'give it one: [targets.{target.name}.notify] urls_env = "VARIABLE"'
        )


def told(run: Run, result: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Tell what is new of the checks.

    Args:
        run: the controller's part of the run.
        result: as in ``run.json``.

    Returns:
        ``news`` of ``run.json``; None where nothing was to be told.
    """
    always = run.declared.table.notify.news.when == "always"
    if run.options.against is not None or not (run.options.notify or always) or not result["checks"]:
        return None
    redactor = run.redactor
    try:
        from pytest_llmops.report.news_sending import tell

        clean, folder = redactor.inside(result), run.report_folder
        found = tell(run.target, clean, time.time(), folder, embedded=run.own.embedded)
    except Exception as error:  # noqa: BLE001 (whatever is wrong with a message is no verdict on a target)
        found = [{"channel": "", "changes": 0, "accepted": False, "said": f"{type(error).__name__}: {error}"}]
    cleaned: list[dict[str, Any]] = redactor.inside(found)
    return cleaned


def write_textfile(run: Run, result: dict[str, Any]) -> Path | None:
    """Write what Prometheus reads, where that was asked for.

    Raises:
        NewsError, OSError: it cannot be written.
    """
    if run.options.textfile is None:
        return None
    from pytest_llmops.report.textfile import write

    keep_s = run.declared.config.history.keep
    return write(run.options.textfile, run.redactor.inside(result), time.time(), keep_s)
