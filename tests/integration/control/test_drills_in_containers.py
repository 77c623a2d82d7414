"""Every drill on containers of a real Docker Engine, with its figures; whoever drills ends at any moment."""

import random
import re
import signal

import pytest
from click.testing import CliRunner

from pytest_llmops.cli.recover import recover
from pytest_llmops.clients.canaries import KEPT_S

from ...conftest import SEED, WHOLE
from .drilled_containers import Run, drillable
from .stack_in_containers import PARTS

pytestmark = pytest.mark.acceptance

BACK, NOTICED = "test_what_is_{}_comes_back[{}]", "test_what_{}_is_noticed[{}]"
WAYS = {"stopped": BACK, "killed": BACK, "hangs": NOTICED, "restarted": BACK}
BASIC = {way: [form.format(way, component) for component in PARTS] for way, form in WAYS.items()}
"""Each component, taken away in each way."""

THROUGH_PROXIES = [
    *(f"test_a_slow_dependency_is_noticed[{component}]" for component in ("ollama", "qdrant", "redis")),
    *(f"test_a_failing_model_server_is_noticed[{mode}]" for mode in ("reset 0", "refuse", "blackhole")),
]
ALL = [*(drill for drills in BASIC.values() for drill in drills), *THROUGH_PROXIES]

OTHERS = {
    "test_backups.py": [
        "test_newest_backups_are_whole",
        "test_backups_are_young_and_kept",
        "test_newest_backups_can_be_restored",
        "test_newest_backups_are_complete",
        "test_newest_backups_are_as_recorded",
        "test_copies_elsewhere_are_the_same",
    ],
    "test_databases.py": ["test_redis_can_be_restored"],
    "test_making_backups.py": ["test_backup_of_the_configuration_can_be_restored"],
    "test_models.py": [
        "test_models_stand_in_writing",
        "test_lost_model_comes_back",
        "test_models_are_in_memory_after_a_recovery",
    ],
    "test_vectors.py": ["test_collection_can_be_restored"],
}
"""What else of suites/dr can be had of containers."""

NOT_HERE = {
    "test_container_of_the_model_server_fails": "voyageur",
    "test_a_standby_answers_while_the_model_server_is_away": "agent-aiops",
    "test_the_others_serve_while_an_instance_is_away": "aegis-rag",
    "test_another_provider_takes_over_and_back": "document-enhancer",
    "test_vectors_are_ingested_anew": "enterprise-pipeline",
    "test_service_is_recovered_from_its_backup": "document-enhancer",
    "test_application_is_recovered_from_its_backup": "agent-aiops",
    "test_system_is_recovered_in_order": "aegis-rag",
    "test_backups_are_as_the_policy_says": "document-enhancer, agent-aiops",
    "test_earlier_months_are_archived": "agent-aiops",
    "test_only_their_user_can_write_to_backups": "agent-aiops",
    "test_configuration_is_under_version_control": "document-enhancer",
    "test_backup_is_made_every_night": "document-enhancer",
    "test_old_backups_go_every_week": "document-enhancer",
    "test_full_backup_holds_everything": "document-enhancer",
    "test_full_backup_is_one_archive": "document-enhancer",
    "test_configuration_comes_out_of_a_backup": "document-enhancer",
    "test_configuration_is_restored_in_its_place": "document-enhancer",
    "test_backup_of_the_vectors_can_be_fetched": "aegis-rag",
    "test_newest_backup_of_the_vectors_can_be_restored": "aegis-rag",
    "test_environment_is_saved_before_an_update": "voyageur",
    "test_metrics_are_saved_before_an_update": "voyageur",
    "test_models_are_saved_while_the_stack_is_down": "voyageur",
    "test_restore_asks_for_a_backup": "document-enhancer, aegis-rag",
}
"""What no containers of this profile have, and the profile whose runbook it is of."""

LOSES = "redis-killed"
"""The one drill that loses what was acknowledged: that server writes to its disk when it ends in good order."""

LASTS_S = {"ollama": 2.5, "api": 2.5, "qdrant": 5.0, "redis": 4.5}
"""About how long a drill of each takes on a quick machine, from the first that is heard of it on."""

UNANSWERED_S = 5.0
"""So much longer where a probe has to wait in vain."""

KILLS = 20 if WHOLE else 1
RUNS = 5
"""Until one is not over before the moment at which it was to be ended."""

ENDED = f"drills in containers, ended in their midst; TESTS_SEED={SEED}"
KILLED = ALL if WHOLE else random.Random(f"{SEED} drills in containers").sample(ALL, 2)
SIGNS = [signal.SIGINT, signal.SIGTERM][slice(None) if WHOLE else slice(SEED % 2, SEED % 2 + 1)]


def chosen():
    """What is drilled in one run: each way once, each day of another component; with ``TESTS_WHOLE=1`` everything."""
    if WHOLE:
        return ["suites/dr"]
    drills = [drills[(SEED + number) % len(drills)] for number, drills in enumerate(BASIC.values())]
    drills.append(THROUGH_PROXIES[SEED % len(THROUGH_PROXIES)])
    others = [f"suites/dr/{file}::{test}" for file, tests in OTHERS.items() for test in tests]
    return [*(f"suites/dr/test_drills.py::{drill}" for drill in drills), *others]


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    with drillable(tmp_path_factory.mktemp("drilled")) as one:
        yield one


