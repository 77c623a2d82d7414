"""The driver of systemd: what its words mean, and a manager that refuses or does not answer."""

import pytest

from pytest_llmops.errors import ControlError


def saying(script):
    """Words before ``systemctl`` that answer in its place."""
    return ["sh", "-c", script, "sh"]


SHOW = (
    "case $* in *show*) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nMainPID=0\\n';; *) {};; esac"
)


@pytest.mark.parametrize(
    ("script", "kind", "said"),
    [
        ("echo 'Failed to connect to bus: No such file' >&2; exit 1", "away", "Failed to connect to bus: No such file"),
        ("echo 'ssh: Could not resolve hostname x' >&2; exit 255", "away", "ssh: Could not resolve hostname x"),
        ("echo 'it is on fire' >&2; exit 4", "refused", "it is on fire"),
    ],
)
def test_a_manager_that_does_not_answer(hands_with, script, kind, said):
    status = script.split()[-1]
    with pytest.raises(ControlError) as raised:
        hands_with(driver="systemd", unit="x.service", via=saying(script)).status()
    raised.match(rf"^ollama: sh -c .* systemctl show x\.service ended with {status}; it said: {said}$")
    assert raised.value.kind == kind


def test_who_may_not_is_told_what_to_write(hands_with):
    refusal = SHOW.format("echo 'Failed to stop x.service: Access denied' >&2; exit 4")
    with pytest.raises(ControlError) as raised:
        hands_with(driver="systemd", unit="x.service", via=saying(refusal)).act("stop")
    assert raised.value.kind == "refused"
    assert str(raised.value).endswith(
        " systemctl stop x.service ended with 4; it said: Failed to stop x.service: Access denied "
        "Run as a user who may, or put via = ['sudo', '-n'] into the table."
    )


def test_a_manager_that_hangs_holds_nobody_up(hands_with):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="systemd", unit="x.service", via=saying("sleep 60"), deadline=0.2).status()
    assert raised.value.kind == "timeout"
    assert str(raised.value).endswith(" -- x.service had not ended after 0.2 s, and was killed.")


@pytest.mark.parametrize(
    ("said", "state", "detail"),
    [
        ("ActiveState=active\nSubState=running", "running", "active (running)"),
        ("ActiveState=failed\nSubState=failed\nResult=oom-kill", "stopped", "failed (failed), oom-kill"),
        ("ActiveState=inactive\nSubState=dead\nResult=success", "stopped", "inactive (dead)"),
        ("ActiveState=active\nSubState=running\nFreezerState=frozen", "paused", "active (running), frozen"),
    ],
)
def test_what_its_words_mean(hands_with, tmp_path, said, state, detail):
    (tmp_path / "said").write_text(f"LoadState=loaded\nMainPID=0\nNRestarts=2\nInvocationID=af\n{said}\n")
    found = hands_with(driver="systemd", unit="x.service", via=saying(f"cat {tmp_path}/said")).status()
    assert (found.state, found.detail, found.restarts) == (state, detail, 2)
    assert found.instance == ("" if state == "stopped" else "af")


@pytest.mark.parametrize(
    ("said", "state", "instance"),
    [
        ("MainPID=2147483646\nActiveState=reloading\nSubState=reload", "running", "af"),
        ("MainPID=2147483646\nActiveState=activating\nSubState=start", "running", "af"),
        ("MainPID=0\nActiveState=activating\nSubState=auto-restart", "running", ""),
        ("MainPID=2147483646\nActiveState=deactivating\nSubState=stop-sigterm", "stopped", ""),
    ],
)
def test_on_its_way_it_is_where_it_goes_and_not_settled(hands_with, tmp_path, said, state, instance):
    (tmp_path / "said").write_text(f"LoadState=loaded\nInvocationID=af\n{said}\n")
    words = saying(f"case $* in *ps*) exit 1;; *) cat {tmp_path}/said;; esac")
    found = hands_with(driver="systemd", unit="x.service", via=words).status()
    assert (found.state, found.instance, found.settled) == (state, instance, False)


def test_one_that_stands_still_has_arrived_whatever_systemd_waits_for(hands_with, tmp_path):
    (tmp_path / "said").write_text("LoadState=loaded\nInvocationID=af\nMainPID=7\nActiveState=activating\n")
    words = saying(f'case "$*" in "ps "*) echo T;; *) cat {tmp_path}/said;; esac')
    found = hands_with(driver="systemd", unit="x.service", via=words).status()
    assert (found.state, found.instance, found.settled) == ("paused", "af", True)


def test_a_masked_unit_is_refused(hands_with):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="systemd", unit="x.service", via=saying("echo LoadState=masked")).status()
    said = "ollama: unit x.service is masked: see sh -c 'echo LoadState=masked' sh systemctl cat x.service."
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


def test_what_is_typed_by_hand(hands_with):
    hands = hands_with(driver="systemd", unit="my model@1.service", user=True, via=["ssh", "ops@host"])
    assert hands.driver.by_hand("stop", {}) == "ssh ops@host systemctl --user stop 'my model@1.service'"
    assert (
        hands.driver.by_hand("pause", {}) == "ssh ops@host systemctl --user kill --signal=SIGSTOP 'my model@1.service'"
    )
    again = "ssh ops@host systemctl --user reset-failed 'my model@1.service'; "
    assert hands.driver.by_hand("start", {}) == f"{again}ssh ops@host systemctl --user start 'my model@1.service'"
