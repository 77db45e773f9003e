"""Many objects that were renamed alike are one difference, few are told one by one."""

import pytest

from mrt_runtime.compare.renaming import FEW, Renaming
from mrt_runtime.compare.schema_difference import diff

PATTERNS = {
    ("ix_users_name", "idx_users_name"): ("ix_…", "idx_…"),
    ("users_name_idx", "users_name_ix"): ("…_idx", "…_ix"),
    ("ix_users_name", "users_name"): ("ix_…", "…"),
    ("old", "new"): ("old", "new"),
}


@pytest.mark.parametrize("names", PATTERNS)
def test_what_differs_is_told_in_whole_words(names):
    assert Renaming(*names).pattern == PATTERNS[names]


def rename(sqlite, count):
    columns = ", ".join(f"c{n} INTEGER" for n in range(count))
    sqlite.run(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, {columns})", *(f"CREATE INDEX ix_t_c{n} ON t (c{n})" for n in range(count))
    )
    before = sqlite.look().schema
    sqlite.run(*(f"DROP INDEX ix_t_c{n}" for n in range(count)), *(f"CREATE INDEX idx_t_c{n} ON t (c{n})" for n in range(count)))
    return diff(before, sqlite.look().schema)


def test_many_are_told_at_once(sqlite):
    [difference] = rename(sqlite, 86)
    assert str(difference) == "86 indexes renamed ix_… → idx_… after rollback"
    assert difference.evidence[0] == "'ix_t_c0' on 't' → 'idx_t_c0'"
    assert difference.evidence[-1] == "… and 81 more"


def test_few_are_told_one_by_one(sqlite):
    assert len(rename(sqlite, FEW)) == 2 * FEW


def test_what_means_something_else_was_not_renamed(sqlite):
    count = FEW + 1
    sqlite.run(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)", *(f"CREATE INDEX ix_{n} ON t (a)" for n in range(count))
    )
    before = sqlite.look().schema
    sqlite.run(*(f"DROP INDEX ix_{n}" for n in range(count)), *(f"CREATE INDEX idx_{n} ON t (b)" for n in range(count)))
    assert len(diff(before, sqlite.look().schema)) == 2 * count


def test_a_constraint_that_lost_its_name_is_told_with_the_one_that_the_server_chose(postgresql):
    postgresql.run("CREATE TABLE t (a integer CONSTRAINT positive CHECK (a > 0), b integer CONSTRAINT once UNIQUE)")
    before = postgresql.look().schema
    postgresql.run("ALTER TABLE t DROP CONSTRAINT positive, ADD CHECK (a > 0), DROP CONSTRAINT once, ADD UNIQUE (b)")
    assert {str(difference) for difference in diff(before, postgresql.look().schema)} == {
        "Check constraint 'positive' on 't': name 'positive' became 't_a_check' after rollback",
        "Unique constraint 'once' on 't': name 'once' became 't_b_key' after rollback",
    }
