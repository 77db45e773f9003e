"""What a foreign key does where its definition says nothing, when two of them are compared."""

import pytest

from tests.lint.test_downgrade_kinds import NOTHING, holds, sql, told

TABLES = 'op.create_table("cups", sa.Column("id", sa.Integer(), primary_key=True))\nop.create_table("sips", sa.Column("cup_id", sa.Integer()))'
KEY = "ALTER TABLE sips ADD CONSTRAINT fk FOREIGN KEY (cup_id) REFERENCES cups (id)"
NO_KEY = sql("ALTER TABLE sips DROP CONSTRAINT fk")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", " ON DELETE NO ACTION", "-MRT111"),
        ("", " MATCH SIMPLE ON UPDATE NO ACTION ON DELETE NO ACTION", "-MRT111"),
        (" ON UPDATE no action", "", "-MRT111"),
        (" ON DELETE SET NULL", " ON DELETE set null", "-MRT111"),
        ("", " ON DELETE CASCADE", "+MRT111"),
        (" ON DELETE CASCADE", "", "+MRT111"),
        (" ON UPDATE CASCADE", "", "+MRT111"),
        (" ON UPDATE CASCADE", " ON UPDATE CASCADE", "-MRT111"),
    ],
)
def test_no_action_is_what_a_key_does_anyway(before: str, after: str, expected: str):
    assert holds(expected, told([(f"{TABLES}\n{sql(KEY + before)}", NOTHING), (NO_KEY, sql(KEY + after))]))
