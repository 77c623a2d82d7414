"""The page: whole, inert whatever a target answered, of this run alone where no history is, and small."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from pytest_llmops.report.board.remembered import Remembered
from pytest_llmops.report.board.rows import drills_of, metrics_of, suites_of
from pytest_llmops.report.board.writing import html
from pytest_llmops.state.history.lately import Recorded

from ....recorded import RUNS, recorded

LARGEST = 300_000
VOID = {"meta", "br", "rect", "circle", "line", "polyline"}
HOSTILE = "</h3><script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>{{ 7*7 }}"


class Page(HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.words, self.ids = [], set(), set(), [], []
        self.links, self.refs = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        self.refs += [found[name] for name in ("src", "srcset", "action", "data", "poster") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def hostile(value):
    """The same with something odd in place of each text that a target, or a profile, has the say of."""
    if isinstance(value, dict):
        return {key: hostile(item) if key not in KEPT else item for key, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    if isinstance(value, str) and "  try: " in value:
        return f"{HOSTILE}\n  try: {HOSTILE}"
    return HOSTILE if isinstance(value, str) and value else value


KEPT = {"outcome", "category", "severity", "state", "unit", "kind", "level", "broken", "target", "warning", "critical"}


@pytest.mark.parametrize("name", RUNS)
def test_each_is_whole_small_and_needs_nothing_from_elsewhere(name):
    text = html(recorded(name), Remembered())
    page = Page(text)
    assert len(text.encode()) < LARGEST
    assert page.refs == []
    assert not page.tags & {"script", "link", "iframe", "object", "embed", "img", "form"}
    assert not {one for one in page.attributes if one.startswith("on")} | (page.attributes & {"style"})
    assert re.findall(r"@import|url\(", text) == []
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert not [link for link in page.links if ":" in link]


@pytest.mark.parametrize("name", RUNS)
def test_whatever_a_target_answers_is_text(name):
    known = recorded(name)
    whole = html({**hostile(known), "target": HOSTILE}, Remembered(lacking=HOSTILE))
    page = Page(whole)
    plain = Page(html(known, Remembered(lacking="not")))
    assert page.tags == plain.tags
    assert not page.attributes - plain.attributes
    assert HOSTILE in unescape(whole)
    assert "<script" not in whole
    assert not [link for link in page.links if "<" in link or '"' in link]


def test_characters_that_are_no_text_do_not_get_in():
    run = recorded("down")
    run["checks"][0]["reason"] = "a\0b\x1bc\ud800d\u202ee"
    text = html(run, Remembered())
    text.encode()
    assert "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c?d\N{REPLACEMENT CHARACTER}e" in text


@pytest.mark.parametrize(
    ("name", "tone", "headline"),
    [
        ("healthy", "ok", "All well"),
        ("regression", "bad", "6 checks failed"),
        ("down", "bad", "Ollama unreachable; 12 checks failed, 1 of them critical"),
        ("drills", "bad", "2 checks failed"),
    ],
    ids=RUNS,
)
def test_the_verdict_is_one_line(name, tone, headline):
    text = html(recorded(name), Remembered())
    assert re.findall("<h1>(.*?)</h1>", text) == [headline]
    assert f'<div class="verdict {tone}">' in text


@pytest.mark.parametrize(
    ("change", "tone", "headline"),
    [
        ({"checks": []}, "warn", "None of its tests is a check"),
        ({"exit_status": 11}, "warn", "Nothing failed, but not all of it could be judged"),
        ({"exit_status": 2}, "warn", "The run was stopped before its end"),
        ({"exit_status": 13, "checks": []}, "bad", "Nothing was checked"),
        ({"exit_status": 77}, "bad", "Exit status 77"),
        ({"missing": [{"metric": "m", "check": "c", "reason": "gone"}]}, "ok", "All well, but 1 thing not settled"),
    ],
    ids=["no check", "undecided", "stopped", "nothing", "unknown", "unsettled"],
)
def test_the_verdict_of_what_is_neither_well_nor_red(change, tone, headline):
    text = html({**recorded("healthy"), **change}, Remembered())
    assert re.findall("<h1>(.*?)</h1>", text) == [headline]
    assert f'<div class="verdict {tone}">' in text


def test_sections_come_in_the_order_in_which_they_are_read():
    ids = Page(html(recorded("drills"), Remembered())).ids
    assert ids == ["findings", "components", "metrics", "checks", "procedures", "drills", "cost"]


def test_the_style_sheet_is_the_only_one_that_the_page_lets_in():
    text = html(recorded("healthy"), Remembered())
    (policy,) = re.findall('Content-Security-Policy" content="(.*?)"', text)
    assert re.fullmatch(r"default-src &#39;none&#39;; style-src &#39;sha256-[\w+/]{43}=&#39;", policy)


def test_without_a_history_the_page_says_so():
    page = Page(html(recorded("healthy"), Remembered(system="voyageur", lacking="history.db: it is locked.")))
    assert page.text.count("history.db: it is locked.") == 2
    assert "What is overdue is not known: " in page.text


def test_a_metric_has_its_limits_and_its_past():
    run = recorded("regression")
    past = [Recorded(run["started"] - 86400 * days, 0.138, days != 2) for days in (3, 2, 1)]
    after = Recorded(run["started"] + 9, 9.0, good=True)
    judged, recorded_ = metrics_of(run, Remembered({"generation_latency": [*past, after]}))
    assert [one.name for one in judged[:2]] == ["api_latency_p95", "generation_latency"]
    first, second = judged[0], judged[1]
    assert (first.state, first.value, first.limits, first.broken) == (
        "broke < 2 s",
        "2.5 s",
        {"target": "< 2 s"},
        "< 2 s",
    )
    assert (second.value, second.baseline, second.times) == ("244 ms", "138 ms", "1.76 (1.65-1.88)")
    assert "4 runs since" in second.line
    assert second.line.count('class="off"') == 2
    assert first.line == ""
    assert all(one.limits == {} for one in recorded_ if not one.name.endswith(".error_rate"))


def test_the_same_value_of_two_checks_is_one_row():
    run = recorded("healthy")
    names = [one.name for rows in metrics_of(run, Remembered()) for one in rows]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("turn", [1, -1], ids=["red first", "red last"])
def test_of_the_same_value_of_two_checks_the_row_is_that_which_broke_its_limit(turn):
    run = recorded("regression")
    checks = [one for one in run["checks"] if any(metric["name"] == "api_latency_p95" for metric in one["metrics"])]
    (metric,) = [one for one in checks[0]["metrics"] if one["name"] == "api_latency_p95"]
    mere = {**checks[0], "test": "daily/test_other.py::test_it", "metrics": [{**metric, "threshold": None}]}
    judged, merely = metrics_of({**run, "checks": [checks[0], mere][::turn]}, Remembered())
    assert [(one.name, one.state) for one in [*judged, *merely]] == [("api_latency_p95", "broke < 2 s")]


def test_checks_are_counted_by_suite_and_the_red_ones_come_first():
    (daily,) = suites_of(recorded("down")["checks"])
    assert (daily["name"], daily["said"]) == ("daily", "12 failed, 26 passed, 11 unreachable, 7 unsupported")
    assert daily["counts"] == [("bad", 23), ("ok", 26), ("none", 7)]
    assert {check["outcome"] for check in daily["checks"][:23]} == {"failed", "error"}


def test_a_drill_has_its_figures_limits_and_pages_also_where_it_failed():
    drills = {one["name"]: one for one in drills_of(recorded("drills")["checks"])}
    stopped, killed = drills["qdrant-stopped"], drills["qdrant-killed"]
    assert stopped["figures"] == {
        "detect": {"value": "216 ms", "asked": "critical > 10 s", "broken": False},
        "rto": {"value": "8.23 s", "asked": "critical > 20 s", "broken": False},
        "rpo": {"value": "0 ms", "asked": "critical > 0 s", "broken": False},
    }
    assert killed["figures"] == {}
    assert [page.rpartition(".")[2] for page in killed["pages"]] == ["svg", "md"]


def test_links_to_documents_lead_to_their_files():
    page = Page(html(recorded("drills"), Remembered()))
    assert [link for link in page.links if link.startswith("documents/sandbox%253Aaegis-rag/drill-ollama-stopped_")]
