"""Runs a Streamlit script where it lives, asks it one question after the other, and says what came of each.

A script of its own, for the interpreter of the application, which does not have our packages:
``python streamlit_turn.py APP JSON``, where JSON holds questions, model, box, within_s. Its last line is JSON, too.
"""

import sys

sys.path[0] = ""  # the application's folder, where we were started, in place of ours

import contextlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402


def main(script: str, asked: "dict[str, Any]") -> "dict[str, Any]":
    """What the page showed: exceptions, errors, models, messages, how long it took; or which package is lacking."""
    try:
        from streamlit.testing.v1 import AppTest
    except ImportError as error:
        return {"lacking": error.name or "streamlit"}
    told: dict[str, Any] = {"turns": []}
    began = time.monotonic()
    try:
        page = AppTest.from_file(str(Path(script).resolve()), default_timeout=asked["within_s"]).run()
        told["shown_s"] = time.monotonic() - began
        boxes = [box for box in page.selectbox if box.label == asked["box"]]
        told["models"] = [option for box in boxes[:1] for option in box.options]
        if boxes and asked["model"]:
            boxes[0].set_value(asked["model"]).run()
        for question in asked["questions"]:
            if not page.chat_input or page.exception or page.error:
                break
            began = time.monotonic()
            page.chat_input[0].set_value(question).run()
            took_s, state = time.monotonic() - began, page.session_state
            last = list(state["messages"])[-1:] if "messages" in state else []
            told["turns"].append({"took_s": took_s, "message": last[0] if last else {}, "held_bytes": held_bytes()})
    except RuntimeError as error:
        return {**told, "exceptions": [f"{type(error).__name__}: {error}"]}
    told["exceptions"] = [str(shown.value) for shown in page.exception]
    told["errors"] = [str(shown.value) for shown in page.error]
    return told


def held_bytes() -> "int | None":
    """What this process, in which the script runs, holds in memory; None where nobody tells."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        found = main(sys.argv[1], json.loads(sys.argv[2]))
    sys.stdout.write("\n" + json.dumps(found, default=str) + "\n")
