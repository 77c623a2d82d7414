"""Operations: every step is seen to hold, and one that fails leaves all as it was or says what stays."""

import sys
from dataclasses import replace

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.control.change import Change
from pytest_llmops.control.driver import Status
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.control.hands import Hands
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import ConfigError, ControlError, JournalError, LlmopsError, StepFailed, Unsupported, Vacuous
from pytest_llmops.operate import away, operation, recovery
from pytest_llmops.operate.operated import Done
from pytest_llmops.operate.operation import Operation
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.control import Docker
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.load import load

PRINTING = f'"{sys.executable}", "-c"'
FILE = f"""
[targets.here.components.api]
url = "http://127.0.0.1:9"
[targets.here.components.api.routes.health]
path = "/health"
[targets.here.components.api.health]
accept = {{ status = ["healthy"] }}
[targets.here.components.app_command.commands]
previous = {{ argv = [{PRINTING}, "print('v0')"] }}
nothing = {{ argv = [{PRINTING}, ""] }}
migrate = {{ argv = [{PRINTING}, "print('2 applied')"] }}
fails = {{ argv = [{PRINTING}, "raise SystemExit('no such table')"] }}
[targets.here.settings.version]
driver = "file"
file = "version"
pattern = "^(v.*)$"
[targets.here.operations.rollback]
about = "Back to the version that ran before."
[[targets.here.operations.rollback.steps]]
do = "stop"
on = "api"
[[targets.here.operations.rollback.steps]]
do = "check"
on = "api"
state = "away"
within = "30 s"
[[targets.here.operations.rollback.steps]]
do = "set"
on = "version"
printed_by = "previous"
[[targets.here.operations.rollback.steps]]
do = "run"
on = "migrate"
name = "migrations"
remains = "the tables of v1"
[[targets.here.operations.rollback.steps]]
do = "start"
on = "api"
[[targets.here.operations.rollback.steps]]
do = "check"
on = "api"
state = "healthy"
within = "30 s"
[[targets.here.operations.rollback.steps]]
do = "check"
on = "version"
to = "v0"
within = "30 s"
"""
STEPS = 7
STOP_ONLY = '[[targets.here.operations.rollback.steps]]\nname = "halt"\ndo = "stop"\non = "api"\n'


class Server:
    """A component that answers while it runs."""

    what = "container api"
    control = Docker(driver="docker", container="api")
    can = frozenset({"stop", "start", "restart"})

    def __init__(self):
        self.state, self.refuses = "running", set()

    def status(self, within_s):
        return Status(self.state)

    def act(self, act, within_s, kept):
        if act in self.refuses:
            raise ControlError("", "refused", f"{act} is not for you")
        self.state = "stopped" if act == "stop" else "running"

    def by_hand(self, act, kept):
        return f"docker {act} api"

    def close(self):
        pass


@pytest.fixture
def here(tmp_path, serve, clock):
    """The target, its one component, and how one of its operations is carried out."""
    (tmp_path / "llmops.toml").write_text(FILE)
    (tmp_path / "version").write_text("v1\n")
    clock(operation, recovery, away)  # whoever waits does not
    return Here(tmp_path, serve)


class Here:
    def __init__(self, folder, serve):
        self.folder = folder
        self.server = Server()
        self.answers = {"/health": {"status": "healthy"}}
        self.answering = serve(self.answers).url
        self.said = []
        self.change = None

    def target(self, text=FILE):
        (self.folder / "llmops.toml").write_text(text)
        return load(self.folder / "llmops.toml", None, self.folder, {})

    def operation(self, name="rollback", text=FILE, fails_at=0):
        target = self.target(text)
        journal = Journal.of(target.state_folder, target.name)
        hands = {"api": Hands("api", self.server, 60.0)}
        self.change = Change(
            target,
            journal,
            Interruption(),
            opened={"test": "a test", "run": "a run"},
            say=self.said.append,
            may_begin=lambda: None,
            hands=lambda component: hands.get(component) or hands_on(target, component),
        )
        ledger = Ledger(self.folder / "ledger", target.table.budget)
        up = replace(target, table=placed(target.table, self.answering))

        def client(component):
            return connect(up if self.server.state == "running" else target, component, ledger)

        def say(line):
            self.said.append(line)
            if fails_at and f"step {fails_at} of" in line:
                raise LlmopsError("struck by lightning")

        commands = connect(target, "app_command", ledger)
        return Operation(target, name, self.change, client=client, commands=commands, say=say)

    @property
    def as_before(self):
        return self.server.state == "running" and (self.folder / "version").read_text() == "v1\n"


