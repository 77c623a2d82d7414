"""Allure results that read like the runbook: system, suite, section, severity; never a secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.plugin.ours import suite_arguments

if TYPE_CHECKING:
    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.target.secrets import Redactor

FOLDER = "allure-results"

_OUR_NAMES = re.compile(r"^(Failed|pytest_llmops\.errors\.\w+): ")


def switch_on(run: Run) -> None:
    """Write Allure results below the reports when the ready suites run and nobody named another place."""
    config = run.pytest
    if not config.pluginmanager.hasplugin("allure_pytest") or not suite_arguments(config):
        return
    if config.option.allure_report_dir is None and run.declared_or_none is not None:
        run.own_allure_results = run.report_folder / FOLDER
        config.option.allure_report_dir = str(run.own_allure_results)


def wanted(config: pytest.Config) -> bool:
    """Whether this run writes Allure results."""
    return bool(config.getoption("allure_report_dir", None))


def label(item: pytest.Item, check: Check, system: str) -> None:
    """Epic = system, feature = suite, story = section of the runbook."""
    for kind, text in (("epic", system), ("feature", check.suite), ("story", check.section)):
        if text:
            item.add_marker(pytest.mark.allure_label(text, label_type=kind))


def rate(severity: str) -> None:
    """Give the running test its severity."""
    import allure

    allure.dynamic.severity(severity or "normal")  # type: ignore[no-untyped-call]


def redact(run: Run) -> None:
    """Take secrets out of every result before it is written."""
    import allure_commons

    class Redacting:
        @allure_commons.hookimpl(tryfirst=True)
        def report_result(self, result: Any) -> None:
            _clean(run.redactor, result)

        @allure_commons.hookimpl(tryfirst=True)
        def report_container(self, container: Any) -> None:
            for step in (*container.befores, *container.afters):
                _clean(run.redactor, step)

    allure_commons.plugin_manager.register(Redacting(), "llmops-redacting")


def _clean(redactor: Redactor, result: Any) -> None:
    """Texts of a result, a fixture or a step, and of the steps within."""
    details = result.statusDetails
    if details is not None:
        details.message = _OUR_NAMES.sub("", redactor.clean(details.message or ""))
        ours = "pytest_llmops.errors." in (details.trace or "")
        details.trace = details.message if ours else redactor.clean(details.trace or "")
    for parameter in result.parameters:
        parameter.value = redactor.clean(parameter.value)
    for step in result.steps:
        _clean(redactor, step)
