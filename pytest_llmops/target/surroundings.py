"""What surrounds a service: its page for people, logs, files, machine, commands and containers."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from pytest_llmops.target.backups import Backups
from pytest_llmops.target.commands import Command
from pytest_llmops.target.component import Component
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.file_sets import CleanUp, FileSet
from pytest_llmops.target.log_sources import Event, Rotation, Source
from pytest_llmops.target.machine import Sought
from pytest_llmops.target.paths import Below


class Ui(Component):
    """A web interface for people: a Streamlit app."""

    health: str = Field("/_stcore/health", description="Path that answers ok while the web server runs.")
    metrics: str = Field("/_stcore/metrics", description="Path of its OpenMetrics page, which counts sessions.")
    root: str = Field(".", description="Folder that the app runs in, relative to llmops.toml.")
    app: str | None = Field(None, description="Its script below root; with it one question is asked as a person does.")
    python: str | None = Field(None, description="The interpreter that it runs in; ours by default.")
    env: dict[str, str] = Field(
        {}, description="Variables for the script; {ollama} is the address of that component, and so are other names."
    )
    model_box: str = Field("Language Model", description="Label of the box that the model is chosen in.")
    turn: Seconds = Field(120.0, gt=0, description="For the page to be shown, and for one answer.")


class Logs(Component):
    """Where log lines stand."""

    addressed: ClassVar[bool] = False
    root: str = Field(".", description="Folder below which files are named, relative to llmops.toml.")
    sources: dict[str, Source] = Field({}, description="Logs by name.")
    events: dict[str, Event] = Field({}, description="What is looked for in them, by name.")
    rotation: Rotation | None = None
    installation: Below | None = Field(
        None, description="A file below root as old as the installation: no log can reach back further."
    )
    watch: Seconds = Field(15.0, gt=0, description="How long new lines are waited for; a sandbox's time is compressed.")
    max_bytes: int = Field(64_000_000, gt=0, description="At most so much of a log is read, its newest part.")
    max_lines: int = Field(500_000, gt=0, description="At most so many of its lines are kept, the newest.")

    @model_validator(mode="after")
    def _events_have_sources(self) -> Self:
        for name, event in self.events.items():
            if event.source not in self.sources:
                raise ValueError(
                    f"events.{name} stands in source {event.source!r}, which is none of: {', '.join(self.sources)}"
                )
        return self

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        known = ", ".join(self.events) or "none"
        for name, source in self.sources.items():
            if source.of_runs is not None and source.of_runs not in self.events:
                raise ValueError(f"sources.{name}.of_runs is {source.of_runs!r}, which is no event: {known}")
        unknown = [name for name in self.rotation.of if name not in self.sources] if self.rotation else []
        if unknown:
            raise ValueError(f"rotation.of: there is no source {unknown[0]!r}; there are: {', '.join(self.sources)}")
        return self


class Files(Component):
    """Files and folders that the application keeps."""

    addressed: ClassVar[bool] = False
    root: str = Field(".", description="Folder below which files are named, relative to llmops.toml.")
    sets: dict[str, FileSet] = Field({}, description="Files that belong together, by name.")
    user: str | None = Field(
        None,
        description="As whom the service runs, who must be able to write what is writable; without it whoever runs "
        "this, and in the place of root whoever owns root's folder.",
    )
    backups: dict[str, Backups] = Field({}, description="Backups of sets of files, by name.")
    cleanups: dict[str, CleanUp] = Field({}, description="What goes when it is old enough, by name.")

    @model_validator(mode="after")
    def _backs_up_sets(self) -> Self:
        for name, table in self.backups.items():
            unknown = [one for one in table.holds if one not in self.sets]
            if unknown:
                raise ValueError(
                    f"backups.{name}.holds: there is no set {unknown[0]!r}; the sets are: {', '.join(self.sets)}"
                )
            if table.copy_of is not None and (table.copy_of == name or table.copy_of not in self.backups):
                others = ", ".join(one for one in self.backups if one != name) or "none"
                raise ValueError(f"backups.{name}.copy_of is {table.copy_of!r}; the others are: {others}")
        return self

    @model_validator(mode="after")
    def _cleans_up_sets(self) -> Self:
        for name, table in self.cleanups.items():
            unknown = [
                one for one in (*table.sets, *table.spare, *filter(None, [table.backup])) if one not in self.sets
            ]
            if unknown:
                raise ValueError(
                    f"cleanups.{name}: there is no set {unknown[0]!r}; the sets are: {', '.join(self.sets)}"
                )
            ageless = [one for one in table.sets if table.older_than is None and self.sets[one].drop is None]
            if ageless:
                raise ValueError(
                    f"cleanups.{name} deletes {ageless[0]} at any age; give it older_than, or the set a drop"
                )
            folders = [one for one in table.sets if self.sets[one].folders]
            if folders:
                raise ValueError(f"cleanups.{name}: {folders[0]} is of folders, and files alone are deleted")
        return self


class Machine(Component):
    """The machine that the system runs on: this one, or with a url the one of a node exporter."""

    addressed: ClassVar[bool] = False
    here: bool = Field(False, description="true: it is this one, though other components' addresses are elsewhere.")
    metrics: str = Field("/metrics", description="Path of the node exporter's page.")
    interval: Seconds = Field(1.0, gt=0, description="Over how long the use of the processors is looked at.")
    disks: dict[str, str] = Field(
        {"root": "/"},
        description="Name to a folder: the file system that holds it is meant. From /, or relative to llmops.toml.",
    )
    processes: dict[str, Sought] = Field({}, description="The application's processes, by name.")
    process_list: str | None = Field(
        None,
        description="App command that prints `ps -eo pid,user,lstart,pcpu,cputimes,rss,args`, of which cputimes may be "
        "left out: then what a process uses now cannot be told; else this machine is looked at.",
    )
    listener_list: str | None = Field(
        None, description="App command that prints `ss -tlnpH`; without it this machine is looked at."
    )
    gpu_list: str | None = Field(
        None,
        description="App command that prints `nvidia-smi --format=csv,noheader,nounits "
        "--query-gpu=name,memory.used,memory.total,utilization.gpu`; without it nvidia-smi of this machine, if any.",
    )


class AppCommand(Component):
    """Commands of the application, by name."""

    addressed: ClassVar[bool] = False
    root: str = Field(".", description="Folder in which commands run, relative to llmops.toml.")
    commands: dict[str, Command] = {}


class Containers(Component):
    """What parts of the system run in: containers, pods or units of systemd, as commands of ``app_command`` tell."""

    addressed: ClassVar[bool] = False
    parts: dict[str, str] = Field({}, description="Part to the container, compose service, pod or unit that it is.")
    list: str = Field("containers", description="Command that lists them: docker ps, kubectl get pods, systemctl show.")
    details: str | None = Field(None, description="Command for restarts and limits, names behind it: docker inspect.")
    usage: str | None = Field(None, description="Command for CPU and memory: docker stats, metrics of kubectl.")
    volumes: str | None = Field(None, description="Command for the size of volumes: docker system df, df -Pk.")
    images: str | None = Field(
        None,
        description="Command that prints what each container runs beside what its tag stands for, here and in the "
        "registry: a line of JSON each.",
    )
    in_use: str | None = Field(
        None, description="Command that prints what is in use and there, a line each: 'image ollama/ollama:latest'."
    )