def placed(table, url):
    api = table.components.api.model_copy(update={"url": url})
    return table.model_copy(update={"components": table.components.model_copy(update={"api": api})})


def test_all_steps_are_carried_out_and_taken_back(here):
    done = here.operation().carry_out()
    assert [step.name for step in done.steps] == [
        "stop api",
        "check api",
        "set version",
        "migrations",
        "start api",
        "check api",
        "check version",
    ]
    assert done["migrations"].seen == "it said: 2 applied"
    assert done["set version"].seen == "it is v0"
    assert done.values == {"version": "v0"}
    assert 0 < done.down_s < done.took_s
    assert f"and {spoken(done.down_s)} of that nobody was served." in done.document()
    assert (here.folder / "version").read_text() == "v0\n"
    assert "| 4 | migrations |" in done.document()
    assert "A rehearsal: what was done is taken back." in done.document()
    assert here.change.undo()
    assert here.as_before


def test_what_lasts_stays(here):
    lasting = FILE.replace('ran before."', 'ran before."\nlasting = true')
    done = here.operation(text=lasting).carry_out()
    assert here.change.undo()
    assert (here.folder / "version").read_text() == "v0\n"
    assert "What was done stays." in done.document()


ANOTHER = """
[targets.here.operations.other]
about = "Whatever."
lasting = true
steps = [{ do = "STEP", LAST }]
"""


def test_what_the_test_did_itself_is_taken_back(here):
    text = FILE + ANOTHER.replace("STEP", "wait").replace("LAST", 'lasts = "1 s"')
    one = here.operation("other", text)
    here.change.stop("api")
    here.change.set("version", value="v9")
    one.carry_out()
    assert here.change.undo()
    assert here.as_before


def test_a_setting_that_lasts_is_not_what_the_test_found(here):
    text = FILE + ANOTHER.replace("STEP", "set").replace("LAST", 'on = "version", to = "v2"')
    one = here.operation("other", text)
    here.change.set("version", value="v9")
    here.change.stop("api")
    one.carry_out()
    assert here.change.undo()
    assert (here.folder / "version").read_text() == "v2\n"
    assert here.server.state == "running"


def test_a_component_that_is_never_seen_up_again_was_away_for_nobody_knows_how_long(here):
    unseen = FILE.replace('state = "healthy"', 'state = "away"').replace('do = "start"', 'do = "stop"')
    done = here.operation(text=unseen).carry_out()
    with pytest.raises(LlmopsError) as unknown:
        assert done.down_s
    assert str(unknown.value) == (
        "rollback: how long nobody is served is not known, for no step sees api up again; "
        'add { do = "check", on = "api" } to its steps.'
    )
    assert "how long of that nobody was served is not known: no step saw api up again." in done.document()
    assert here.change.undo()
    assert here.as_before


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_failure_at_any_step_leaves_all_as_it_was(here, step, lasting):
    text = FILE.replace('ran before."', 'ran before."\nlasting = true') if lasting else FILE
    with pytest.raises(LlmopsError, match="lightning"):
        here.operation(text=text, fails_at=step).carry_out()
    assert here.change.undo()
    assert here.as_before


def test_a_step_that_fails_is_named_with_what_stays(here):
    here.answers["/health"]["status"] = "sick"
    with pytest.raises(
        StepFailed,
        match=r"^rollback: step 6 of 7, check api: after 30 s api: GET /health answered 200 but status is 'sick', "
        r"accepted is 'healthy'\. What stays of it: the tables of v1\.$",
    ):
        here.operation().carry_out()
    assert here.change.undo()
    assert here.as_before


def test_a_command_that_fails_may_have_left_something(here):
    with pytest.raises(StepFailed, match=r"step 4 of 7, migrations: .*no such table.* stays of it: perhaps the tables"):
        here.operation(text=FILE.replace('on = "migrate"', 'on = "fails"')).carry_out()
    assert here.change.undo()
    assert here.as_before


def test_what_stays_is_said_once(here):
    again = '[[targets.here.operations.rollback.steps]]\ndo = "run"\non = "fails"\nremains = "the tables of v1"\n'
    with pytest.raises(StepFailed, match=r"step 8 of 8, run fails: .* What stays of it: the tables of v1\.$"):
        here.operation(text=FILE + again).carry_out()
    assert here.change.undo()
    assert here.as_before


