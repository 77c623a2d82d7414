"""Figures of an answer against facts: invented, altered, dropped."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.detect import packages
from pytest_llmops.detect.number_words import months
from pytest_llmops.detect.numbers import NumberFinding, check
from pytest_llmops.detect.quantities import find
from pytest_llmops.errors import ConfigError

FACTS = (
    "Revenue in Q3 2024: $3,412,000, up 12.5%. Costs: $912,500. Cash on 30 September 2024: $8.75 million. "
    "Staff: 47. Hit rate: 0.64. Latency: 240 ms. Loss: $(15,300)."
)


@pytest.mark.parametrize(
    "answer",
    [
        "Revenue was $3.412 million in the third quarter of 2024.",
        "Revenue came to about 3.4 million dollars, up 12,5 %.",
        "Der Umsatz lag bei rund 3,4 Mio. US-Dollar.",
        "Le chiffre d'affaires : 3 412 000 $.",
        "CHF aside, costs were USD 912'500.",
        "On 2024-09-30 it held $8,750,000; on September 30, 2024 too.",
        "1. Staff: 47\n2. Hit rate: 64%\n3. Latency: 0.24 s",
        "A loss of $15,300 [3], see section 12.",
        "Do you want the last 5 years as well?",
        "More than $3 million of revenue.",
        "```python\nx = 99\n```",
        "",
    ],
)
def test_faithful(answer):
    assert check(answer, FACTS).findings == ()


@pytest.mark.parametrize(
    ("answer", "defect", "found", "expected"),
    [
        ("Revenue was $3.5 million.", "altered", "$3.5 million", "$3,412,000"),
        ("Revenue was $3.412 billion.", "altered", "$3.412 billion", "$3,412,000"),
        ("Revenue was €3,412,000.", "altered", "€3,412,000", "$3,412,000"),
        ("Cash on 31 September 2024.", "altered", "31 September 2024", "30 September 2024"),
        ("Revenue in Q2 2024.", "altered", "Q2 2024", "Q3 2024"),
        ("A staff of 74.", "altered", "74", "47"),
        ("Latency was 240 s.", "altered", "240 s", "240 ms"),
        ("A profit of $15,300.", "altered", "$15,300", "$(15,300)"),
        ("Costs were $3,412,000.", "altered", "$3,412,000", "$912,500"),
        ("The margin was 37.4%.", "invented", "37.4%", ""),
    ],
)
def test_defect_is_told_with_its_place_and_the_fact(answer, defect, found, expected):
    (finding,) = check(answer, FACTS).findings
    assert (finding.defect, finding.found, finding.expected) == (defect, found, expected)
    assert answer[finding.start : finding.end] == found


def test_required_fact_is_dropped():
    review = check("Revenue was $3.4 million.", FACTS, ["costs $912,500", "revenue $3,412,000", "audited"])
    assert review.findings == (
        NumberFinding("dropped", "", "costs $912,500", 0, 0, "it is required"),
        NumberFinding("dropped", "", "audited", 0, 0, "it is required"),
    )
    assert (review.figures, review.required, review.faithful) == (1, 3, False)
    assert str(review.findings[0]) == "dropped: 'costs $912,500' is required and not in the answer"


def test_findings_speak():
    assert str(check("Staff: 74.", FACTS).findings[0]) == (
        "altered: '74' at character 7, the facts say '47' (the value or unit differs)"
    )
    assert str(check("It is 37.4%.", "Staff: 47").findings[0]) == ("invented: '37.4%' at character 6 (no fact has it)")


def test_values_of_two_facts_that_are_exchanged_are_altered():
    facts = "The DAX gained 0.3%, the CAC lost 0.6%. Sales: 905 tonnes in 2022, 810 tonnes in 2021."
    assert check("The CAC lost 0.6% and the DAX gained 0.3%.", facts).faithful
    assert [one.found for one in check("The DAX lost 0.6%.", facts).findings] == ["0.6%"]
    assert check("Sales were 905 t in 2022 and 810 t in 2021.", facts).faithful
    assert not check("Sales were 810 t in 2022 and 905 t in 2021.", facts).faithful


def test_heading_of_a_table_gives_its_figures_their_scale():
    facts = "Revenue (€m)\n2023 | 905"
    assert check("Revenue was €905 million in 2023.", facts).faithful
    assert not check("It has €905 million.", "Staff: 905").faithful


def test_percent_is_neither_a_point_nor_a_basis_point():
    facts = "The rate rose by 25 basis points, inflation by 0.8 percentage points."
    assert check("The rate rose by 0.25 percentage points, inflation by 0.8 pp.", facts).faithful
    assert [one.found for one in check("The rate rose by 25%, inflation by 0.8%.", facts).findings] == ["25%", "0.8%"]


VALUES = st.integers(min_value=10, max_value=999_999_999)


def _grouped(value, sign):
    return f"{value:,}".replace(",", sign)


@given(
    VALUES,
    st.sampled_from([",", ".", "'", "\u2019", "\u202f", "\u00a0"]),
    st.sampled_from(["{} EUR", "€{}", "{} euros"]),
)
def test_number_is_read_back_from_the_notation_of_any_locale(value, sign, form):
    (quantity,) = find("We paid " + form.format(_grouped(value, sign)))
    assert Decimal(value) in {reading.value for reading in quantity.readings}
    assert (quantity.unit, quantity.money) == ("EUR", True)


@given(
    VALUES,
    st.integers(min_value=0, max_value=99),
    st.sampled_from([(",", "."), (".", ","), ("'", "."), ("\u202f", ",")]),
)
def test_amount_with_cents_is_read_back(value, cents, signs):
    group, decimal = signs
    (quantity,) = find(f"We paid {_grouped(value, group)}{decimal}{cents:02d} USD")
    assert Decimal(value) + Decimal(cents) / 100 in {reading.value for reading in quantity.readings}


@given(
    st.dates(date(1950, 1, 1), date(2069, 12, 31)),
    st.sampled_from(["{0:%Y-%m-%d}", "{0.day}.{0.month}.{0.year}", "{0.day} {1} {0.year}", "{1} {0.day}, {0.year}"]),
)
def test_date_is_the_same_in_every_form(day, form):
    written = form.format(day, f"{day:%B}")
    assert check(f"It was on {written}.", f"Date: {day.isoformat()}").faithful


@given(
    st.lists(
        st.builds(
            "{} {} {}".format,
            st.sampled_from(["Revenue was", "Costs came to", "Der Gewinn betrug", "Ventes :", "Staff"]),
            VALUES.map(lambda value: f"{value:,}"),
            st.sampled_from(["USD", "euros", "%", "units", "tonnes", "days", ""]),
        ),
        max_size=5,
    )
)
def test_text_has_no_defect_against_itself(sentences):
    text = ". ".join(sentences)
    assert check(text, text).findings == ()


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_is_borne(answer, facts):
    assert check(answer, facts).figures >= 0


def test_months_are_known_in_many_languages():
    assert [months()[name] for name in ("märz", "août", "enero", "gennaio", "março", "maart", "stycznia")] == [
        3, 8, 1, 1, 3, 3, 1,
    ]  # fmt: skip


def test_package_that_lacks_is_named(monkeypatch):
    monkeypatch.setitem(packages.DISTRIBUTIONS, "no_such_module", "no-such-package")
    with pytest.raises(ConfigError) as caught:
        packages.needed("no_such_module", extra="quality", to="reading figures")
    assert str(caught.value) == ("reading figures needs no-such-package: run pip install 'pytest-llmops[quality]'.")
