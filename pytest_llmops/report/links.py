"""Where people read more of a run: its report, and the job of a CI that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

JOBS = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL")
"""Environment variables that hold a job's address: of GitLab, Jenkins, CircleCI, Buildkite."""

GITHUB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
"""Those of GitHub, Gitea and Forgejo, of which an address is made."""


def job_link(environ: Mapping[str, str]) -> str:
    """The address of the job that this is; empty outside a CI that says it."""
    server, repository, number = (environ.get(name, "") for name in GITHUB)
    if server and repository and number:
        return f"{server}/{repository}/actions/runs/{number}"
    return next((environ[name] for name in JOBS if environ.get(name)), "")
