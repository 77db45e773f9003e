"""What a history keeps when a file of it changes is what a new one works out, and what was reported spares a fix questions only."""

from random import Random

import pytest

from mrt_lint.check import judgement
from mrt_lint.fix.session import FixSession
from mrt_lint.history import History
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.settings import Settings
from tests.lint.test_fix_properties import histories

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\n\n\n"
PARENTS = {"a": None, "b": "a", "c": "a", "d": "c", "e": ("b", "d"), "f": "e", "g": "f"}
"""Two branches, joined, and what comes after."""
BODIES = [
    'op.create_table("t{}", sa.Column("id", sa.Integer, primary_key=True))',
    'op.create_table("t{}", sa.Column("mood", sa.Enum("x", name="mood_{}")))',
    'op.add_column("t", sa.Column("c_{}", sa.Integer))',
    'op.drop_column("t", "n")',
    'op.create_index("ix_{}", "t", ["n"])',
    'with op.get_context().autocommit_block():\n        op.create_index("ix_{}", "t", ["n"], postgresql_concurrently=True)',
    'op.execute("DO $$ BEGIN PERFORM make(); END $$")',
    'op.create_hypertable("t", "at_{}")',
    "op.execute(text)",
    "pass",
]
NAMES = [("table", "ta"), ("table", "tb"), ("column", "t", "c_d"), ("index", "ix_b"), ("index", "ix_f")]


def migration(revision: str, body: str):
    text = HEAD.format(revision, PARENTS[revision]) + f"def upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n"
    return read(MigrationSource(f"{revision}.py", text.encode(), "postgresql"))


def answers(history: History):
    """Return what a history says of every revision."""
    return {
        revision: (
            repr(list(history.before(revision).tables())),
            repr(list(history.at(revision).tables())),
            [history.is_fully_read(revision, word) for word in ("t", "at_b", "at_g", "x")],
            [history.may_be_made_in_parallel(revision, *names) for names in NAMES],
            [history.may_have_made_type(revision, f"mood_{other}") for other in PARENTS],
            list(history.ops_before(revision, (None, "t"))),
        )
        for revision in PARENTS
    }


@pytest.mark.parametrize("seed", range(12))
def test_a_history_with_another_file_is_that_of_the_other_files(seed: int):
    random = Random(seed)
    made = {
        revision: migration(
            revision,
            'op.create_table("t", sa.Column("n", sa.Integer))'
            if revision == "a"
            else random.choice(BODIES).replace("{}", revision),
        )
        for revision in PARENTS
    }
    history = History.of(made.values(), "postgresql")
    for _ in range(8):
        if random.random() < 0.7:
            answers(history)
        revision = random.choice([*PARENTS][1:])
        made[revision] = migration(revision, random.choice(BODIES).replace("{}", revision))
        history = history.with_file(made[revision])
        if random.random() < 0.5:
            assert answers(history) == answers(History.of(made.values(), "postgresql"))
    assert answers(history) == answers(History.of(made.values(), "postgresql"))


@pytest.mark.parametrize("seed", range(6))
def test_a_fix_becomes_the_same_whether_it_is_known_what_was_reported_or_not(seed: int):
    sources = histories(Random(seed))
    chosen = Settings()
    readings = {path: read(MigrationSource(path, source, None)) for path, source in sources.items()}
    report = judgement.judge(sources, readings, chosen)
    for unsafe in (False, True):
        outcomes = []
        for is_known in (False, True):
            session = FixSession(sources, readings, chosen, unsafe=unsafe, breaks=lambda *_: False)
            for path in sources:
                found = [finding for finding in report.findings if finding.path == path]
                wanted = [finding for finding in found if finding.fix is not None]
                outcomes.append(session.fix(path, wanted, found if is_known else ()))
        half = len(outcomes) // 2
        assert any(outcome.fixed for outcome in outcomes)
        assert outcomes[:half] == outcomes[half:]
