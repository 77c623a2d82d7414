"""Allure results that read like the runbook: system, suite, section, severity; never a secret."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.plugin.ours import suite_arguments
from pytest_llmops.report.allure_files import MARK, category
from pytest_llmops.report.last_good import LAST_GOOD
from pytest_llmops.report.metric import sentence

if TYPE_CHECKING:
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.redaction import Redaction
    from pytest_llmops.plugin.run import Run

FOLDER = "allure-results"
CATEGORY = "category"
KEY = "check"
TYPES = {
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".csv": "text/csv",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".log": "text/plain",
}
"""What a person reads of a document, and Allure shows."""

SHOWN = 20_000
"""How much of a body is shown, in characters."""

_TEXT = r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_SKIP = re.compile(rf"\({_TEXT}, \d+, ({_TEXT})\)")
"""Of a skip: path, line and reason, as Python writes a tuple; an expected failure has its own words in that place."""

_OUR_NAMES = re.compile(r"^(Failed|pytest_llmops\.errors\.\w+): ")


def switch_on(run: Run) -> None:
    """Write Allure results below the reports when the ready suites run and nobody named another place.

    Nobody asked for them, so where they cannot be written the run goes on without, and says so.
    """
    config = run.pytest
    if not config.pluginmanager.hasplugin("allure_pytest") or not suite_arguments(config) or run.options.plan:
        return
    if config.option.allure_report_dir is None and run.declared_or_none is not None:
        folder = run.report_folder / FOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
            TemporaryFile(dir=folder).close()
        except OSError as error:
            run.without_allure = f"no Allure results are written: {error}"
            return
        run.own_allure_results = folder
        config.option.allure_report_dir = str(folder)


def wanted(config: pytest.Config) -> bool:
    """Whether this run writes Allure results."""
    return bool(config.getoption("allure_report_dir", None))


def label(item: pytest.Item, check: Check, system: str) -> None:
    """Epic = system, feature = suite, story = section of the runbook."""
    for kind, text in [*_labels(system, check.suite, check.section), (KEY, check.key)]:
        item.add_marker(pytest.mark.allure_label(text, label_type=kind))


def _labels(system: str, suite: str, section: str) -> list[tuple[str, str]]:
    return [(kind, text) for kind, text in (("epic", system), ("feature", suite), ("story", section)) if text]


def rate(described: dict[str, Any]) -> None:
    """Give the running test its severity and its category; of several attempts the last one's count."""
    import allure

    allure.dynamic.severity(described["severity"] or "normal")  # type: ignore[no-untyped-call]
    allure.dynamic.label(CATEGORY, category(described))  # type: ignore[no-untyped-call]


def tell(run: Run, item: pytest.Item, check: Check) -> None:
    """At the end of a test: what it measured as steps; attached are its documents, and of a red one the last call.

    Of the diagnostics bundle that a test reads, the incident report and the index are attached.
    """
    import allure

    from pytest_llmops.clients.exchange import last_exchange
    from pytest_llmops.report.documents import plain_name

    for metric in check.metrics:
        with allure.step(sentence(metric)):
            pass
    files = [run.report_folder / document for document in dict.fromkeys(check.documents)]
    for file in [*files, *_of_the_bundle(item)]:
        if file.suffix in TYPES and file.is_file():
            allure.attach.file(  # type: ignore[no-untyped-call]
                file, plain_name(file.stem), TYPES[file.suffix], file.suffix.removeprefix(".")
            )
    if check.red and last_exchange.get():
        allure.attach(last_exchange.get(), "the last call, to be repeated", allure.attachment_type.TEXT)
        if check.suite != "security" and (answer := _last_answer()):  # what a leak check found is not to be published
            allure.attach(answer, "its answer", allure.attachment_type.TEXT)


def _last_answer() -> str:
    """Status, type and body, without what looks like a person or a secret; empty where no whole answer came.

    Where the packages are not installed that know such things, it is without its body, and says so.
    """
    from pytest_llmops.clients.exchange import last_answer
    from pytest_llmops.errors import NotInstalled
    from pytest_llmops.security.leak_detection import Detection

    if (answer := last_answer()) is None:
        return ""
    head = f"{answer.asked}: {answer.status}, {answer.headers.get('content-type', 'no content type')}"
    try:
        body = Detection([]).clean(answer.text[: 2 * SHOWN])[:SHOWN]  # a part of a secret is not known as one
    except NotInstalled as error:
        return f"{head}\n\n(its text is left out: {error})"
    cut = f"\n(the first {SHOWN:,} of {len(answer.text):,} characters)" if len(answer.text) > SHOWN else ""
    return f"{head}\n\n{body}{cut}"


def _of_the_bundle(item: pytest.Item) -> list[Path]:
    """What is attached of the diagnostics bundle, where the test reads it."""
    from pytest_llmops.plugin.diagnostics import Diagnostics
    from pytest_llmops.report.incident import INDEX

    bundle = getattr(item, "funcargs", {}).get("diagnostics")
    return [bundle.report, bundle.folder / INDEX] if isinstance(bundle, Diagnostics) else []


