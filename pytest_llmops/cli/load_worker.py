"""``llmops load-worker``: sends a part of a load run that another machine leads."""

from __future__ import annotations

import os

import click


@click.command("load-worker")
@click.argument("master")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(min=1), help="How many on this machine.")
def load_worker(master: str, processes: int) -> None:
    """Send a part of the load of one run, as told by the MASTER (HOST:PORT, the run's ``bind``); then end.

    The plan comes from there. Keys do not: the variables that the target names have to be set here, too. Whoever can
    reach the master's port can take part, so let it listen in a network of your own.
    """
    from pytest_llmops.load.run import worker_command

    host, colon, port = master.rpartition(":")
    if not colon or not port.isdigit():
        raise click.UsageError(f"{master!r} is no HOST:PORT; write for example 10.0.0.5:5557.")
    command = worker_command(host, int(port), processes)
    os.execv(command[0], command)  # noqa: S606 (ours)
