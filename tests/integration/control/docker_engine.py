"""A Docker Engine for all workers of a run: ``docker_engine.py FOLDER``; it ends when nobody holds FOLDER/users.

Whoever uses it holds a shared lock on that file. The kernel gives the lock back also for one who was killed.
"""

import fcntl
import shutil
import signal
import subprocess
import sys
from pathlib import Path


def main(folder):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests; they give their locks back
    root = Path(folder)
    words = ["--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", root / "data"]
    words += [f"--cgroup-parent=/{root.name}", "--exec-root", root / "exec"]
    words += ["-H", f"unix://{root}/sock", "-p", root / "pid"]
    with (root / "log").open("w") as log, (root / "users").open("a") as users:
        engine = subprocess.Popen(["dockerd", *map(str, words)], stdout=log, stderr=log, start_new_session=True)
        try:
            fcntl.flock(users, fcntl.LOCK_EX)
        finally:
            engine.terminate()
            try:
                engine.wait(20)
            except subprocess.TimeoutExpired:
                engine.kill()
                engine.wait()
            for line in reversed(Path("/proc/mounts").read_text().splitlines()):
                if (place := line.split()[1]).startswith(f"{root}/"):
                    subprocess.run(["umount", "-l", place], check=False)
            for group in Path("/sys/fs/cgroup").glob(f"**/{root.name}"):
                group.rmdir()
            gone = root.rename(f"{root}-ended")  # at once, so that whoever comes now makes another
            shutil.rmtree(gone, ignore_errors=True)


main(*sys.argv[1:])
