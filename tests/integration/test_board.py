"""The board in a real Chromium: what a person sees on it, at a desk, at night, on a phone and on paper."""

from contextlib import contextmanager

import pytest

from pytest_llmops.report.board.remembered import Remembered, remembered
from pytest_llmops.report.board.writing import write
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.writing import keep
from pytest_llmops.target.load import load

from ..recorded import RUNS, recorded

DESK, PHONE, PAPER = {"width": 1200, "height": 900}, {"width": 360, "height": 740}, {"width": 794, "height": 1123}
DAY_S = 86400.0
OPEN = "for (const one of document.querySelectorAll('details')) one.open = true"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
HOSTILE = "<img src=x onerror=\"console.error('owned')\"><script>console.error('owned')</script>"


@pytest.fixture
def opened(chromium):
    """Opens a board; at the end nothing was said on its console, and nothing but itself was asked for."""

    @contextmanager
    def opened(file, viewport=DESK, scheme="light"):
        context = chromium.new_context(viewport=viewport, color_scheme=scheme)
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        yield page
        assert (said, asked) == ([], [file.as_uri()])
        context.close()

    return opened


@pytest.fixture(scope="module")
def boards(tmp_path_factory):
    """A page of each recorded run, by its name; that of ``regression`` knows ten earlier runs of the same target."""
    root = tmp_path_factory.mktemp("boards")
    file = root / "llmops.toml"
    file.write_text('[history]\nkeep = "99999 d"\n')
    run = recorded("regression")
    target = load(file, run["target"], root)
    for days in range(1, 11):
        earlier = recorded("regression")
        for check in earlier["checks"]:
            for one in check["metrics"]:
                one["value"] = one["value"] / 1.7 if one["unit"] == "s" else one["value"]
        keep(place_of(target), {**earlier, "id": f"{days}", "started": run["started"] - days * DAY_S})
    known = {name: Remembered() for name in RUNS}
    known["regression"] = remembered(target, run)
    return {name: write(root / name, recorded(name), known[name]) for name in RUNS}


def section(page, name):
    return page.get_by_role("region", name=name)


def cells(row):
    return [" ".join(text.split()) for text in row.locator("th, td").all_inner_texts()]


def test_of_a_healthy_run_the_first_thing_is_that_all_is_well(boards, opened):
    with opened(boards["healthy"]) as page:
        assert page.title() == "✓ sandbox:voyageur: all well"
        assert page.get_by_role("heading", level=1).inner_text() == "All well"
        assert "31 passed, 15 unsupported, 7 vacuous" in page.get_by_role("banner").inner_text()
        assert section(page, "Findings").get_by_role("article").count() == 1


def test_of_a_slower_one_what_is_slower_by_how_much_and_how_it_was_before(boards, opened):
    with opened(boards["regression"]) as page:
        assert page.get_by_role("heading", level=1).inner_text() == "6 checks failed"
        first = section(page, "Findings").get_by_role("article").first
        assert first.get_by_role("heading").inner_text() == "query_latency is 2.51 times slower than its baseline"
        assert "2.51 times 95 % 2.26 to 2.78" in " ".join(first.inner_text().split())
        row = section(page, "Metrics").get_by_role("row").filter(has_text="query_latency").first
        assert cells(row)[:2] == ["query_latency", "✗ regression"]
        assert {"551 ms", "231 ms", "2.51 (2.26-2.78)"} < set(cells(row))
        line = row.get_by_role("img")
        assert line.locator("title").text_content().startswith("11 runs since ")
        box = line.bounding_box()
        assert box["width"] > 100
        again = first.get_by_text("curl -sS -X POST")
        assert not again.is_visible()
        first.get_by_text("Repeat the last call").click()
        assert again.is_visible()


def test_of_a_component_that_is_down_which_and_what_to_do(boards, opened):
    with opened(boards["down"]) as page:
        assert page.get_by_role("heading", level=1).inner_text().startswith("Ollama unreachable; 12 checks failed")
        first = section(page, "Findings").get_by_role("article").first.inner_text()
        assert "11 checks not made" in first
        assert "To do: Is it started, and is " in first
        card = section(page, "Components").get_by_role("article").first.inner_text()
        assert card.splitlines()[0].replace(" ", "") == "ollama✗refused"
        suite = section(page, "Checks").get_by_text("daily: 12 failed")
        check = section(page, "Checks").get_by_text("daily/test_models.py::test_enough_models")
        assert not check.is_visible()
        suite.click()
        assert check.is_visible()


def test_of_drills_their_figures(boards, opened):
    with opened(boards["drills"]) as page:
        row = section(page, "Drills").get_by_role("row").filter(has_text="qdrant-stopped")
        assert cells(row)[1:5] == [
            "✓ passed", "216 ms (critical > 10 s)", "8.23 s (critical > 20 s)", "0 ms (critical > 0 s)",
        ]  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_wider_than_a_phone(boards, opened, name):
    with opened(boards[name], PHONE) as page:
        assert page.evaluate(WIDER) == 0
        page.evaluate(OPEN)
        assert page.evaluate(WIDER) == 0
        row = section(page, "Metrics").get_by_role("row").nth(1)
        assert row.bounding_box()["height"] > 60  # its cells are below one another


def test_at_night_it_is_dark_and_on_paper_it_is_not(boards, opened):
    def shade(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    with opened(boards["down"], PAPER, "dark") as page:
        assert shade(page) == "rgb(17, 22, 28)"
        check = section(page, "Checks").get_by_text("daily/test_models.py::test_enough_models")
        assert not check.is_visible()
        page.emulate_media(media="print")
        assert shade(page) == "rgb(255, 255, 255)"
        assert check.bounding_box()["height"] > 0  # what is folded on a screen is there on paper
        assert page.pdf().startswith(b"%PDF")
    with opened(boards["down"]) as page:
        assert shade(page) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("healthy", "light"), ("healthy", "dark"), ("regression", "dark"), ("down", "light"), ("drills", "dark")],
)
def test_everybody_can_read_it(boards, opened, name, scheme):
    """By axe-core's rules: contrast, headings, landmarks, names of images and tables."""
    from axe_playwright_python.sync_playwright import Axe

    with opened(boards[name], scheme=scheme) as page:
        page.evaluate(OPEN)
        found = Axe().run(page).response
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        assert {"color-contrast", "heading-order"} <= {one["id"] for one in found["passes"]}


def test_what_a_target_answers_stays_text(opened, tmp_path):
    run = recorded("down")
    for check in run["checks"]:
        check["reason"] = HOSTILE if check["reason"] else ""
    run["preflight"][0]["facts"]["server"] = HOSTILE
    with opened(write(tmp_path, run, Remembered(lacking=HOSTILE))) as page:
        assert HOSTILE in section(page, "Findings").inner_text()
        assert page.locator("img, script").count() == 0
