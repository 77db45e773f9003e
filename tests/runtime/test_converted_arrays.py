"""Arrays of texts that become arrays of an enum hold its labels; and what cannot be read takes no rows of migrations out."""

import pytest

from mrt_runtime.verdict import Outcome

MOODS = """op.execute("CREATE TYPE mood AS ENUM ('glad', 'sad')")
    op.execute("ALTER TABLE t ALTER COLUMN moods TYPE mood[] USING moods::mood[]")"""
NO_MOODS = """op.execute("ALTER TABLE t ALTER COLUMN moods TYPE text[] USING moods::text[]")
    op.execute("DROP TYPE mood")"""


@pytest.mark.parametrize("element", ["sa.Text", "sa.String(9)"])
def test_arrays_of_texts_hold_the_labels_that_they_are_converted_to(verify, postgres_url, element):
    table = f"""op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("moods", sa.ARRAY({element})))"""
    back = NO_MOODS.replace("text[]", "varchar(9)[]") if "9" in element else NO_MOODS
    verdict = verify(postgres_url, (table, 'op.drop_table("t")'), (MOODS, back))["002"]
    assert (verdict.outcome, verdict.warnings) == (Outcome.REVERSIBLE, ())


OF_MIGRATION = """op.execute("INSERT INTO k (name, n) VALUES ('a', '1'), ('b', '2')")"""


def test_rows_of_migrations_in_a_table_without_a_key_stay_for_a_value_that_cannot_be_read(verify, postgres_url):
    """They are counted after what cannot be read: without them that fails, too."""
    table = """op.create_table("k", sa.Column("name", sa.Text), sa.Column("n", sa.Text))"""
    read = """rows = op.get_bind().execute(sa.text("SELECT name, n FROM k")).all()
    for name, n in rows:
        if len(n) != 1 or sum(map(ord, name)) % 96 != int(n):
            raise ValueError(f"not a code: {name}")
    op.execute("CREATE TABLE " + ("other" if len(rows) < 2 else "fine") + " (id integer)")"""
    verdict = verify(
        postgres_url,
        (f"{table}\n    {OF_MIGRATION}", 'op.drop_table("k")'),
        (read, 'op.execute("DROP TABLE fine")'),
    )["002"]
    assert "downgrade-failed" not in {failure.kind for failure in verdict.failures}
    assert verdict.doubts or verdict.failures
