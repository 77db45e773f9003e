"""The examples that every rule carries: its documentation, and what it promises."""

import dataclasses
import json
import re
import shutil
import textwrap

import pytest

from mrt_lint import rules
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Severity
from mrt_lint.model.rule import Example, Rule
from tests.lint.conftest import Project
from tests.lint.marked import judge, judge_all, lines, marks

RULES = rules.all_rules()
BAD = [
    pytest.param(rule, example, id=f"{rule.code}-{example.title}") for rule in RULES for example in rule.bad if not example.files
]
GOOD = [
    pytest.param(rule, example, id=f"{rule.code}-{example.title}") for rule in RULES for example in rule.good if not example.files
]


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
            assert "None" not in text.replace("create_index(None,", "")  # which a naming convention gives a name
            assert not re.search(r"<\w+>|\{\w+\}", text), text
            assert not text.endswith(".")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize("rule", sorted({case.values[0] for case in BAD}, key=lambda rule: rule.code), ids=lambda rule: rule.code)
def test_a_rule_for_mysql_finds_something_there_and_speaks_of_nothing_that_only_postgresql_has(rule: Rule, dialect: str):
    examples = [dataclasses.replace(example, target=DatabaseTarget(dialect=dialect)) for example in rule.bad]
    findings = [finding for example in examples for finding in judge(example, rule)[1]]
    assert bool(findings) is (not rule.dialects or dialect in rule.dialects)
    for finding in findings:
        foreign = r"CONCURRENTLY|NOT VALID|VALIDATE|postgresql|PostgreSQL|VACUUM|ALTER COLUMN \w+ (TYPE|SET NOT|DROP NOT)"
        assert not re.search(foreign, finding.message + finding.instead)


def test_codes_and_names_are_unique_and_well_formed():
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"MRT\d{3}", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_what_why_the_safe_way_and_on_what_it_rests(rule: Rule):
    what, _, why = (rule.__doc__ or "").partition("\n\n")
    assert what.strip().endswith(".")
    assert why.strip()
    assert rule.instead
    assert rule.manual
    assert all(re.fullmatch(r"[^:]\S.*?: https://\S+", source) for source in rule.manual), "a manual's name, and where it stands"
    assert isinstance(rule.severity, Severity)
    assert isinstance(rule.consequence, Consequence)
    assert rule.bad
    assert rule.good


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_says_when_it_is_silent(rule: Rule):
    """Those of the graph that know no exception are named here, so that none is forgotten."""
    assert rule.exemptions or rule.code in {"MRT904", "MRT905"}
    assert all(exemption.endswith(".") for exemption in rule.exemptions)


WHOLE = [rule for rule in RULES if any(example.files for example in rule.bad)]


def write(project: Project, example: Example) -> dict[tuple[str, int], bool]:
    """Write an example's files; give what is expected by file and line, by the marks."""
    expected = {}
    for name, text in example.files:
        source = textwrap.dedent(text).strip() + "\n"
        path = project.write(f"versions/{name}", source)
        expected |= {(path.name, line): True for line, _ in marks(source)}
    return expected


def check(project: Project, rule: Rule) -> set[tuple[str, int]]:
    """Give where the rule speaks when a whole folder is checked."""
    found = json.loads(project.mrt("check", "versions", "--format", "json").out)["findings"]
    return {(finding["path"].rpartition("/")[2], finding["line"]) for finding in found if finding["code"] == rule.code}


@pytest.mark.parametrize("rule", WHOLE, ids=lambda rule: rule.code)
def test_an_example_of_whole_files_is_found_or_not(rule: Rule, project: Project):
    for example in rule.good:
        write(project, example)
        if rule.code == "MRT907":
            project.mrt("lock", "versions")
        assert check(project, rule) == set()
        if rule.code != "MRT907":
            shutil.rmtree(project.root / "versions")
    for example in rule.bad:
        expected = write(project, example)
        found = check(project, rule)
        assert found == set(expected) if expected else found
        shutil.rmtree(project.root / "versions")


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.default and rule.good and rule.good[0].source], ids=lambda rule: rule.code
)
def test_what_a_rule_shows_in_place_of_it_draws_no_error(rule: Rule):
    """The first good example stands on the rule's page under “What to write instead”."""
    source, findings = judge_all(rule.good[0])
    allowed = {"MRT101"} if "def downgrade" not in source else set()
    errors = [finding for finding in findings if finding.severity is Severity.ERROR and finding.code not in allowed]
    assert not [f"{finding.code} {finding.message}" for finding in errors if finding.code not in TEACHING.get(rule.code, ())]


TEACHING = {
    "MRT111": {"MRT201"},
    "MRT115": {"MRT201"},
    "MRT120": {"MRT201"},
    "MRT218": {"MRT201"},
    "MRT421": {"MRT304"},
    "MRT433": {"MRT201"},
    "MRT434": {"MRT433"},
    "MRT436": {"MRT304", "MRT102"},
}
"""What the subject of an example cannot do without."""