def redact(config: pytest.Config, redaction: Redaction, target: str) -> None:
    """Take secrets out of every result and attachment before it is written, until the end of the run.

    Args:
        config: pytest's.
        redaction: knows the secrets.
        target: the target's name, which is a part of each result's identity.
    """
    from allure_commons import hookimpl, plugin_manager
    from allure_commons.logger import AllureFileLogger

    class Clean:
        """Allure's own writer, handed what has no secrets in it."""

        def __init__(self, writer: Any) -> None:
            self.writer = writer

        @hookimpl
        def report_result(self, result: Any) -> None:
            _speak(result)
            _place(result, target)
            self.writer.report_result(_cleaned(redaction, result))

        @hookimpl
        def report_container(self, container: Any) -> None:
            for fixture in (*container.befores, *container.afters):
                _speak(fixture)
            self.writer.report_container(_cleaned(redaction, container))

        @hookimpl
        def report_globals(self, globals_item: Any) -> None:
            self.writer.report_globals(_cleaned(redaction, globals_item))

        @hookimpl
        def report_attached_data(self, body: str | bytes, file_name: str) -> None:
            data = body.encode(errors="backslashreplace") if isinstance(body, str) else bytes(body)
            self.writer.report_attached_data(redaction.data(data), file_name)

        @hookimpl
        def report_attached_file(self, source: str, file_name: str) -> None:
            self.writer.report_attached_data(redaction.data(Path(source).read_bytes()), file_name)

        def give_back(self) -> None:
            """Allure takes its writer out when the run ends, and must find it."""
            plugin_manager.unregister(self)
            plugin_manager.register(self.writer)

    for writer in [found for found in plugin_manager.get_plugins() if isinstance(found, AllureFileLogger)]:
        clean = Clean(writer)
        plugin_manager.unregister(writer)
        plugin_manager.register(clean)
        config.add_cleanup(clean.give_back)


def _cleaned(redaction: Redaction, written: Any) -> Any:
    return redaction.cleaner.inside(written) if redaction.cleaner else written


def _speak(part: Any) -> None:
    """Our sentences stand without the class that carried them, and without a traceback through the plugin."""
    said = part.statusDetails
    if said is not None:
        said.message, said.trace = _spoken(part.status, said.message or "", said.trace or "")
    for step in part.steps:
        _speak(step)


def _spoken(status: str, message: str, trace: str) -> tuple[str, str]:
    """A message and a trace as Allure made them of an exception and of pytest's report, in the words of the report."""
    if status == "skipped" and (written := _SKIP.fullmatch(trace)):
        reason = str(ast.literal_eval(written[1])).removeprefix("Skipped: ")
        raised = _OUR_NAMES.sub("", message.removeprefix("Skipped: "))
        return reason, "" if raised in reason or reason in raised else raised
    sentence = trace.partition("\n")[0].partition(LAST_GOOD)[0]  # what was last good is said by the report alone
    if sentence and sentence in message:
        return trace, trace
    if _OUR_NAMES.match(message):
        message = _OUR_NAMES.sub("", message)
        return message, message
    return message, trace


def _place(result: Any, target: str) -> None:
    """A result is one of its target and of its category.

    The check's key is the same from a clone and a wheel, serial and parallel, and holds the values of its parameters.
    Allure 2 knows it again by ``historyId``, 3 by ``testCaseId`` and parameters; both sort it by its trace. The
    test's own parameters are shown, and excluded: an object is another text in each run, a dead worker tells none.
    """
    from allure_commons.model2 import Label, Parameter, StatusDetails
    from allure_commons.utils import md5

    last = {label.name: label for label in result.labels if label.name in {"severity", CATEGORY}}
    found = last.pop(CATEGORY).value if CATEGORY in last else ""
    result.labels = [label for label in result.labels if label.name not in {"severity", CATEGORY}]
    result.labels += [*last.values(), *([Label(CATEGORY, found)] if found else [])]
    key = next((label.value for label in result.labels if label.name == KEY), "")
    if key:
        result.name = _title(result.name)
        result.testCaseId = md5(key)  # type: ignore[no-untyped-call]
        result.historyId = md5(key, target)  # type: ignore[no-untyped-call]
        for one in result.parameters:
            one.excluded = True
        result.parameters.append(Parameter("target", target))
    if found:
        details = result.statusDetails or StatusDetails(message=found)
        details.trace = "\n".join(filter(None, (details.trace, f"{MARK}{found}")))
        result.statusDetails = details


def _title(name: str) -> str:
    """A test's name as a person reads it: ``Api is healthy [ollama]``; a title that the test gives itself stays."""
    function, bracket, values = name.partition("[")
    if not function.startswith("test_"):
        return name
    words = function.removeprefix("test_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}{' ' if bracket else ''}{bracket}{values}"


def crashed(run: Run, known: dict[str, Any], node_id: str, words: str) -> None:
    """Write the result of a check whose worker died with it.

    Args:
        run: the controller's part of the run.
        known: what identifies the check.
        node_id: pytest's name for it.
        words: what is to be said of it.
    """
    import allure_commons.utils
    from allure_commons import plugin_manager
    from allure_commons.model2 import Label, Status, StatusDetails, TestResult
    from allure_pytest.utils import ParsedPytestNodeId  # type: ignore[import-untyped]

    made: Any = allure_commons.utils  # which has no types
    at, name = made.now(), ParsedPytestNodeId(node_id)
    full = f"{'.'.join([name.package, *name.class_names])}#{name.test_function}"
    system = (run.declared.table.system or run.declared.name) if run.declared_or_none else ""
    labels = [
        *_labels(system, known["suite"], known["section"]),
        ("severity", "critical"),
        (CATEGORY, "crashed"),
        (KEY, known["test"]),
        ("framework", "pytest"),
    ]
    labels += [("parentSuite", name.parent_package), ("suite", name.module), ("package", name.package)]
    result = TestResult(
        uuid=made.uuid4(),
        name=node_id.rpartition("::")[2],
        fullName=full,
        titlePath=[*name.path_segments, *name.class_names],
        status=Status.BROKEN,
        statusDetails=StatusDetails(message=words, trace=words),
        labels=[Label(kind, text) for kind, text in labels if text],
        start=at,
        stop=at,
    )
    _place(result, run.declared.name if run.declared_or_none else "")  # no test is run here, so nobody else does
    plugin_manager.hook.report_result(result=result)
