"""Advice calls Alembic and SQLAlchemy as the file does, whatever the rule, and names the imports that the file lacks."""

import re

import pytest

from mrt_lint import rules
from mrt_lint.model.context import RuleContext
from mrt_lint.model.rule import HistoryRule, Rule
from tests.lint.marked import judge, read, write

STRING = re.compile(r"""\"(?:[^"\\\n]|\\.)*\"|(?<!\w)'(?:[^'\\\n]|\\.)*'(?!\w)""")
ROOT = re.compile(r"(?<![\w.])(\w+)(?=\.\w+(?:\.\w+)*\()")
RULES = [rule for rule in rules.all_rules() if not isinstance(rule, HistoryRule)]
NAMES = {"op": "operations", "sa": "db", "from alembic import op": "from alembic import op as operations"}


def other_names(source: str) -> str:
    source = source.replace("import sqlalchemy as sa", "import sqlalchemy as db")
    source = source.replace("from alembic import op\n", "from alembic import op as operations\n")
    return re.sub(r"(?<![\w.])(op|sa)(?=\.\w)", lambda found: NAMES[found[1]], source)


def roots(instead: str) -> set[str]:
    return set(ROOT.findall(STRING.sub("", instead)))


@pytest.mark.parametrize("rule", RULES, ids=[rule.code for rule in RULES])
def test_every_rule_writes_the_names_of_the_file(rule: Rule, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.lint.marked.write", lambda example: [other_names(source) for source in write(example)])
    for example in rule.bad:
        if example.files or "op" not in example.source:
            continue
        _, found = judge(example, rule)
        assert found
        for finding in found:
            assert roots(finding.instead) <= {"operations", "db", "batch", "batch_op"}, finding.instead


INDEX = 'op.create_index("ix_code", "parcels", [op.f("code")], postgresql_where="age > 1")'


@pytest.mark.parametrize(
    ("imported", "expected"),
    [
        ("import sqlalchemy as sa", 'postgresql_where=sa.text("age > 1")'),
        ("import sqlalchemy", 'postgresql_where=sqlalchemy.text("age > 1")'),
        ("from sqlalchemy import text", 'postgresql_where=text("age > 1")'),
        ("from sqlalchemy.sql import text as sql", 'postgresql_where=sql("age > 1")'),
        ("from sqlalchemy.sql.expression import text", 'postgresql_where=text("age > 1")'),
        ("import logging", "postgresql_concurrently=True); it needs import sqlalchemy as sa"),
        ("from app import sa", 'postgresql_where=sa.text("age > 1")'),
    ],
)
def test_what_a_file_does_not_import_is_said(imported: str, expected: str):
    source = f"from alembic import op\n{imported}\nrevision = 'r1'\ndown_revision = None\n\ndef upgrade():\n    {INDEX}\n"
    (found,) = [each for each in rules.check(read(source), RuleContext(), RULES) if each.code == "MRT407"]
    assert expected in found.instead
    assert ("it needs" in found.instead) == ("it needs" in expected)


def test_operations_are_called_as_the_file_calls_them():
    source = f"import alembic\nrevision = 'r1'\ndown_revision = None\n\ndef upgrade():\n    alembic.{INDEX}\n".replace(
        "[op.", "[alembic.op."
    )
    (found,) = [each for each in rules.check(read(source), RuleContext(), RULES) if each.code == "MRT407"]
    assert found.instead.startswith("with alembic.op.get_context().autocommit_block(): alembic.op.create_index(")
    assert found.instead.endswith("; it needs import sqlalchemy as sa")
