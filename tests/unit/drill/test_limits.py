"""A figure as a probe: it fails while a limit is broken, in the limit's words, and needs one."""

from types import SimpleNamespace

import pytest

from pytest_llmops.drill.limits import within_limits
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported
from pytest_llmops.target.thresholds import Threshold

LIMITS = {
    "disk_used": Threshold(warning="> 80 %", critical="> 95 %", **{"for": "5m"}),
    "wished": Threshold(target="< 50 %", on_target_miss="warn"),
}


class Told:
    """Figures that are as they were told."""

    def __init__(self, *values):
        self.values = list(values)

    def table(self, name):
        if name == "disk_usd":
            raise ConfigError("unknown figure 'disk_usd'. Did you mean 'disk_used'?")

    def read(self, name):
        assert name
        return SimpleNamespace(value=self.values.pop(0), unit="%", source="machine, disk_used")


def test_fails_at_the_first_look_that_breaks_a_limit_however_long_it_would_have_to_last():
    look = within_limits("disk_used", Told(79.0, 85.0, 96.0, 20.0), LIMITS)
    look()
    with pytest.raises(CallFailed, match=r"^disk_used is 85 %; that is a warning \(> 80 %\) \(machine, disk_used\)$"):
        look()
    with pytest.raises(CallFailed, match=r"^disk_used is 96 %; that is critical \(> 95 %\) \(machine, disk_used\)$"):
        look()
    look()


def test_a_target_that_only_warns_is_no_failure():
    within_limits("wished", Told(60.0), LIMITS)()


def test_what_nothing_limits_cannot_be_noticed():
    with pytest.raises(Unsupported) as refused:
        within_limits("other", Told(), LIMITS)
    assert str(refused.value) == (
        "other: no threshold judges it: give thresholds.\"other\" a limit in llmops.toml, such as critical = '> 90 %'; "
        "until then nobody would learn of it."
    )
    with pytest.raises(ConfigError, match="Did you mean 'disk_used'"):
        within_limits("disk_usd", Told(), LIMITS)
