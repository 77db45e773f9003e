"""Tables of random shape: whatever is drawn, rows are found and every column gets a value in some of them."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

TYPES = {
    "sqlite": [
        *("INTEGER", "SMALLINT", "VARCHAR(9)", "CHAR(2)", "TEXT", "NUMERIC(6, 2)", "BOOLEAN", "DATE", "DATETIME", "REAL", "BLOB"),
        *("JSON", ""),
    ],
    "postgresql": [
        *(
            "integer",
            "smallint",
            "varchar(9)",
            "char(2)",
            "text",
            "numeric(6, 2)",
            "boolean",
            "date",
            "timestamptz",
            "real",
            "bytea",
        ),
        *("jsonb", "uuid", "inet", "interval", "text[]", "int4range", "bit(3)"),
    ],
    "mysql": [
        *(
            "int",
            "tinyint unsigned",
            "varchar(9)",
            "char(2)",
            "text",
            "decimal(6, 2)",
            "boolean",
            "date",
            "datetime",
            "double",
            "blob",
        ),
        *("json", "year", "bit(3)", "enum('a','b','c')", "set('a','b')", "timestamp NULL"),
    ],
}
NUMERIC = {"INTEGER", "SMALLINT", "integer", "smallint", "int", "NUMERIC(6, 2)", "numeric(6, 2)", "decimal(6, 2)"}
STRINGS = {"VARCHAR(9)", "TEXT", "varchar(9)", "text"}
KEYS = {"integer", "smallint", "int", "varchar(9)", "uuid", "INTEGER", "VARCHAR(9)", "date", "DATE", "tinyint unsigned"}


@st.composite
def columns(draw, kinds):
    kind = draw(st.sampled_from(kinds))
    options = [""]
    name = "{name}"
    if kind in NUMERIC:
        options += [
            f"CHECK ({name} > 3)",
            f"CHECK ({name} BETWEEN 5 AND 9)",
            f"CHECK ({name} IN (2, 4, 8))",
            f"CHECK ({name} <> 0)",
        ]
    if kind in STRINGS:
        options += [f"CHECK ({name} IN ('on', 'off'))", f"CHECK (length({name}) = 4)", f"CHECK ({name} LIKE 'x%')"]
        options += [f"CHECK (lower({name}) = {name})"]
    return kind, draw(st.booleans()), draw(st.sampled_from(options))


@st.composite
def tables(draw, dialect, number):
    drawn = draw(st.lists(columns(TYPES[dialect]), min_size=1, max_size=6))
    lines = []
    for place, (kind, required, check) in enumerate(drawn):
        null = " NOT NULL" if required and not kind.endswith("NULL") else ""
        lines.append(f"c{place} {kind}{null} {check.format(name=f'c{place}')}".strip())
    constraints = []
    plain = [
        place for place, (kind, _, check) in enumerate(drawn) if kind in KEYS and "IN (" not in check and "BETWEEN" not in check
    ]
    if plain and draw(st.booleans()):
        constraints.append(f"UNIQUE ({', '.join(f'c{place}' for place in plain[:2])})")
    optional = [place for place, (_, required, check) in enumerate(drawn) if not required and not check]
    if len(optional) > 1 and draw(st.booleans()):
        one, other = optional[:2]
        either = f"CHECK ((c{one} IS NULL) <> (c{other} IS NULL))"
        constraints.append(draw(st.sampled_from([either, f"CHECK (c{one} IS NOT NULL OR c{other} IS NOT NULL)"])))
    numbers = [place for place, (kind, _, check) in enumerate(drawn) if kind in NUMERIC and not check]
    if len(numbers) > 1 and draw(st.booleans()):
        constraints.append(f"CHECK (c{numbers[0]} < c{numbers[1]})")
    parents = draw(st.lists(st.integers(0, number), max_size=2, unique=True))
    for parent in parents:
        lines.append(f"t{parent}_id INTEGER{draw(st.sampled_from(['', ' NOT NULL']))}")
        constraints.append(f"FOREIGN KEY (t{parent}_id) REFERENCES t{parent} (id)")
    return f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, {', '.join(lines + constraints)})"


def databases_of(dialect):
    return st.tuples(*(tables(dialect, number) for number in range(3)))


HARD = settings(
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def sow(field, drawn):
    """Seed the tables of a draw, look at what came of it, and take them away."""
    field.seeded = None
    try:
        seeded = field.seed(*drawn)
        assert seeded.unseeded == {}, drawn
        assert field.never_filled() == [], drawn
    finally:
        field.run(*(f"DROP TABLE IF EXISTS t{number}" for number in reversed(range(3))))


@settings(HARD, max_examples=30)
@given(drawn=databases_of("sqlite"))
def test_sqlite(sqlite, drawn):
    sow(sqlite, drawn)


@settings(HARD, max_examples=10)
@given(drawn=databases_of("postgresql"))
def test_postgresql(postgres, drawn):
    sow(postgres, drawn)


@settings(HARD, max_examples=4)
@given(drawn=databases_of("mysql"))
def test_mysql(mysql, drawn):
    sow(mysql, drawn)