def test_a_route_is_to_be_answered_well(here):
    text = FILE.replace('state = "healthy"', 'route = "health"')
    here.answers["/health"]["status"] = "sick"
    assert here.operation(text=text).carry_out().steps[5].seen == "api: GET /health answered 200"
    here.change.undo()
    del here.answers["/health"]
    with pytest.raises(StepFailed, match="step 6 of 7, check api: after 30 s api: GET /health answered 404"):
        here.operation(text=text).carry_out()


DRAIN = """
[targets.here.components.api]
url = "http://127.0.0.1:9"
[targets.here.components.api.routes]
files = { path = "/files/{tab}" }
start = { method = "POST", path = "/run/{tab}", body = { files = "{files}" }, answer = "id" }
job = { path = "/status/{job}", answer = "status" }
[targets.here.components.app_command]
[targets.here.settings.version]
driver = "file"
file = "version"
pattern = "^(v.*)$"
[targets.here.operations.drain]
about = "No new work."
steps = [
    { do = "begin", on = "api", work = "tab1", remains = "what was written" },
    { do = "set", on = "version", to = "v0" },
    { do = "begin", on = "api", work = "tab2", refused = true, remains = "what is written, should it be taken on" },
    { do = "finish", on = "api" },
]
"""


@pytest.fixture
def drained(here):
    """A service that takes on work of one kind, and none of the other."""
    here.answers |= {
        "/files/tab1": {"files": ["a.pdf"]},
        "/files/tab2": {"files": ["a.pdf"]},
        "/run/tab1": {"id": "7"},
        "/run/tab2": {"error": "drained"},
        "/status/7": {"status": "completed"},
    }
    return here


def test_work_is_begun_and_refused_and_seen_to_its_end(drained):
    done = drained.operation("drain", DRAIN).carry_out()
    assert done["finish api"].seen == "7 is completed"
    assert done.steps[2].seen == 'api: POST /run/tab2 answered 200: {"error": "drained"}'
    story = Journal.of(drained.change.target.state_folder, "here").story
    assert [(one.act, one.what, one.remains, one.refused_at is not None) for one in story.ran] == [
        ("begin", "work tab1 of api", "what was written", False),
        ("begin", "work tab2 of api", "what is written, should it be taken on", True),
    ]
    assert drained.change.undo()
    assert drained.as_before


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            {"/run/tab1": {"error": "no"}},
            r"step 1 of 4, begin api: refused: api: .*\. What stays of it: perhaps what was written\.",
        ),
        (
            {"/run/tab2": {"id": "8"}},
            r"step 3 of 4, begin api: taken on, as 8: .* of it: what was written; perhaps what is written, should",
        ),
        (
            {"/status/7": {"status": "done", "failed": ["a.pdf"]}},
            r"step 4 of 4, finish api: 7 is done, and of it failed: a\.pdf\. .* stays of it: what was written\.",
        ),
    ],
)
def test_work_that_is_not_as_it_is_to_be_ends_it(drained, answers, said):
    drained.answers |= answers
    with pytest.raises(StepFailed, match=said):
        drained.operation("drain", DRAIN).carry_out()
    assert drained.change.undo()
    assert drained.as_before


def test_of_work_that_is_refused_against_all_expectation_nothing_remains(drained):
    drained.answers["/run/tab1"] = {"error": "no"}
    with pytest.raises(StepFailed):
        drained.operation("drain", DRAIN).carry_out()
    assert Journal.of(drained.change.target.state_folder, "here").story.ran[0].refused_at is not None


def test_where_no_work_can_be_handed_over_nothing_begins(drained):
    drained.answers["/files/tab1"] = {"files": []}
    with pytest.raises(Vacuous, match="no file lies where tab1 looks"):
        drained.operation("drain", DRAIN).carry_out()
    with pytest.raises(Unsupported, match="not begun: api has no route 'job' to begin"):
        drained.operation("drain", DRAIN.replace("job = {", "jobs = {")).carry_out()


def test_in_a_sandbox_less_is_waited(here):
    waits = FILE.replace('do = "run"\non = "migrate"', 'do = "wait"\nlasts = "6 s"').replace("remains", "#")
    one = here.operation(text=waits)
    one.target = replace(one.target, table=one.target.table.model_copy(update={"environment": "sandbox"}))
    assert one.carry_out()["migrations"].took_s == pytest.approx(1, abs=0.01)


