"""A synthetic person: the same of the same seed, nobody else of another, and told by any of its traces."""

from hypothesis import assume, given
from hypothesis import strategies as st

from pytest_llmops.security.person import Person

SEEDS = st.text("0123456789abcdef", min_size=12, max_size=12)


@given(SEEDS)
def test_all_of_a_person_follows_from_the_seed(seed):
    assert Person(seed).traces == Person(seed).traces
    assert len(set(Person(seed).traces)) == 4


@given(SEEDS, SEEDS)
def test_nobody_is_taken_for_another(seed, other):
    assume(seed != other)
    assert not Person(seed).within(" ".join([*Person(other).traces, Person(other).document, Person(other).question]))


@given(SEEDS)
def test_the_question_tells_nothing_that_an_answer_alone_tells(seed):
    person = Person(seed)
    assert not any(told in person.question for told in person.told)
    assert all(told in person.document for told in person.told)
    assert person.within(person.question.upper())


def test_somebody_new_is_made_up_each_time():
    assert len({Person.anew().user for _ in range(20)}) == 20