@pytest.fixture(autouse=True)
def here(system, monkeypatch):
    """Recovering is possible from here; and what one test has removed does not come back in another."""
    monkeypatch.chdir(system.target.root)
    system.save()


def figures_of(checks):
    """By drill its figures in seconds: ``{"redis-killed": {"detect": 0.2, "rto": 2.5, "rpo": 1.9}}``."""
    found = {}
    for check in checks.values():
        for metric in check["metrics"]:
            if named := re.fullmatch(r"drill_(detect|rto|rpo)\[(.+)\]", metric["name"]):
                found.setdefault(named[2], {})[named[1]] = metric["value"]
    return found


def test_every_drill_is_green_and_all_is_as_before(system, tmp_path, record_property):
    run = Run(system, tmp_path, *chosen())
    assert run.status() == 0, run.said
    checks = run.checks
    assert {check["outcome"] for check in checks.values()} == {"passed"}, run.said
    figures = figures_of(checks)
    record_property("drills in containers of a real engine: seconds", table(figures))
    assert len(figures) == (len(ALL) if WHOLE else len(WAYS) + 1)
    for name, seen in figures.items():
        assert 0 <= seen["detect"] <= seen["rto"], (name, seen)
        store = name.startswith(("qdrant", "redis")) and not name.endswith("-slow")
        assert ("rpo" in seen) is store, (name, seen)
        assert (seen.get("rpo", 0) > 0) is (name == LOSES), (name, seen)
    came_back = system.came_back()
    assert len(came_back) <= (1 if WHOLE else 0), run.said
    assert all(0 < stays_s <= KEPT_S for stays_s in came_back.values()), came_back
    assert system.changed() == {}, run.said


def table(figures):
    """The figures as lines."""
    rows = [("", "detect", "RTO", "RPO")]
    for name, seen in figures.items():
        rows.append((name, *(f"{seen[key]:.2f}" if key in seen else "-" for key in ("detect", "rto", "rpo"))))
    return "\n".join(f"{name:<20} {detect:>8} {rto:>8} {rpo:>8}" for name, detect, rto, rpo in rows)


def test_what_is_not_drilled_is_known_by_name(system, tmp_path):
    run = Run(system, tmp_path, "suites/dr", "--llmops-plan")
    assert run.status() == 0, run.said
    left_out = {(name_of(one["test"]), one["reason"]) for one in run.plan["left_out"]}
    known = {(name, "no procedure of profile rag") for name in NOT_HERE}
    assert left_out == known | {("test_a_disk_that_is_nearly_full_is_noticed", "no machine in target staging")}
    drilled = sorted(one["test"].rpartition("::")[2] for one in run.plan["checks"])
    assert drilled == sorted([*ALL, *(test for tests in OTHERS.values() for test in tests)])


def name_of(test):
    """Of a test's function."""
    return test.rpartition("::")[2].partition("[")[0]


def ended(system, folder, drill, sign, chance):
    """A drill that a signal has ended at a random moment: its exit status, when that was, and what was said."""
    lasts_s = LASTS_S.get(drill.rpartition("[")[2].rstrip("]"), LASTS_S["api"])
    lasts_s += UNANSWERED_S if "hangs" in drill or "blackhole" in drill else 0
    for _ in range(RUNS):
        after_s = chance.uniform(0, lasts_s)
        run = Run(system, folder, f"suites/dr/test_drills.py::{drill}")
        if status := run.ended(sign, after_s):
            return status, f"{drill}, {sign.name} after {after_s:.2f} s", run.said
        lasts_s = after_s
    pytest.fail(f"{drill} was over before {sign.name} in {RUNS} runs")


@pytest.mark.parametrize("drill", KILLED)
def test_who_is_killed_in_the_midst_of_a_drill_is_recovered_from(system, tmp_path, record_property, drill):
    chance = random.Random(f"{SEED} {drill}")
    for number in range(KILLS):
        system.save()
        status, where, said = ended(system, tmp_path, drill, signal.SIGKILL, chance)
        assert status == -signal.SIGKILL, (where, said)
        done = CliRunner().invoke(recover, [])
        assert done.exit_code == 0, (where, said, done.output)
        assert system.changed() == {}, (where, said, done.output)
        record_property(ENDED, f"{where}, {number + 1} of {KILLS}: {done.output.splitlines()[-1]}")


@pytest.mark.parametrize("sign", SIGNS, ids=[sign.name for sign in SIGNS])
def test_who_is_told_to_end_takes_it_back_himself(system, tmp_path, record_property, sign):
    chance = random.Random(f"{SEED} {sign.name}")
    status, where, said = ended(system, tmp_path, chance.choice(ALL), sign, chance)
    assert status == 2, (where, said)
    assert system.changed() == {}, (where, said)
    assert CliRunner().invoke(recover, []).output.startswith("nothing is open"), (where, said)
    record_property(ENDED, f"{where}: staging is as it was, without recover")
