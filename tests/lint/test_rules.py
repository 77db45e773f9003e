"""The examples that every rule carries: its documentation, and what it promises."""

import dataclasses
import re

import pytest

from mrt_lint import rules
from mrt_lint.rule import Example, HistoryRule, Rule, Severity, Target
from tests.lint.marked import judge, lines, marks

RULES = rules.all_rules()
BAD = [pytest.param(rule, example, id=f"{rule.code}-{example.title}") for rule in RULES for example in rule.bad]
GOOD = [pytest.param(rule, example, id=f"{rule.code}-{example.title}") for rule in RULES for example in rule.good]


@pytest.mark.parametrize(("rule", "example"), BAD)
def test_a_bad_example_gives_its_finding_on_exactly_the_marked_lines(rule: Rule, example: Example):
    source, findings = judge(example, rule)
    expected = {at for at in marks(source) if at[1] == rule.code}
    assert expected, "a bad example marks at least one line"
    assert set(lines(findings)) == expected


@pytest.mark.parametrize(("rule", "example"), GOOD)
def test_a_good_example_gives_no_finding(rule: Rule, example: Example):
    source, findings = judge(example, rule)
    assert not marks(source)
    assert findings == []


@pytest.mark.parametrize(("rule", "example"), BAD)
def test_a_finding_speaks_in_full_sentences_of_the_users_own_names(rule: Rule, example: Example):
    for finding in judge(example, rule)[1]:
        for text in (finding.message, finding.instead):
            assert "UNKNOWN" not in text
            assert "None" not in text
            assert not re.search(r"<\w+>|\{\w+\}", text), text
            assert not text.endswith(".")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(("rule", "example"), BAD)
def test_a_finding_on_mysql_speaks_of_nothing_that_only_postgresql_has(rule: Rule, example: Example, dialect: str):
    for finding in judge(dataclasses.replace(example, target=Target(dialect=dialect)), rule)[1]:
        foreign = r"CONCURRENTLY|NOT VALID|VALIDATE|postgresql|PostgreSQL|VACUUM|ALTER COLUMN \w+ (TYPE|SET NOT|DROP NOT)"
        assert not re.search(foreign, finding.message + finding.instead)


def test_codes_and_names_are_unique_and_well_formed():
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"MRT\d{3}", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_why_and_on_what_it_rests(rule: Rule):
    what, _, why = (rule.__doc__ or "").partition("\n\n")
    assert what.strip().endswith(".")
    assert why.strip()
    assert rule.manual
    assert isinstance(rule.severity, Severity)
    assert isinstance(rule, HistoryRule) or (rule.bad and rule.good) or rule.code in {"MRT902", "MRT906", "MRT990"}
