"""What a rollback writes as a constant is what rows hold before, unless it is known otherwise: other values are a warning."""

import pytest

from mrt_runtime.seed.restored_constants import find_texts
from mrt_runtime.verdict import Outcome

TOOLS = """op.create_table("tools", sa.Column("id", sa.Integer, primary_key=True), sa.Column("tags", sa.JSON),
        sa.Column("kind", sa.String(40), nullable=False{}), sa.Column("brand", sa.String(40)))"""
DROP = 'op.drop_table("tools")'
THERE, BACK = "UPDATE tools SET kind = 'external' WHERE brand = 'acme'", "UPDATE tools SET kind = 'custom' WHERE brand = 'acme'"
ADD, REMOVE = 'op.add_column("tools", sa.Column("score", sa.Integer{}))', 'op.drop_column("tools", "score")'
FILL, UNFILL = "UPDATE tools SET score = length(kind)", "UPDATE tools SET score = NULL"
WARNING = "Only with values other than the rollback computes from the same row, so judged with those ('tools' {} = "


def run(sql):
    return f"op.execute({sql!r})"


@pytest.fixture(params=["sqlite_url", "postgres_url", "mysql_url"])
def url(request):
    return request.getfixturevalue(request.param)


def test_the_text_that_a_rollback_writes_by_the_condition_of_the_upgrade_is_there_before(verify, url):
    verdict = verify(url, (TOOLS.format(""), DROP), (run(THERE), run(BACK)))["002"]
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())
    assert any(warning.startswith(WARNING.format("kind")) for warning in verdict.warnings)


KNOWN = {
    "another default": (TOOLS.format(", server_default='plain'"), THERE, BACK),
    "another text in an earlier migration": (
        TOOLS.format("") + """\n    op.execute("INSERT INTO tools (id, kind) SELECT id, kind FROM tools WHERE kind = 'plain'")""",
        THERE,
        BACK,
    ),
    "a check": (
        TOOLS.format("").replace(
            'sa.Column("brand"', """sa.CheckConstraint("kind IN ('external', 'custom', 'plain')"), sa.Column("brand\""""
        ),
        THERE,
        BACK,
    ),
    "another condition": (TOOLS.format(""), THERE, BACK.replace("acme", "other")),
    "by the value itself": (TOOLS.format(""), "UPDATE tools SET brand = 'b' WHERE brand <> 'b'", "UPDATE tools SET brand = 'c'"),
}


@pytest.mark.parametrize("name", KNOWN)
def test_other_texts_that_are_known_are_lost(verify, sqlite_url, name):
    table, there, back = KNOWN[name]
    assert verify(sqlite_url, (table, DROP), (run(there), run(back)))["002"].outcome is Outcome.DATA_LOSS


def test_a_new_column_without_values_is_filled_from_null(verify, url):
    verdict = verify(url, (TOOLS.format(""), DROP), (ADD.format(""), REMOVE), (run(FILL), run(UNFILL)))["003"]
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())
    assert any(warning.startswith(WARNING.format("score")) for warning in verdict.warnings)


@pytest.mark.parametrize(
    "revisions",
    [
        [(ADD.format(", server_default='1'"), REMOVE), (run(FILL), run(UNFILL))],
        [(f"{ADD.format('')}\n    {run('UPDATE tools SET score = 1')}", REMOVE), (run(FILL), run(UNFILL))],
        [(ADD.format(""), REMOVE), *[("pass", "pass")] * 3, (run(FILL), run(UNFILL))],
        [(ADD.format(""), REMOVE), (run(FILL), run("UPDATE tools SET score = 0"))],
    ],
)
def test_values_that_may_be_there_are_lost(verify, sqlite_url, revisions):
    *_, verdict = verify(sqlite_url, (TOOLS.format(""), DROP), *revisions).values()
    assert verdict.outcome is Outcome.DATA_LOSS


def test_texts_that_files_write_or_ask_for(project):
    file = project.add("001", upgrade="""op.execute("UPDATE tools SET kind = 'a' WHERE kind IN ('b', 'c') OR brand = 'd'")""")
    assert find_texts([str(file)], "tools", "kind") == {"a", "b", "c"}
    assert find_texts([str(file)], "other", "kind") == set()
