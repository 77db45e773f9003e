"""DROP … IF EXISTS that makes room for what the same migration creates takes nothing from anybody."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

TABLES = ('op.create_table("roms", sa.Column("id", sa.Integer(), primary_key=True))', 'op.drop_table("roms")')
BODY = {
    "mysql": "AFTER INSERT ON roms FOR EACH ROW SET @x = {}",
    "mariadb": "AFTER INSERT ON roms FOR EACH ROW SET @x = {}",
    "sqlite": "AFTER INSERT ON roms BEGIN SELECT {}; END",
    "postgresql": "AFTER INSERT ON roms FOR EACH ROW EXECUTE FUNCTION f{}()",
}


def statements(dialect: str, number: int = 1) -> tuple[str, str]:
    on = " ON roms" if dialect == "postgresql" else ""
    return f"DROP TRIGGER IF EXISTS roms_ai{on}", f"CREATE TRIGGER roms_ai {BODY[dialect].format(number)}"


@pytest.mark.parametrize("dialect", BODY)
def test_a_trigger_that_is_made_again_was_in_nobodys_way(dialect):
    drop, create = statements(dialect)
    assert "MRT104" not in {found.code for found in told([TABLES, (sql(drop, create), sql(drop))], dialect)}
    loop = f'for name in ["roms_ai"]:\n    op.execute({drop!r}.replace("roms_ai", name))\n    op.execute({create!r})'
    assert "MRT104" not in {found.code for found in told([TABLES, (loop, sql(drop))], dialect)}


@pytest.mark.parametrize("dialect", BODY)
def test_a_trigger_that_comes_back_is_not_lost(dialect):
    drop, create = statements(dialect)
    helper = "def again(number):\n    op.execute({!r})\n    op.execute({!r}.replace('9', str(number)))\nagain({})"
    up, down = (helper.format(drop, statements(dialect, 9)[1], number) for number in (2, 1))
    assert "MRT104" not in {found.code for found in told([TABLES, (sql(create), sql(drop)), (up, down)], dialect)}


@pytest.mark.parametrize("dialect", BODY)
def test_a_trigger_that_stays_away_is_told(dialect):
    drop, create = statements(dialect)
    assert "MRT104" in {found.code for found in told([TABLES, (sql(create), sql(drop)), (sql(drop), "pass")], dialect)}
    assert "MRT104" in {found.code for found in told([TABLES, (sql(drop), "pass")], dialect)}
