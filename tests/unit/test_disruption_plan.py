"""The plan of what a test would change: clean-ups, by what they delete."""

from pytest_llmops.plugin.disruption_plan import calls_of, disruption_of
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.files.sets]
logs = { paths = ["logs/*.log"], drop = "30 d" }
traces = { paths = ["traces/*"] }
[targets.here.components.files.cleanups]
old-logs = { sets = ["logs"] }
all-old = { sets = ["logs", "traces"], older_than = "90 d" }
rehearsed = { sets = ["logs"], lasting = false }
"""


def acts(tmp_path, name):
    (tmp_path / "llmops.toml").write_text(FILE)
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    return disruption_of([("delete", name)], [], target, [])["acts"]


def test_a_clean_up_says_what_goes_at_which_age(tmp_path):
    [act] = acts(tmp_path, "old-logs")
    assert (act["act"], act["component"], act["what"]) == ("delete", "old-logs", "logs older than 30 days")
    assert act["undo"] == "all is put back until the rest was seen to be well; then nothing brings it back"
    [act] = acts(tmp_path, "all-old")
    assert act["what"] == "logs older than 90 days, traces older than 90 days"


def test_a_rehearsed_clean_up_deletes_nothing(tmp_path):
    [act] = acts(tmp_path, "rehearsed")
    assert (act["act"], act["what"]) == ("set aside", "logs older than 30 days")
    assert act["undo"] == "all is put back at the end of the test"


def test_a_clean_up_that_is_not_there_deletes_nothing(tmp_path):
    [act] = acts(tmp_path, "old-log")
    assert act["what"] == "no such clean-up"


def test_an_operation_says_what_each_step_runs_and_sets(tmp_path):
    text = '[targets.here]\nprofile = "document-enhancer"\n[targets.here.components.api]\nurl = "http://127.0.0.1:9"\n'
    (tmp_path / "llmops.toml").write_text(text)
    found = disruption_of([], ["deploy"], load(tmp_path / "llmops.toml", None, tmp_path, {}), [])["acts"]
    assert [act["act"] for act in found[:4]] == ["run", "run", "stop", "set"]
    assert found[1]["what"].startswith("python -c 'import pathlib, subprocess, sys def said(*words): return")
    assert found[1]["what"].endswith("...")
    assert found[1]["undo"] == "none; what stays: the record in deploys/"
    assert (found[3]["what"], found[3]["undo"]) == (
        "what 'git rev-parse HEAD' prints",
        "set version back to what it was, should a step fail",
    )


def test_an_operation_says_what_work_it_begins(tmp_path):
    text = '[targets.here]\nprofile = "document-enhancer"\n[targets.here.components.api]\nurl = "http://127.0.0.1:9"\n'
    (tmp_path / "llmops.toml").write_text(text)
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    assert calls_of(["drain", "unknown"], target) == {"api.begin": 3, "api.finish": 2}
    begun, flag, refused, *_ = disruption_of([], ["drain"], target, [])["acts"]
    assert (begun["act"], begun["component"], begun["what"]) == ("begin", "api", "work tab1")
    assert begun["undo"] == "none; what stays: what the workflow wrote"
    assert (flag["act"], flag["component"]) == ("set", "maintenance")
    assert refused["what"] == "work tab1, to be refused"


def test_a_tool_says_what_it_changes_and_who_leans_on_that(tmp_path):
    (tmp_path / "llmops.toml").write_text("""
[targets.here]
profile = "aegis-rag"
[targets.here.components.qdrant]
url = "http://127.0.0.1:6333"
[targets.here.components.api]
url = "http://127.0.0.1:8910"
""")
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    [act] = disruption_of([], [], target, [], ["upkeep", "vectors"])["acts"]
    assert (act["act"], act["component"], act["what"]) == ("set", "qdrant", "the collection's configuration")
    assert act["undo"] == "set that of qdrant back to what it was, unless it is accepted"
    assert "api" in act["touches"]


DISKS = """
[targets.here.components.api]
url = "http://127.0.0.1:9"
[targets.here.ballast.data]
folder = "/srv/data"
leaves = "5 %"
at_most = "50 GB"
[targets.here.ballast.logs]
folder = "logs"
leaves = "2 GB"
at_most = "4 GB"
"""


def test_a_disk_that_is_filled_says_by_how_much_at_most(tmp_path):
    (tmp_path / "llmops.toml").write_text(DISKS)
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    filled, cleared = disruption_of([("fill", "data"), ("clear", "data")], [], target, [])["acts"]
    assert filled == {
        "act": "fill",
        "component": "data",
        "what": "a file of at most 50 GB on the disk of /srv/data, which leaves 5 % free",
        "driver": "ballast",
        "undo": "its file is removed",
        "touches": {},
    }
    assert (cleared["what"], cleared["undo"]) == (
        "that file on the disk of /srv/data",
        "none is needed: it was filled before",
    )
    [unknown] = disruption_of([("fill", "dta")], [], target, [])["acts"]
    assert (unknown["what"], unknown["undo"]) == ("no ballast table", "none: nothing is attempted")


def test_what_may_be_any_disk_is_said_of_each(tmp_path):
    (tmp_path / "llmops.toml").write_text(DISKS)
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})
    assert [act["component"] for act in disruption_of([("fill", "")], [], target, [])["acts"]] == ["data", "logs"]
    bare = load(None, None, tmp_path / "none", {})
    assert [act["what"] for act in disruption_of([("fill", "")], [], bare, [])["acts"]] == [
        "a file of at most 32 MB on the disk of data, which leaves 8 % free"
    ]


def test_a_way_that_is_cut_off_says_which(tmp_path):
    text = '[targets.here.components.redis]\nurl = "redis://10.0.0.7"\n'
    text += '[targets.here.cuts.to-redis]\ncomponent = "redis"\naddress = "10.0.0.7:6379"\n'
    (tmp_path / "llmops.toml").write_text(text)
    [act] = disruption_of([("set", "to-redis")], [], load(tmp_path / "llmops.toml", None, tmp_path, {}), [])["acts"]
    assert (act["what"], act["driver"]) == ("the way to redis at 10.0.0.7:6379", "cut")
    assert act["undo"] == "set to-redis back to what it was"
