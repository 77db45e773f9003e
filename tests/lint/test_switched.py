"""What upgrade() switches off for a while: it is as it was at the end, so that nothing outlives the rollback."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, NOTHING, holds, sql, told

EACH = "for (name,) in op.get_bind().execute(sa.text('SELECT relname FROM pg_class')):\n    op.execute(f'ALTER TABLE {name} %s')"
WRITE = "UPDATE parcels SET code = code"


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (sql("ALTER TABLE parcels DISABLE TRIGGER USER", WRITE, "ALTER TABLE parcels ENABLE TRIGGER USER"), "-MRT104"),
        (sql("ALTER TABLE parcels DISABLE TRIGGER ALL", WRITE, "ALTER TABLE public.parcels ENABLE TRIGGER ALL"), "-MRT104"),
        (
            sql('ALTER TABLE parcels DISABLE TRIGGER "Touch"', WRITE, 'ALTER TABLE "parcels" ENABLE ALWAYS TRIGGER "Touch"'),
            "-MRT104",
        ),
        (sql("ALTER TABLE parcels DISABLE RULE r", WRITE, "ALTER TABLE parcels ENABLE RULE r"), "-MRT104"),
        (sql("ALTER TABLE parcels DISABLE ROW LEVEL SECURITY", WRITE, "ALTER TABLE parcels ENABLE ROW LEVEL SECURITY"), "-MRT104"),
        (sql("ALTER TABLE parcels NO FORCE ROW LEVEL SECURITY", WRITE, "ALTER TABLE parcels FORCE ROW LEVEL SECURITY"), "-MRT104"),
        (
            sql("ALTER TABLE parcels SET (autovacuum_enabled = false)", WRITE, "ALTER TABLE parcels RESET (autovacuum_enabled)"),
            "-MRT104",
        ),
        (f"{EACH % 'DISABLE TRIGGER USER'}\n{EACH % 'ENABLE TRIGGER USER'}", "-MRT104"),
        (sql("ALTER TABLE parcels DISABLE TRIGGER USER"), "+MRT104"),
        (sql("ALTER TABLE parcels DISABLE TRIGGER a", "ALTER TABLE parcels ENABLE TRIGGER b"), "+MRT104"),
        (sql("ALTER TABLE parcels DISABLE TRIGGER a", "ALTER TABLE other ENABLE TRIGGER a"), "+MRT104"),
        (
            sql(
                "ALTER TABLE parcels DISABLE TRIGGER a",
                "ALTER TABLE parcels ENABLE TRIGGER a",
                "ALTER TABLE parcels DISABLE TRIGGER a",
            ),
            "+MRT104",
        ),
        (
            sql("ALTER TABLE parcels DISABLE TRIGGER a") + "\nif TRIGGERS:\n    " + sql("ALTER TABLE parcels ENABLE TRIGGER a"),
            "+MRT104",
        ),
    ],
)
def test_what_is_switched_off_and_on_again_outlives_nothing(upgrade: str, expected: str):
    assert holds(expected, told([BASE, ("from shop import TRIGGERS\n" + upgrade, NOTHING)]))


def test_keys_that_are_disabled_while_rows_are_written():
    keys = sql("ALTER TABLE parcels DISABLE KEYS", WRITE, "ALTER TABLE parcels ENABLE KEYS")
    assert holds("-MRT104", told([BASE, (keys, NOTHING)], "mysql"))


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("DISABLE TRIGGER USER", "ENABLE TRIGGER USER"),
        ("FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
        ("SET (fillfactor = 70)", "RESET (FILLFACTOR)"),
        ("RESET (fillfactor)", "…"),
    ],
)
def test_the_answer_switches_back(action: str, answer: str):
    [found] = [each for each in told([BASE, (sql(f"ALTER TABLE parcels {action}"), NOTHING)]) if each.code == "MRT104"]
    assert f"op.execute('ALTER TABLE parcels {answer}')" in found.instead
