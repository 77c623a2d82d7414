"""agent-aiops's packages, by a real pip in an environment of its own: brought up to date, and back as they were."""

import os
import venv
import zipfile
from pathlib import Path

import pip
import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import CallFailed, ControlError
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load

from ...conftest import in_turn

FILE = '[targets.here]\nprofile = "agent-aiops"\n'
WHEELS = {
    ("Agent_App", "1.0"): ["base-lib"],
    ("Agent_App", "2.0"): ["base-lib>=2", "helper"],
    ("base-lib", "1.0"): [],
    ("base-lib", "2.0"): [],
    ("helper", "1.0"): [],
    ("tool", "1.0"): ["base-lib<2"],
    ("stale", "1.0"): ["base-lib<1"],
}
"""The packages that there are, and what each asks for."""


def wheel(folder, name, version):
    """A package of one module, with its metadata alone."""
    plain = name.replace("-", "_")
    info = f"{plain}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {one}\n" for one in WHEELS[name, version])
    files = {
        f"{plain.lower()}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: here\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    packed = folder / f"{plain}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(packed, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return packed


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    return {key: wheel(folder, *key) for key in WHEELS}


class Here:
    """The application's folder, and an environment in which packages are."""

    def __init__(self, folder, wheels):
        venv.create(folder / "env", with_pip=False)
        (self.place,) = (folder / "env/lib").glob("python*/site-packages")
        ours = Path(pip.__file__).parent
        (self.place / "pip").symlink_to(ours)
        (self.place / f"pip-{pip.__version__}.dist-info").symlink_to(ours.with_name(f"pip-{pip.__version__}.dist-info"))
        self._wheels = wheels
        (folder / "requirements.txt").write_text("agent-app\n")
        (folder / "llmops.toml").write_text(FILE)
        self.target = load(folder / "llmops.toml", None, folder, dict(os.environ))
        self.said = []
        journal = Journal.of(self.target.state_folder, "here")
        self.change = Change(
            self.target,
            journal,
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=self.said.append,
            may_begin=lambda: None,
        )

    def has(self, **versions):
        """Have packages there, whatever they ask for."""
        for name, version in versions.items():
            with zipfile.ZipFile(self._wheels[name.replace("base_lib", "base-lib"), version]) as archive:
                archive.extractall(self.place)

    def edits(self, name):
        """Have a checkout installed as it is."""
        info = self.place / f"{name}-0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
        (info / "RECORD").write_text("".join(f"{info.name}/{file},,\n" for file in ("METADATA", "RECORD")))
        (info / "direct_url.json").write_text('{"url": "file:///srv/own", "dir_info": {"editable": true}}')

    @property
    def installed(self):
        return {tuple(path.name.removesuffix(".dist-info").split("-")) for path in self.place.glob("*.dist-info")} - {
            ("pip", pip.__version__)
        }


@pytest.fixture
def here(tmp_path, wheels, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path / 'env/bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(next(iter(wheels.values())).parent))
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    return Here(tmp_path, wheels)


@pytest.fixture
def app(here, ledger):
    return connect(here.target, "app_command", ledger)


def update(here, app):
    """What the operation does first."""
    newest = here.target.table.settings["dependencies"].value(app.text("newest_dependencies"))
    here.change.set("dependencies", value=newest)


@in_turn(0, of=2)
def test_the_newest_are_installed_and_those_before_come_back(here, app):
    here.has(Agent_App="1.0", base_lib="1.0")
    here.edits("own")
    before = here.installed
    update(here, app)
    assert here.installed == {("Agent_App", "2.0"), ("base_lib", "2.0"), ("helper", "1.0"), ("own", "0.1")}
    app.run("pip_check")
    assert here.change.undo(), here.said
    assert here.installed == before


@in_turn(1, of=2)
def test_a_conflict_is_found_and_taken_back_to_whatever_conflicted_before(here, app):
    here.has(Agent_App="1.0", base_lib="1.0", tool="1.0", stale="1.0")
    before = here.installed
    update(here, app)
    with pytest.raises(CallFailed, match=r"tool 1\.0 has requirement base-lib<2, but you have base-lib 2\.0"):
        app.run("pip_check")
    assert here.change.undo(), here.said
    assert here.installed == before


def test_what_cannot_be_had_is_named_and_changes_nothing(here):
    here.has(Agent_App="1.0", base_lib="1.0")
    before = here.installed
    with pytest.raises(ControlError, match="No matching distribution found for helper==9"):
        here.change.set("dependencies", value="Agent_App==1.0 base-lib==2.0 helper==9")
    assert here.installed == before
