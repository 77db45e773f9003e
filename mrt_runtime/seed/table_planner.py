"""Working out what the rows of a table have to satisfy: the database itself is asked which values meet its conditions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, ForeignKey, NamedType, Schema, Table, qualified
from mrt_runtime.seed.condition import RowCondition, read_condition
from mrt_runtime.seed.constraint_ahead import is_ahead
from mrt_runtime.seed.convertible_texts import ConvertibleTexts
from mrt_runtime.seed.expression_key import list_expression_keys
from mrt_runtime.seed.json_texts import JsonTexts
from mrt_runtime.seed.migration_hints import MigrationHints
from mrt_runtime.seed.own_reference import share_values
from mrt_runtime.seed.parent_rows import ParentRows
from mrt_runtime.seed.row_writer import MOST_ROWS, RowWriter
from mrt_runtime.seed.table_plan import ColumnGroup, TablePlan, sample
from mrt_runtime.seed.text import is_address
from mrt_runtime.seed.unique_key import mentioned, uniques_of
from mrt_runtime.seed.value import ANY, Row, Value, ValuePool
from mrt_runtime.seed.value_kind import ColumnSlot, Decimals, Floats, Integers, Texts, ValueKind, as_number

MOST_COMBINATIONS = 4000
MOST_VALUES = 80
MOST_COMPUTED = 6  # values of a column that another one is computed from
JSON = re.compile(r"\bjson_|->", re.IGNORECASE)
NESTING = frozenset({"array", "composite"})


class TablePlanner:
    """Plans the tables of one schema.

    `parents` has rows that foreign keys may point at; `edges` allows values at the edge of a type; `ahead` is whether rows meet
    checks that are to come, `computes` whether they are kept from repeating what keys to come are over.
    """

    def __init__(
        self, writer: RowWriter, schema: Schema, parents: ParentRows, migration_hints: MigrationHints, *, edges: bool = True
    ) -> None:
        self.migration_hints = migration_hints
        self.edges = edges
        self.ahead = self.computes = True
        self.writer = writer
        self.schema = schema
        self.parents = parents
        self.dialect = writer.dialect
        self._referred = {
            (qualified(key.referred_table, key.referred_schema), name)
            for table in schema.tables
            for key in table.foreign_keys
            for name in key.referred_columns
        }

    def plan_table(
        self, table: Table, *, start: int, count: int, known: Sequence[Row] = (), fresh: Collection[str] = ()
    ) -> TablePlan:
        """Return the plan of a table.

        start, count: which ordinals the rows will have. known: rows that are there; where they are given, only the columns in
        `fresh` get new values and the others keep theirs.
        """
        open_columns = {column.name for column in table.columns if column.generated is None and (not known or column.name in fresh)}
        uniques = tuple(unique for unique in uniques_of(table) if not open_columns.isdisjoint(unique.columns))
        plan = TablePlan(table=table, uniques=uniques, computed=list_expression_keys(table) if self.computes else ())
        for column in table.columns:
            name = column.name
            if name in open_columns:
                above = self._highest(plan, name) if start >= MOST_ROWS else 0
                self._add_column(plan, column, ColumnSlot(name=name, place=column.position, start=start, count=count, above=above))
            elif column.generated is None:
                values = tuple({(type(v), v): v for row in known if (v := row[name]) is not None}.values())
                plan.pools[name] = ValuePool(typical=values, null=any(row[name] is None for row in known))
        for key in table.foreign_keys:
            if not open_columns.isdisjoint(key.columns):
                self._add_key(plan, key)
        plan.columns = tuple(plan.pools)
        self._add_conditions(plan, open_columns)
        return plan

    def _highest(self, plan: TablePlan, name: str) -> int:
        """Return the highest number in a column whose values may not repeat, 0 for any other column."""
        column = plan.table.column(name)
        if column is None or not any(name in unique.columns for unique in plan.uniques):
            return 0
        is_number = isinstance(self.dialect.kind_of(column, self.schema), Integers)
        return self.writer.highest(plan.table, name) or 0 if is_number else 0

    def _add_column(self, plan: TablePlan, column: CatalogueColumn, slot: ColumnSlot) -> None:
        table = plan.table
        kind = self.dialect.kind_of(column, self.schema)
        in_key = table.primary_key is not None and column.name in table.primary_key.columns
        null = column.nullable and not in_key and all(domain.nullable for domain in self._domains(column))
        if kind is None:
            plan.missing[column.name] = f"no value is known for the type {column.type.text} of column '{column.name}'"
            if null and column.default is None:
                plan.pools[column.name] = ValuePool(null=True)
            return
        if isinstance(kind, Texts) and holds_json(column, table):
            kind = JsonTexts()
        kind = self.migration_hints.kind_for(table.label, column.name, kind, is_key=in_key)
        if in_key and isinstance(kind, Texts):
            slot = replace(slot, name=f"{table.name} {column.name}")  # rows that are moved to another table keep their keys
        pool = replace(kind.pool(slot), null=null)
        if not self.edges:
            pool = replace(pool, edges=())
        if any(column.name in mentioned(exclusion.definition, table) for exclusion in table.exclusions):
            pool = replace(pool, edges=())  # an unbounded range leaves no room for a second one
        is_unique = any(unique.columns == (column.name,) for unique in plan.uniques)
        is_pointed_at = in_key or (table.label, column.name) in self._referred
        if column.identity is not None or column.sequence is not None or (is_pointed_at and isinstance(kind, Integers)):
            pool = replace(pool, edges=(), bare=())
        elif isinstance(kind, Texts) and (in_key or is_unique or (not null and is_address(column.name))):
            pool = replace(pool, bare=())
        plan.kinds[column.name] = kind
        if column.type.kind == "enum" or column.type.base == "enum":
            plan.words[column.name] = pool.typical
        plan.pools[column.name] = self._screen(column, pool) if column.type.kind in NESTING else pool

    def _screen(self, column: CatalogueColumn, pool: ValuePool) -> ValuePool:
        """Return the pool without what a type inside the column's type refuses: a domain, in an array or a composite type."""
        return pool.keep([value for value in pool.values if self.writer.find_values("TRUE", [(column, [value])])])

    def _add_key(self, plan: TablePlan, key: ForeignKey) -> None:
        table, pools = plan.table, plan.pools
        label = qualified(key.referred_table, key.referred_schema)
        if label == table.label:
            plan.self_references += (key,)
            share_values(plan, key, self.parents.rows(label, key.referred_columns) or ())
            return
        found = self.parents.rows(label, key.referred_columns)
        if found is None or any(name not in pools for name in key.columns):
            return  # the table is missing, as SQLite allows, or a generated column points at it
        options: list[Row] = [dict(zip(key.columns, row.values(), strict=False)) for row in found]
        if is_ahead(key):
            options = [{name: written_as(plan.kinds.get(name), value) for name, value in row.items()} for row in options]
            if not options or not all(takes(plan.kinds.get(name), value) for name, value in options[0].items()):
                return  # the column is of another type by then
        nullable = [name for name in key.columns if pools[name].null]
        if not options:
            for name in nullable or key.columns:
                plan.missing[name] = f"no row of '{label}' is there to point at"
        if nullable:
            options.append(dict.fromkeys(nullable))
        plan.groups.append(ColumnGroup(columns=key.columns, options=tuple(options), rotates=True))
        for name in key.columns:
            values = tuple({option[name]: None for option in options if option.get(name) is not None})
            pools[name] = ValuePool(typical=values, null=pools[name].null)

    def _add_conditions(self, plan: TablePlan, open_columns: Collection[str]) -> None:
        table, grammar = plan.table, self.dialect.grammar
        names = [column.name for column in table.columns]
        for column in table.columns:
            if column.name in open_columns:
                self._add_domain(plan, column)
        stated = [(check.expression, check.name) for check in table.checks if check.enforced or (self.ahead and is_ahead(check))]
        stated += [
            (f"({column.generated}) IS NOT NULL", None) for column in table.columns if column.generated and not column.nullable
        ]
        stated += [(text, None) for text in self.dialect.hidden_checks(self.writer.connection, table)]
        read = (read_condition(written_out(text, table), names, grammar, name) for text, name in stated)
        found = [condition for condition in read if any(name in open_columns for name in condition.columns)]
        plan.conditions += found
        for condition in found:
            self._add_hints(plan, condition)
        for condition in sorted(found, key=lambda condition: len(condition.columns)):
            if not condition.columns or any(name not in plan.pools for name in condition.columns):
                continue
            if len(condition.columns) == 1:
                self._bind(plan, condition)
                self._sift(plan, condition)
            else:
                self._combine(plan, condition)
        plan.groups = [self._agreeing(plan, group) for group in plan.groups]

    def _agreeing(self, plan: TablePlan, group: ColumnGroup) -> ColumnGroup:
        """Return the group without the options of a foreign key that a condition on one of its columns forbids."""
        if not group.rotates:
            return group
        allowed = {name: {*plan.pools[name].values, None} for name in group.columns}
        options = tuple(option for option in group.options if all(value in allowed[name] for name, value in option.items()))
        return replace(group, options=options)

    def _add_hints(self, plan: TablePlan, condition: RowCondition) -> None:
        keyed = {name for group in plan.groups for name in group.columns}
        keyed.update(name for key in plan.self_references for name in key.columns)
        for name in condition.columns:
            if name in plan.kinds and name not in keyed:
                pool = plan.pools[name]
                hints = condition.hints(plan.kinds[name], pool.values[:MOST_VALUES])
                plan.pools[name] = replace(pool, hints=tuple(dict.fromkeys((*pool.hints, *hints))))

    def _add_domain(self, plan: TablePlan, column: CatalogueColumn) -> None:
        for domain in self._domains(column) if column.name in plan.kinds else ():
            for check in domain.checks:
                # In a domain's checks the value is called VALUE; here it is a column of that name.
                condition = read_condition(check.expression, ["value"], self.dialect.grammar, check.name)
                condition = replace(condition, columns=(column.name,))
                self._add_hints(plan, condition)
                self._sift(plan, condition, replace(column, name="value"))

    def _domains(self, column: CatalogueColumn) -> Iterator[NamedType]:
        """Yield the domain that the column is of, and the domains under it."""
        kind: ColumnType | None = column.type
        while kind is not None and kind.kind == "domain":
            named = self.schema.type_named(kind.base, kind.schema)
            if named is None:
                return
            yield named
            kind = named.base

    def _bind(self, plan: TablePlan, condition: RowCondition) -> None:
        """Record which values a condition wants in a column that points at another table."""
        [name] = condition.columns
        if name not in plan.kinds or not any(name in group.columns for group in plan.groups if group.rotates):
            return
        hints = condition.hints(plan.kinds[name], ())
        found = self.writer.find_values(condition.expression, [(self._column(plan, name), hints)])
        if found:
            plan.bound[name] = tuple(row[name] for row in found)

    def _sift(self, plan: TablePlan, condition: RowCondition, column: CatalogueColumn | None = None) -> None:
        [name] = condition.columns
        pool = plan.pools[name]
        values = (*pool.values[:MOST_VALUES], *((None,) if pool.null else ()))
        found = self.writer.find_values(condition.expression, [(column or self._column(plan, name), values)])
        if found:
            allowed = [value for row in found for value in row.values()]
            plan.pools[name] = pool.keep(allowed, null=None in allowed)
            listed = tuple(value for value in allowed if isinstance(value, str) and value in condition.constants)
            if len(listed) > 1 and column is None:
                plan.words[name] = listed

    def _combine(self, plan: TablePlan, condition: RowCondition) -> None:
        valued = [name for name in condition.columns if name not in condition.nullity]
        room = MOST_COMBINATIONS / 2 ** len(condition.nullity)
        most = max(2, int(room ** (1 / len(valued)))) if valued else 2
        choices = [
            (self._column(plan, name), sample(plan.pools[name], 2 if name in condition.nullity else most))
            for name in condition.columns
        ]
        found = [*self._compute(plan, condition), *self.writer.find_readable(condition.expression, choices)]
        if found:
            # Of what is only asked whether it is NULL, one value represents all others.
            options = [{n: ANY if n in condition.nullity and v is not None else v for n, v in row.items()} for row in found]
            plan.groups.append(ColumnGroup(columns=condition.columns, options=tuple(options)))

    def _compute(self, plan: TablePlan, condition: RowCondition) -> list[Row]:
        """Return rows in which a column holds what a condition computes of others, which is hardly ever among made-up values."""
        name, expression = condition.computed or ("", "")
        if name not in plan.kinds:
            return []
        names = [other for other in condition.columns if other != name]
        choices = [(self._column(plan, other), plan.pools[other].typical[:MOST_COMPUTED]) for other in names]
        computed = self.writer.compute(expression, choices) if all(values for _, values in choices) else []
        kind, pool = plan.kinds[name], plan.pools[name]
        fitting = [(row, value) for row, found in computed if isinstance(found, str | int) for value in list(kind.fit(found))[:1]]
        plan.pools[name] = replace(pool, hints=tuple(dict.fromkeys((*pool.hints, *(value for _, value in fitting)))))
        return [row | {name: value} for row, value in fitting]

    def _column(self, plan: TablePlan, name: str) -> CatalogueColumn:
        return next(column for column in plan.table.columns if column.name == name)


def written_out(sql: str, table: Table) -> str:
    """Return SQL with the expressions of generated columns in place of their names."""
    for column in table.columns:
        if column.generated:
            name = re.escape(column.name)
            sql = re.sub(rf'"{name}"|`{name}`|\b{name}\b', f"({column.generated})".replace("\\", r"\\"), sql)
    return sql


def written_as(kind: ValueKind | None, value: Value) -> Value:
    """Return a value that is referred to as one of the column that refers: its type may differ until the key is made."""
    is_text = isinstance(kind, Texts | ConvertibleTexts)
    return str(value) if is_text and isinstance(value, int) and not isinstance(value, bool) else value


def takes(kind: ValueKind | None, value: Value) -> bool:
    """Whether a column of that kind can hold a value that is referred to, which may be read as a text: a number holds no words."""
    is_number = isinstance(kind, Integers | Decimals | Floats)
    return kind is not None and not (is_number and isinstance(value, str) and as_number(value) is None)


def holds_json(column: CatalogueColumn, table: Table) -> bool:
    """Whether a check reads the column as JSON; so do SQLite and MariaDB keep it, whose JSON is a text."""
    return any(JSON.search(check.expression) and column.name in mentioned(check.expression, table) for check in table.checks)
