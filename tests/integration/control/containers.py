"""What the rigs of containers share: an engine, and an image in which the machine's own Python runs."""

import fcntl
import io
import os
import shutil
import subprocess
import sys
import tarfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from .rig import PYTHON, SERVER, awaited

IMAGE = "llmops-bare"
FOLDERS = ("usr", "root", "tmp", "proc", "sys", "dev", "etc")
LINKS = {name: f"usr/{name}" for name in ("bin", "lib", "lib64")}
SEEN = sorted({"/usr", str(Path(PYTHON).parents[1]), str(SERVER.parent)})
"""What a container sees of the machine: in it nothing is installed, for no image can be had from outside."""
SEEN = [folder for folder in SEEN if folder == "/usr" or not folder.startswith("/usr/")]


def _image():
    """A root file system of empty folders."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name in FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            folder.mode = 0o755
            tar.addfile(folder)
        for name, target in LINKS.items():
            link = tarfile.TarInfo(name)
            link.type = tarfile.SYMTYPE
            link.linkname = target
            tar.addfile(link)
    return packed.getvalue()


@contextmanager
def engine():
    """The address of an engine with the image; it is there until the last worker of this run gave it back.

    Nobody waits for the others: a worker that waits here hands on no test, and another keeps its last one until then.
    """
    if lacking := [name for name in ("dockerd", "docker", "runc") if shutil.which(name) is None]:
        pytest.skip(f"{', '.join(lacking)} is not installed")
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    folder = Path("/tmp", f"llmops-engine-{run}")  # short, for a socket's path has at most 107 characters
    host = f"unix://{folder}/sock"
    with _shared(folder), (folder / "first").open("a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            script = Path(__file__).with_name("docker_engine.py")
            keeper = os.posix_spawn(sys.executable, [sys.executable, script, folder], os.environ, setsid=True)
            _prepare(host, keeper, folder)
            (folder / "ready").touch()
        fcntl.flock(first, fcntl.LOCK_UN)
        yield host


@contextmanager
def _shared(folder):
    """A shared lock on the folder's users; an engine that ends takes its folder along."""
    with ExitStack() as held:
        while True:
            folder.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):
                users = held.enter_context((folder / "users").open("a"))
                fcntl.flock(users, fcntl.LOCK_SH)
                if os.path.samestat(os.fstat(users.fileno()), (folder / "users").stat()):
                    break
        yield


def _prepare(host, keeper, folder):
    def answers():
        assert os.waitpid(keeper, os.WNOHANG) == (0, 0), (folder / "log").read_text()[-2000:]
        return subprocess.run(["docker", "-H", host, "version"], capture_output=True, check=False).returncode == 0

    awaited(answers, within_s=60)
    subprocess.run(["docker", "-H", host, "import", "-", IMAGE], input=_image(), check=True, capture_output=True)