def test_what_failed_is_taken_back_and_seen_to_work_again(here):
    one = here.operation(text=FILE.replace('to = "v0"', 'to = "v2"'))
    with pytest.raises(StepFailed, match="step 7 of 7"):
        one.carry_out()
    assert one.taken_back().startswith("What was done is taken back. api works again: ")
    assert here.as_before


def test_what_does_not_work_again_once_it_is_taken_back_is_said(here):
    here.answers["/health"] = {"status": "degraded"}
    one = here.operation()
    with pytest.raises(StepFailed):
        one.carry_out()
    said = one.taken_back()
    assert said.startswith("What was done is taken back. api does NOT work again: after "), said
    assert "'degraded'" in said
    assert here.as_before


@pytest.mark.parametrize(
    ("undo", "said"),
    [
        (lambda: False, "Not all of it is as it was before. api works again: "),
        (None, "What was done is NOT taken back: no space is left. api works again: "),
    ],
)
def test_what_is_not_taken_back_is_said_beside_the_step_that_failed(here, monkeypatch, undo, said):
    def full():
        raise JournalError("no space is left.")

    one = here.operation(text=FILE.replace('to = "v0"', 'to = "v2"'))
    with pytest.raises(StepFailed, match=r"step 7 of 7, .*\.$"):
        one.carry_out()
    with monkeypatch.context() as patched:
        patched.setattr(here.change, "undo", undo or full)
        assert one.taken_back().startswith(said)
    assert here.change.undo()


def test_an_act_that_is_refused_ends_it(here):
    here.server.refuses = {"stop"}
    with pytest.raises(StepFailed, match="step 1 of 7, stop api: api: stop is not for you"):
        here.operation().carry_out()
    assert here.change.undo()
    assert here.as_before


def test_a_component_that_is_not_away_is_found_out(here):
    text = FILE.replace('do = "stop"\non = "api"', 'do = "restart"\non = "api"')
    with pytest.raises(StepFailed, match="step 2 of 7, check api: after 30 s api at http"):
        here.operation(text=text).carry_out()


def test_a_value_that_is_not_there_is_said_before_anything_is_done(here):
    with pytest.raises(StepFailed, match=r"^rollback: the command nothing printed no value$"):
        here.operation(text=FILE.replace('printed_by = "previous"', 'printed_by = "nothing"')).carry_out()
    assert here.said == []


def test_where_to_go_is_asked_before_the_first_step(here):
    """What runs says it: once it does not run, or another version does, it would say something else."""
    printed = FILE.replace("print('v0')", "print(open('version').read().strip() + '-before')")
    printed = printed.replace('do = "run"', 'do = "set"').replace('on = "migrate"', 'on = "version"')
    printed = printed.replace('name = "migrations"\nremains = "the tables of v1"', 'printed_by = "previous"')
    done = here.operation(text=printed.replace('to = "v0"', 'to = "v1-before"')).carry_out()
    assert done.values == {"version": "v1-before"}
    assert done.before == {"version": "v1"}
    assert done.idle == []


def test_a_value_that_was_there_already_is_known(here):
    (here.folder / "version").write_text("v0\n")
    assert here.operation().carry_out().idle == ["version was 'v0' before"]


def test_a_setting_that_strays_once_all_is_done_is_said(here):
    done = here.operation().carry_out()
    assert done.astray(here.change) == []
    (here.folder / "version").write_text("v7\n")
    assert done.astray(here.change) == ["rollback: version is v7 once all is done, and was set to v0"]


def test_a_setting_that_stands_nowhere_is_lacking(here):
    (here.folder / "version").unlink()
    with pytest.raises(Unsupported, match=r"^rollback is not begun: version: there is no file"):
        here.operation().carry_out()


def test_a_setting_is_held_to_what_a_command_prints_now(here):
    text = FILE.replace('to = "v0"', 'printed_by = "migrate"')
    with pytest.raises(StepFailed, match="version is 'v0', and migrate prints '2 applied'"):
        here.operation(text=text).carry_out()


