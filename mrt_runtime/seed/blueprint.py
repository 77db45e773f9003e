"""Everything that the rows of one table have to satisfy, worked out before the first of them is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import DBAPIError

from mrt_runtime.compare.schema import Column, ColumnType, ForeignKey, NamedType, Schema, Table, qualified
from mrt_runtime.seed.check import Condition, read_condition
from mrt_runtime.seed.foresight import Foresight
from mrt_runtime.seed.kind import Document, Kind, Slot, Text, Whole
from mrt_runtime.seed.parents import Parents
from mrt_runtime.seed.statement import Writer
from mrt_runtime.seed.unique import Unique, mentioned, uniques_of
from mrt_runtime.seed.value import ANY, Pool, Row, Value, Variety

MOST_COMBINATIONS = 4000
MOST_VALUES = 80
JSON = re.compile(r"\bjson_|->", re.IGNORECASE)
NESTING = frozenset({"array", "composite"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Columns that are given values together. `turning` options are as good as each other: each row begins at another one."""

    columns: tuple[str, ...]
    options: tuple[Row, ...]
    turning: bool = False


@dataclass(slots=True, kw_only=True)
class Blueprint:
    """`columns` are given values; `loops` are foreign keys to the table itself; `missing` tells why columns stay empty.

    `bound` are columns of foreign keys that conditions allow only these values.
    """

    table: Table
    columns: tuple[str, ...] = ()
    pools: dict[str, Pool] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    loops: tuple[ForeignKey, ...] = ()
    uniques: tuple[Unique, ...] = ()
    conditions: list[Condition] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    bound: dict[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def impossible(self) -> str | None:
        """Why no row can be made at all, None where one can."""
        for name, reason in self.missing.items():
            column = self.table.column(name)
            if column is not None and not column.nullable and column.default is None:
                return reason
        return None


class Draughtsman:
    """Draws the blueprints of one schema's tables; `parents` gives rows that foreign keys may point at."""

    def __init__(self, writer: Writer, schema: Schema, parents: Parents, foresight: Foresight) -> None:
        self.foresight = foresight
        self.writer = writer
        self.schema = schema
        self.parents = parents
        self.dialect = writer.dialect

    def draw(self, table: Table, *, start: int, count: int, known: Sequence[Row] = (), fresh: Collection[str] = ()) -> Blueprint:
        """Draw a table's blueprint.

        start, count: which ordinals the rows will have. known: rows that are there; where they are given, only the columns in
        `fresh` get new values and the others keep theirs.
        """
        open_columns = {column.name for column in table.columns if column.generated is None and (not known or column.name in fresh)}
        uniques = tuple(unique for unique in uniques_of(table) if not open_columns.isdisjoint(unique.columns))
        blueprint = Blueprint(table=table, uniques=uniques)
        for column in table.columns:
            name = column.name
            if name in open_columns:
                self._add_column(blueprint, column, Slot(name=name, place=column.position, start=start, count=count))
            elif column.generated is None:
                values = tuple({(type(v), v): v for row in known if (v := row[name]) is not None}.values())
                blueprint.pools[name] = Pool(typical=values, null=any(row[name] is None for row in known))
        for key in table.foreign_keys:
            if not open_columns.isdisjoint(key.columns):
                self._add_key(blueprint, key)
        blueprint.columns = tuple(blueprint.pools)
        self._add_conditions(blueprint, open_columns)
        return blueprint

    def _add_column(self, blueprint: Blueprint, column: Column, slot: Slot) -> None:
        table = blueprint.table
        kind = self.dialect.kind_of(column, self.schema)
        in_key = table.primary_key is not None and column.name in table.primary_key.columns
        null = column.nullable and not in_key and all(domain.nullable for domain in self._domains(column))
        if kind is None:
            blueprint.missing[column.name] = f"no value is known for the type {column.type.text} of column '{column.name}'"
            if null and column.default is None:
                blueprint.pools[column.name] = Pool(null=True)
            return
        kind = (
            Document()
            if isinstance(kind, Text) and holds_json(column, table)
            else self.foresight.foresee(table.label, column.name, kind)
        )
        pool = replace(kind.pool(slot), null=null)
        if any(column.name in mentioned(exclusion.definition, table) for exclusion in table.exclusions):
            pool = replace(pool, edges=())  # an unbounded range leaves no room for a second one
        if column.identity is not None or column.sequence is not None or (in_key and isinstance(kind, Whole)):
            pool = replace(pool, edges=(), bare=())
        blueprint.kinds[column.name] = kind
        blueprint.pools[column.name] = self._screen(column, pool) if column.type.kind in NESTING else pool

    def _screen(self, column: Column, pool: Pool) -> Pool:
        """Leave out what a type inside the column's type refuses: a domain, in an array or a composite type."""
        allowed = []
        for value in pool.values:
            try:
                with self.dialect.attempt(self.writer.connection):
                    self.writer.passing("TRUE", [(column, [value])])
            except DBAPIError:
                continue
            allowed.append(value)
        return pool.keep(allowed)

    def _add_key(self, blueprint: Blueprint, key: ForeignKey) -> None:
        table, pools = blueprint.table, blueprint.pools
        label = qualified(key.referred_table, key.referred_schema)
        if label == table.label:
            blueprint.loops += (key,)
            return
        found = self.parents.rows(label, key.referred_columns)
        if found is None or any(name not in pools for name in key.columns):
            return  # the table is missing, as SQLite allows, or a generated column points at it
        options: list[Row] = [dict(zip(key.columns, row.values(), strict=False)) for row in found]
        nullable = [name for name in key.columns if pools[name].null]
        if not options:
            for name in nullable or key.columns:
                blueprint.missing[name] = f"no row of '{label}' is there to point at"
        if nullable:
            options.append(dict.fromkeys(nullable))
        blueprint.groups.append(Group(columns=key.columns, options=tuple(options), turning=True))
        for name in key.columns:
            values = tuple({option[name]: None for option in options if option.get(name) is not None})
            pools[name] = Pool(typical=values, null=pools[name].null)

    def _add_conditions(self, blueprint: Blueprint, open_columns: Collection[str]) -> None:
        table, grammar = blueprint.table, self.dialect.grammar
        names = [column.name for column in table.columns]
        for column in table.columns:
            if column.name in open_columns:
                self._add_domain(blueprint, column)
        stated = [(check.expression, check.name) for check in table.checks if check.enforced]
        stated += [
            (f"({column.generated}) IS NOT NULL", None) for column in table.columns if column.generated and not column.nullable
        ]
        stated += [(text, None) for text in self.dialect.hidden_checks(self.writer.connection, table)]
        read = (read_condition(written_out(text, table), names, grammar, name) for text, name in stated)
        found = [condition for condition in read if any(name in open_columns for name in condition.columns)]
        blueprint.conditions += found
        for condition in found:
            self._add_hints(blueprint, condition)
        for condition in sorted(found, key=lambda condition: len(condition.columns)):
            if not condition.columns or any(name not in blueprint.pools for name in condition.columns):
                continue
            if len(condition.columns) == 1:
                self._bind(blueprint, condition)
                self._sift(blueprint, condition)
            else:
                self._combine(blueprint, condition)
        blueprint.groups = [self._agreeing(blueprint, group) for group in blueprint.groups]

    def _agreeing(self, blueprint: Blueprint, group: Group) -> Group:
        """Leave out the options of a foreign key that a condition on one of its columns forbids."""
        if not group.turning:
            return group
        allowed = {name: {*blueprint.pools[name].values, None} for name in group.columns}
        options = tuple(option for option in group.options if all(value in allowed[name] for name, value in option.items()))
        return replace(group, options=options)

    def _add_hints(self, blueprint: Blueprint, condition: Condition) -> None:
        keyed = {name for group in blueprint.groups for name in group.columns}
        for name in condition.columns:
            if name in blueprint.kinds and name not in keyed:
                pool = blueprint.pools[name]
                hints = condition.hints(blueprint.kinds[name], pool.values[:MOST_VALUES])
                blueprint.pools[name] = replace(pool, hints=tuple(dict.fromkeys((*pool.hints, *hints))))

    def _add_domain(self, blueprint: Blueprint, column: Column) -> None:
        for domain in self._domains(column) if column.name in blueprint.kinds else ():
            for check in domain.checks:
                # In a domain's checks the value is called VALUE; here it is a column of that name.
                condition = read_condition(check.expression, ["value"], self.dialect.grammar, check.name)
                condition = replace(condition, columns=(column.name,))
                self._add_hints(blueprint, condition)
                self._sift(blueprint, condition, replace(column, name="value"))

    def _domains(self, column: Column) -> Iterator[NamedType]:
        """Give the domain that the column is of, and the domains under it."""
        kind: ColumnType | None = column.type
        while kind is not None and kind.kind == "domain":
            named = self.schema.type_named(kind.base, kind.schema)
            if named is None:
                return
            yield named
            kind = named.base

    def _bind(self, blueprint: Blueprint, condition: Condition) -> None:
        """See which values a condition wants in a column that points at another table."""
        [name] = condition.columns
        if name not in blueprint.kinds or not any(name in group.columns for group in blueprint.groups if group.turning):
            return
        hints = condition.hints(blueprint.kinds[name], ())
        passing = self._ask(condition, [(self._column(blueprint, name), hints)])
        if passing:
            blueprint.bound[name] = tuple(hints[place] for (place,) in passing)

    def _sift(self, blueprint: Blueprint, condition: Condition, column: Column | None = None) -> None:
        [name] = condition.columns
        pool = blueprint.pools[name]
        values = (*pool.values[:MOST_VALUES], *((None,) if pool.null else ()))
        passing = self._ask(condition, [(column or self._column(blueprint, name), values)])
        if passing:
            allowed = [values[place] for (place,) in passing]
            blueprint.pools[name] = pool.keep(allowed, null=None in allowed)

    def _combine(self, blueprint: Blueprint, condition: Condition) -> None:
        valued = [name for name in condition.columns if name not in condition.nullity]
        room = MOST_COMBINATIONS / 2 ** len(condition.nullity)
        most = max(2, int(room ** (1 / len(valued)))) if valued else 2
        choices = [
            (self._column(blueprint, name), sample(blueprint.pools[name], 2 if name in condition.nullity else most))
            for name in condition.columns
        ]
        passing = self._ask(condition, choices)
        if passing:
            # Of what is only asked whether it is NULL, one value stands for all others.
            options: list[Row] = []
            for places in passing:
                option = {column.name: values[place] for (column, values), place in zip(choices, places, strict=True)}
                options.append({n: ANY if n in condition.nullity and v is not None else v for n, v in option.items()})
            blueprint.groups.append(Group(columns=condition.columns, options=tuple(options)))

    def _column(self, blueprint: Blueprint, name: str) -> Column:
        return next(column for column in blueprint.table.columns if column.name == name)

    def _ask(self, condition: Condition, choices: Sequence[tuple[Column, Sequence[Value]]]) -> list[tuple[int, ...]]:
        """Ask the database; it may not be able to say, and then its refusals will."""
        if not all(values for _, values in choices):
            return []
        try:
            with self.dialect.attempt(self.writer.connection):
                return self.writer.passing(condition.expression, choices)
        except DBAPIError:
            return []


def written_out(sql: str, table: Table) -> str:
    """Put the expressions of generated columns in the place of their names."""
    for column in table.columns:
        if column.generated:
            name = re.escape(column.name)
            sql = re.sub(rf'"{name}"|`{name}`|\b{name}\b', f"({column.generated})".replace("\\", r"\\"), sql)
    return sql


def holds_json(column: Column, table: Table) -> bool:
    """Whether a check reads the column as JSON; so do SQLite and MariaDB keep it, whose JSON is a text."""
    return any(JSON.search(check.expression) and column.name in mentioned(check.expression, table) for check in table.checks)


def sample(pool: Pool, most: int) -> tuple[Value, ...]:
    """Choose up to so many values of a pool, of each sort some."""
    sorts: list[list[Value]] = [list(pool.typical), list(pool.hints), list(pool.edges), list(pool.bare)]
    if pool.null:
        sorts.insert(next((place + 1 for place, values in enumerate(sorts) if values), 0), [None])
    found: dict[tuple[type, Value], Value] = {}
    while any(sorts) and len(found) < most:
        for values in sorts:
            if values and len(found) < most:
                value = values.pop(0)
                found[type(value), value] = value
    return tuple(found.values())


def preference(pool: Pool, variety: Variety, ordinal: int) -> dict[tuple[type, Value], int]:
    """Rank a pool's values for a row, the best first."""
    ranks: dict[tuple[type, Value], int] = {}
    for value in pool.order(variety, ordinal):
        ranks.setdefault((type(value), value), len(ranks))
    return ranks
