"""What has to be installed and scheduled for the monitoring to happen at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.crontab import Crontab
    from pytest_llmops.clients.effective import EffectiveSettings
    from pytest_llmops.plugin.recording import Record


@pytest.mark.procedure("voyageur.monitor.script-installed", fault="monitor_script_executable:fails")
def test_monitoring_script_is_executable(app_command: AppCommands) -> None:
    """The monitoring script is at its place and may be executed."""
    app_command.run("monitor_script_executable")


@pytest.mark.procedure("voyageur.monitor.script-installed", fault="monitor_script_syntax:broken")
def test_monitoring_script_is_whole(app_command: AppCommands) -> None:
    """The monitoring script passes its shell's syntax check."""
    app_command.run("monitor_script_syntax")


@pytest.mark.procedure("voyageur.monitor.script-installed", fault="monitor_script_tools:without-bc")
def test_monitoring_script_has_its_tools(app_command: AppCommands) -> None:
    """The programs are there without which the script never alerts: bc for its limits, jq, mail."""
    app_command.run("monitor_script_tools")


@pytest.mark.procedure("voyageur.cron.monitoring-every-5-min", fault="crontab:hourly")
def test_monitoring_runs_every_five_minutes(crontab: Crontab) -> None:
    """An entry of the crontab runs the monitoring script every five minutes."""
    wrong = crontab.wrong("monitoring")
    assert not wrong, wrong


@pytest.mark.procedure("document-enhancer.components.pipeline-has-no-endpoint", fault="processes:garbage")
def test_pipeline_has_a_process_check(effective_settings: EffectiveSettings, record: Record) -> None:
    """The pipeline offers neither port nor health route, so its processes are looked for."""
    record("pipeline_processes", len(effective_settings.processes()), "processes")


@pytest.mark.procedure("document-enhancer.components.pipeline-has-no-endpoint", fault="pipeline_logs:none")
def test_pipeline_has_a_log_check(app_command: AppCommands, record: Record) -> None:
    """The pipeline offers neither port nor health route, so the logs of its runs are looked for."""
    logs = app_command.lines("pipeline_logs")
    record("pipeline_logs", len(logs), "files")
    assert logs, "app_command: pipeline_logs: the pipeline has left no log, so nothing proves that it ever ran"
