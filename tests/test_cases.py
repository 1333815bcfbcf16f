"""No failure of a case is lost among the others."""

import pytest

from tests.cases import Cases


def test_all_cases_are_tried_and_all_failures_are_reported_with_the_names_of_their_cases():
    tried = []

    with pytest.raises(ExceptionGroup, match="2 of 3 cases failed: number-1, number-3") as raised, Cases() as cases:  # noqa: PT012
        for number in (1, 2, 3):
            with cases.case(f"number-{number}"):
                tried.append(number)
                assert number == 2

    assert tried == [1, 2, 3]
    assert [error.__notes__ for error in raised.value.exceptions] == [["in the case number-1"], ["in the case number-3"]]


def test_cases_that_hold_raise_nothing():
    with Cases() as cases, cases.case("one"):
        assert True


def test_without_any_case_nothing_was_tested():
    with pytest.raises(AssertionError, match="no case was tried"), Cases():
        pass


def test_an_error_between_cases_is_raised_as_it_is():
    with pytest.raises(ZeroDivisionError), Cases():
        raise ZeroDivisionError
