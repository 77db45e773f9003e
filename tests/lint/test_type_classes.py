"""Types that are classes of the project: what `load_dialect_impl()` returns is the column behind them."""

import pytest

from tests.lint.test_downgrade_kinds import NOTHING, holds, told

RETURN = "def load_dialect_impl(self, dialect):\n        return dialect.type_descriptor({})"
BY_NAME = (
    'def load_dialect_impl(self, dialect):\n        """Return the column."""\n        if dialect.name == "postgresql":\n'
    "            return dialect.type_descriptor({})\n"
)
ELSE = "        else:\n            return dialect.type_descriptor({})"
BEHIND = "        return dialect.type_descriptor({})"
BASE = "from depot import Field\nfrom sqlalchemy.dialects import postgresql\n\nSIZE = 3000\n\nclass Path({}):\n    {}\n"


def change(kind: str, base: str = "sa.types.TypeDecorator", more: str = "", new: str = "sa.Text()") -> list[tuple[str, str]]:
    head = BASE.format(base, kind) + more
    name = "Short" if more else "Path"
    made = f'op.create_table("files", sa.Column("id", sa.Integer()), sa.Column("path", {name}()))'
    return [(head + made, NOTHING), (f'op.alter_column("files", "path", type_={new})', NOTHING)]


@pytest.mark.parametrize(
    ("kind", "base", "expected"),
    [
        (RETURN.format("sa.VARCHAR(3000)"), "sa.types.TypeDecorator", "-MRT303"),
        (RETURN.format("sa.types.String(length=SIZE)"), "Field", "-MRT303"),
        (RETURN.format("sa.Text"), "Field", "-MRT303"),
        (RETURN.format("sa.Integer()"), "Field", "+MRT303"),
        (RETURN.format("choose()"), "Field", "+MRT303"),
        (BY_NAME.format("postgresql.VARCHAR(9)") + ELSE.format("sa.Integer()"), "sa.TypeDecorator", "-MRT303"),
        (BY_NAME.format("postgresql.UUID()") + BEHIND.format("sa.CHAR(32)"), "sa.TypeDecorator", "+MRT303"),
        (
            BY_NAME.replace('== "postgresql"', 'in ("mysql", "mariadb")').format("sa.Integer()") + BEHIND.format("sa.String(9)"),
            "Field",
            "-MRT303",
        ),
        (BY_NAME.replace("dialect.name", "self.short").format("sa.Text()") + BEHIND.format("sa.Text()"), "Field", "+MRT303"),
        (
            "impl = sa.String(9)\n    def process_bind_param(self, value, dialect):\n        return str(value)",
            "sa.TypeDecorator",
            "-MRT303",
        ),
    ],
)
def test_a_class_is_the_column_that_it_loads(kind: str, base: str, expected: str):
    assert holds(expected, told(change(kind, base)))


@pytest.mark.parametrize("kind", [RETURN.format("sa.VARCHAR(3000)"), "impl = sa.String(30)"])
def test_a_class_is_the_column_that_its_base_loads(kind: str):
    more = "\nclass Short(Path):\n    cache_ok = True\n"
    assert holds("-MRT303", told(change(kind, more=more)))
    assert holds("+MRT303", told(change(kind, more=more, new="sa.Integer()")))


def test_a_class_is_another_column_on_another_database():
    kind = BY_NAME.format("postgresql.VARCHAR(9)") + ELSE.format("sa.Integer()")
    assert holds("-MRT303", told(change(kind), "postgresql"))
    assert holds("+MRT303", told(change(kind), "mysql"))