def test_a_setting_that_has_another_value_is_said(here):
    with pytest.raises(StepFailed, match="check version: after 30 s version is 'v0', and is to be 'v7'"):
        here.operation(text=FILE.replace('to = "v0"', 'to = "v7"')).carry_out()


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('do = "start"\non = "api"', 'do = "start"\non = "apy"', "there is no component 'apy' to start. Did you mean"),
        ('do = "start"\non = "api"', 'do = "pause"\non = "api"', "container api cannot be asked for 'pause'"),
        ('on = "version"\nprinted', 'on = "verson"\nprinted', "there is no setting 'verson'"),
        ('printed_by = "previous"', 'printed_by = "prev"', "there is no command 'prev' that works"),
        ('on = "version"\nto', 'on = "verson"\nto', "neither a component nor a setting 'verson'"),
        ('state = "healthy"', 'route = "healt"', "api has no route 'healt' to check. Did you mean 'health'"),
        ('on = "version"\nto = "v0"', 'on = "version"\nroute = "health"', "version has no route 'health' to check"),
    ],
)
def test_nothing_begins_where_something_is_lacking(here, before, after, said):
    with pytest.raises(Unsupported, match=f"^rollback is not begun: .*{said}"):
        here.operation(text=FILE.replace(before, after)).carry_out()
    assert here.said == []
    assert not here.change._journal.path.exists()


def test_a_value_of_several_words_may_be_printed_on_several_lines(here):
    write = "import sys, pathlib; pathlib.Path('version').write_text(' '.join(sys.argv[1:]))"
    read = "print(open('version').read())"
    setting = f"""driver = "program"
read = [{PRINTING}, "{read}"]
write = [{PRINTING}, "{write}", "{{values}}"]
"""
    text = FILE.replace('driver = "file"\nfile = "version"\npattern = "^(v.*)$"\n', setting)
    text = text.replace("print('v0')", "print('v0\\\\n\\\\nv9')").replace('to = "v0"', 'printed_by = "previous"')
    done = here.operation(text=text).carry_out()
    assert done.values == {"version": "v0 v9"}


@pytest.mark.parametrize(
    ("seen", "forced"),
    [
        ("stopped (exit status 0)", False),
        ("stopped (ended by SIGTERM)", False),
        ("stopped (ended by SIGKILL)", True),
        ("stopped (Exited (137) 2 s ago)", True),
        ("stopped (failed (failed), timeout)", True),
        ("stopped (inactive (dead))", False),
        ("ui at http://10.0.0.9:8501: no answer within 5 s (timeout)", False),
    ],
)
def test_what_had_to_be_killed_is_known(seen, forced):
    assert Done("stop api", 0.0, 1.0, seen).forced is forced


def test_a_step_is_found_by_its_name_first_and_by_what_it_does(here):
    done = here.operation(text=FILE.replace('do = "stop"', 'name = "start api"\ndo = "stop"')).carry_out()
    assert done["start api"] == done["stop api"] == done.steps[0]
    assert done["run migrate"] == done["migrations"] == done.steps[3]
    assert done.value("version") == "v0"


def test_a_step_or_a_setting_that_is_not_there_is_said_with_those_that_are(here):
    head = FILE.partition("[[targets.here.operations.rollback.steps]]")[0]
    done = here.operation(text=head + STOP_ONLY).carry_out()
    with pytest.raises(LlmopsError) as error:
        assert done["run migrate"]
    assert str(error.value) == (
        "operation rollback has no step 'run migrate', which this test looks at; its steps are 'halt'. "
        "Give one of them that name in its table."
    )
    with pytest.raises(LlmopsError) as error:
        done.value("version")
    assert str(error.value) == (
        "operation rollback does not set version, which this test looks at; it sets nothing. "
        'Have a step in its table: { do = "set", on = "version", … }.'
    )


def test_an_unknown_operation_is_said(here):
    with pytest.raises(Unsupported, match=r"has no operation 'rolback'\. Did you mean 'rollback'"):
        here.operation("rolback")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('do = "stop"\non = "api"', 'do = "stop"', "a step that does 'stop' needs on"),
        ('do = "stop"\non = "api"', 'do = "wait"', "a step that does 'wait' needs lasts"),
        ('do = "stop"', 'do = "begin"\nwork = "tab1"', "a step that does 'begin' needs remains"),
        ('state = "healthy"', 'state = "up"\nroute = "health"', "a check looks at a state or at a route"),
        ('do = "stop"\non = "api"', 'do = "stop"\non = "api"\nto = "x"', "to says nothing of a step that does 'stop'"),
        ('printed_by = "previous"', "", "set needs a value"),
        (
            'printed_by = "previous"',
            'printed_by = "previous"\nto = "v"',
            "a value is given by one of to and printed_by",
        ),
    ],
)
def test_a_step_that_says_too_little_or_too_much_is_refused(here, before, after, said):
    with pytest.raises(ConfigError, match=said):
        here.target(FILE.replace(before, after, 1))
