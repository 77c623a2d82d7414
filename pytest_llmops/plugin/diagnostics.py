"""``diagnostics`` as tests see it, collected once a run; and what ``run.json`` tells of the incident."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError, Vacuous
from pytest_llmops.plugin.checks import DIAGNOSTICS, TRIAGE
from pytest_llmops.plugin.incidents import done_since
from pytest_llmops.plugin.ours import AFRESH
from pytest_llmops.plugin.triaging import Triage

if TYPE_CHECKING:
    from pytest_llmops.plugin.run import Run


class Diagnostics:
    """The bundle of this run, and the incident report in it.

    Args:
        run: this process's part of the run.
        triage: of this run.
    """

    def __init__(self, run: Run, triage: Triage) -> None:
        found = run.directory.once(DIAGNOSTICS, lambda: _collected(run, triage))
        self.folder = Path(found["folder"])
        self.took_s: float = found["took_s"]
        self.index: dict[str, Any] = found["index"]
        self._triage_s = triage.took_s

    def __repr__(self) -> str:
        return f"Diagnostics({self.folder.name})"

    @property
    def report(self) -> Path:
        """The incident report."""
        from pytest_llmops.report.incident import REPORT

        return self.folder / REPORT

    @property
    def files(self) -> list[str]:
        """What is in it, by path."""
        return [part["file"] for part in self.index["files"]]

    @property
    def failed(self) -> list[str]:
        """What was there to be had and did not answer, a sentence each; what the target does not have is none of it."""
        return [f"{part['file']}: {part['why']}" for part in self.index["lacking"] if part["failed"]]

    def wanted(self, folder: str) -> list[str]:
        """The files of a folder of it, had or not: ``wanted("benchmark/")``."""
        parts = [*self.index["files"], *self.index["lacking"]]
        return [part["file"] for part in parts if part["file"].startswith(folder)]

    @property
    def report_parts(self) -> dict[str, str]:
        """What the incident report says, by name: ``Time Severity Status``, and by heading: ``Actions taken``."""
        from pytest_llmops.report.incident import REPORT
        from pytest_llmops.report.markdown import parts_of

        return parts_of(self.read(REPORT))

    def took_with_triage_s(self, *files: str) -> float:
        """How long triage and the collecting of some files take one after the other."""
        parts = [*self.index["files"], *self.index["lacking"]]
        return self._triage_s + float(sum(part["took_s"] for part in parts if part["file"] in files))

    def read(self, file: str) -> Any:
        """What stands in one of its files: parsed where its name ends in ``.json``, else the text.

        Raises:
            LlmopsError: it could not be had, with the reason; or it does not parse.
            Vacuous: the target has nothing of the kind, or what it says would say nothing.
        """
        lacking = next((part for part in self.index["lacking"] if part["file"] == file), None)
        if lacking or not (self.folder / file).is_file():
            why = lacking["why"] if lacking else "nothing of the kind was wanted"
            failure = LlmopsError if lacking is None or lacking["applies"] else Vacuous
            raise failure(f"{file} is not in the bundle: {why}")
        text = (self.folder / file).read_text(encoding="utf-8")
        return json.loads(text) if file.endswith(".json") else text


def incident_of(run: Run) -> dict[str, Any] | None:
    """What the last triage came to in this run, as ``incident`` in ``run.json``; None where nobody asked for it."""
    made = run.directory.known(TRIAGE) if run.own.placed else {}
    if not made:
        return None
    triage = Triage(run, f"{TRIAGE}{AFRESH}" if AFRESH in made else TRIAGE)
    collected = run.directory.known(DIAGNOSTICS).get("")
    return {
        "severity": triage.severity,
        "title": triage.told().severity,
        "met": [f"{met.says} ({', '.join(met.because)})" for met in triage.worst.met] if triage.worst else [],
        "evidence": [one.title for one in triage.evidence],
        "folder": _below(run, Path(collected["folder"])) if collected else "",
        "took_s": round(triage.took_s + (collected["took_s"] if collected else 0.0), 3),
    }


def _below(run: Run, path: Path) -> str:
    reports = run.report_folder
    return path.relative_to(reports).as_posix() if path.is_relative_to(reports) else str(path)


def _collected(run: Run, triage: Triage) -> dict[str, Any]:
    from pytest_llmops.operate.bundle import Bundle
    from pytest_llmops.report.incident import REPORT, report, write_bundle
    from pytest_llmops.report.whole_file import write_privately

    start = time.monotonic()
    bundle = Bundle(run.target, run.own.client, triage.findings)
    parts = bundle.collect()
    summary = _summary(run, bundle, parts)
    folder, index = write_bundle(run.report_folder, triage.told(), parts, run.redactor)
    had = (
        f"diagnostics collected in {folder.name}: {len(index['files'])} files, {len(index['lacking'])} could not be had"
    )
    told = triage.told(*done_since(run), had, summary=summary)
    write_privately(folder, REPORT, run.redactor.clean(report(told)))
    run.say(f"bundle and report: {folder}")
    return {"folder": str(folder), "index": index, "took_s": time.monotonic() - start}


def _summary(run: Run, bundle: Any, parts: Any) -> str:
    name = run.declared.table.incident.summary
    return next((part.text for part in parts if name and part.file == bundle.command_file(name)), "")
