"""What a broken revision costs: a bounded number of runs of env.py, however many revisions came before it."""

import pytest

from mrt_runtime.databases.postgresql.created import CreatedPostgresContents
from mrt_runtime.databases.postgresql.reading import CatalogueReader
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.milestone import MilestoneRecord
from mrt_runtime.verify.session import Verification
from tests.axes import DATABASES, keep

TABLE = """op.create_table("{0}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50), nullable=False),
        sa.Column("n", sa.Integer, nullable=False, server_default="0"))"""
MUST = 'op.add_column("{0}", sa.Column("must", sa.Integer, nullable=False))', 'op.drop_column("{0}", "must")'
FORGOTTEN = 'op.create_index("ix_{0}", "{0}", ["n"])', "pass"
MISNAMED = 'op.create_index("ix_{0}", "{0}", ["n"])', 'op.drop_index("ix_never", table_name="{0}")'
COMPUTED = 'op.execute("UPDATE {0} SET n = n")', 'op.execute("UPDATE never SET n = n")'
REFUSED = (
    """op.execute("UPDATE {0} SET name = 'same'")
    op.create_index("ux_{0}", "{0}", ["name"], unique=True)""",
    'op.drop_index("ux_{0}", table_name="{0}")',
)


@pytest.fixture
def count_runs(project):
    """Write a history in which every other revision is broken in one of these ways; return its verdicts and runs of env.py."""
    counter = project.root / "runs"
    project.env.write_text(f"with open({str(counter)!r}, 'a') as runs:\n    runs.write('.')\n{project.env.read_text()}")

    def count(url, length, *kinds):
        counter.unlink(missing_ok=True)
        earlier = None
        for number in range(length):
            table = f"t{number // 2}"
            upgrade, downgrade = kinds[number // 2 % len(kinds)] if number % 2 else (TABLE, 'op.drop_table("{0}")')
            revision = f"r{number:03d}"
            project.add(revision, earlier, upgrade=upgrade.format(table), downgrade=downgrade.format(table))
            earlier = revision
        with Verification(project.config(db_url=url)) as verification:
            verdicts = list(verification.check_all())
        return verdicts, len(counter.read_text())

    return count


@pytest.mark.parametrize(("broken", "most"), [(FORGOTTEN, 4), (MISNAMED, 4), (REFUSED, 6)])
def test_the_walk_goes_on_from_where_a_broken_revision_leaves_the_database(count_runs, sqlite_url, broken, most):
    """One that nothing is wrong with takes three runs: up, down, and up again."""
    verdicts, runs = count_runs(sqlite_url, 4, broken)
    assert [verdict.outcome is Outcome.REVERSIBLE for verdict in verdicts] == [True, False] * 2
    assert runs <= 1 + 2 * (3 + most)


@pytest.mark.slow
@pytest.mark.parametrize("server", keep(DATABASES, "sqlite"))
def test_a_broken_revision_costs_as_much_at_the_end_of_a_history_as_at_its_beginning(request, count_runs, server):
    """Among those whose upgrade rows refuse, one after which the walk has to go back: what was kept before them leads nowhere."""
    url = request.getfixturevalue(f"{server}_url")
    _, short = count_runs(url, 16, REFUSED, COMPUTED)
    _, long = count_runs(url, 48, REFUSED, COMPUTED)
    assert long <= 3.3 * short


def test_after_a_return_only_what_changed_since_the_milestone_is_read(postgres_url, count_runs, monkeypatch):
    """On PostgreSQL, where a copy shows it."""
    calls = []
    for kind, name in ((CatalogueReader, "read"), (CreatedPostgresContents, "replace_by")):
        work = getattr(kind, name)
        monkeypatch.setattr(kind, name, lambda *given, work=work, name=name: [calls.append(name), work(*given)][1])
    count_runs(postgres_url, 16, COMPUTED)
    assert calls.count("read") <= 3 < calls.count("replace_by")  # the first look, and what was reached before a milestone was set


def test_a_milestone_is_set_once_going_without_it_is_expected_to_cost_more(sqlite_scratch):
    record = MilestoneRecord()
    assert not record.is_due(50)  # the walk never went back
    record.note_return()
    assert record.is_due(50)
    record.set(sqlite_scratch, frozenset({"a"}), None)
    assert record.last is not None
    assert not record.is_due(0)  # it is here


def test_a_milestone_that_is_dear_waits_for_more_replays(sqlite_scratch):
    record = MilestoneRecord()
    record.note_return()
    record.set(sqlite_scratch, frozenset({"a"}), None)
    assert [record.is_due(1) for _ in range(30)].index(True) > 1


def test_two_runs_set_the_same_milestones(sqlite_scratch):
    """Which rows the walk finds where it goes back to is no matter of how fast the machine was."""
    found = []
    for _ in range(2):
        record, places = MilestoneRecord(), []
        for place in range(40):
            if place % 7 == 5:
                record.note_return()
            if record.is_due(place - max(places, default=0)):
                record.set(sqlite_scratch, frozenset({str(place)}), None)
                places.append(place)
        found.append(places)
    assert found[0] == found[1]
    assert len(found[0]) > 3
