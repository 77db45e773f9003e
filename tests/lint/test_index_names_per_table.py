"""On MySQL and MariaDB each table has its own names of indexes; elsewhere a schema holds one of a name."""

import pytest

from tests.lint.test_downgrade_kinds import told

TABLES = (
    "for name in ('cups', 'jugs'):\n"
    "    op.create_table(name, sa.Column('id', sa.Integer(), primary_key=True), sa.Column('size', sa.Integer()))"
)
NO_TABLES = "op.drop_table('jugs')\nop.drop_table('cups')"
CUPS, JUGS = (f"op.create_index('ix_size', '{name}', ['size'])" for name in ("cups", "jugs"))
NO_CUPS, NO_JUGS = (f"op.drop_index('ix_size', table_name='{name}')" for name in ("cups", "jugs"))
INDEXED = (f"{TABLES}\n{CUPS}\n{JUGS}", NO_TABLES)
ABOUT = {"MRT110", "MRT112", "MRT117", "MRT408", "MRT441"}


def about_indexes(revisions: list[tuple[str, str]], dialect: str) -> list[str]:
    """Return the codes of what is reported of the last revision's indexes."""
    return sorted(found.code for found in told(revisions, dialect) if found.code in ABOUT)


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "codes"),
    [
        (f"{CUPS}\n{JUGS}", f"{NO_CUPS}\n{NO_JUGS}", []),
        (f"{CUPS}\n{JUGS}", f"{NO_JUGS}\n{NO_CUPS}", []),
        (f"{CUPS}\n{JUGS}", NO_CUPS, ["MRT110"]),
        (f"{CUPS}\n{JUGS}", NO_JUGS, ["MRT110"]),
        (f"{CUPS}\n{JUGS}", f"{NO_CUPS}\n{NO_JUGS}\n{NO_CUPS}", ["MRT112"]),
        (CUPS, NO_JUGS, ["MRT110", "MRT117"]),
    ],
)
def test_both_tables_have_an_index_of_the_name(upgrade: str, downgrade: str, codes: list[str], dialect: str):
    assert about_indexes([(TABLES, NO_TABLES), (upgrade, downgrade)], dialect) == codes


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "codes"),
    [
        (f"{NO_CUPS}\n{NO_JUGS}", f"{CUPS}\n{JUGS}", []),
        (NO_CUPS, CUPS, []),
        (NO_CUPS, JUGS, ["MRT112", "MRT408"]),
        (NO_CUPS, "pass", ["MRT408"]),
        ("op.drop_table('cups')\n" + NO_JUGS, TABLES.replace(", 'jugs'", ",") + f"\n{CUPS}\n{JUGS}", []),
        ("op.rename_table('cups', 'mugs')\n" + NO_JUGS, f"op.rename_table('mugs', 'cups')\n{JUGS}", []),
        ("op.rename_table('cups', 'mugs')\n" + NO_CUPS.replace("cups", "mugs"), f"op.rename_table('mugs', 'cups')\n{CUPS}", []),
        ("op.drop_column('cups', 'size')", f"op.add_column('cups', sa.Column('size', sa.Integer()))\n{CUPS}", []),
        ("op.alter_column('cups', 'id', comment='x')", "op.drop_column('cups', 'size')\n" + NO_JUGS, []),
        ("op.alter_column('cups', 'id', comment='x')", "op.drop_column('jugs', 'size')\n" + NO_JUGS, ["MRT112"]),
        (CUPS, "pass", ["MRT441"]),
    ],
)
def test_both_tables_had_an_index_of_the_name(upgrade: str, downgrade: str, codes: list[str], dialect: str):
    assert about_indexes([INDEXED, (upgrade, downgrade)], dialect) == codes


def test_a_schema_of_postgresql_holds_one_of_a_name():
    assert about_indexes([(TABLES, NO_TABLES), (f"{CUPS}\n{JUGS}", NO_CUPS)], "postgresql") == ["MRT441"]
