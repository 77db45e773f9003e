"""alembic_utils: functions, views, triggers, extensions, policies and grants that are created, dropped and replaced as entities.

Source: https://olirice.github.io/alembic_utils/api/ and the statements of each class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import HOLE, UNKNOWN, Unknown
from mrt_lint.parse.python.convert import to_sql
from mrt_lint.parse.python.library.operation import OperationCall
from mrt_lint.parse.python.library.quoting import quoted
from mrt_lint.parse.python.library.registry import LibraryOperation
from mrt_lint.parse.python.objects import Value


@dataclass(frozen=True, slots=True)
class DatabaseEntity:
    """An entity by the SQL that creates, drops and replaces it."""

    create: tuple[str, ...]
    drop: tuple[str, ...]
    replace: tuple[str, ...] = ()


def _text(operation: OperationCall, name: str) -> str:
    value = to_sql(operation.must(name))
    return value.strip().rstrip(";") if isinstance(value, str) else HOLE


def _named(operation: OperationCall) -> str:
    """Return the quoted name with its schema, from the signature without its parameters."""
    return quoted(_text(operation, "signature").partition("(")[0].strip(' "'), operation.must("schema"))


def _function(operation: OperationCall) -> DatabaseEntity:
    name, parameters = _named(operation), _text(operation, "signature").partition("(")[2]
    rest = f"({parameters} {_text(operation, 'definition')}"
    types = re.sub(r"\s+(default|=).*?(?=,|\)|$)", "", f"({parameters}", flags=re.IGNORECASE)
    return DatabaseEntity(
        (f"CREATE FUNCTION {name}{rest}",), (f"DROP FUNCTION {name}{types}",), (f"CREATE OR REPLACE FUNCTION {name}{rest}",)
    )


def _view(operation: OperationCall) -> DatabaseEntity:
    rest = f"VIEW {_named(operation)} AS {_text(operation, 'definition')}"
    return DatabaseEntity((f"CREATE {rest}",), (f"DROP VIEW {_named(operation)}",), (f"CREATE OR REPLACE {rest}",))


def _materialized_view(operation: OperationCall) -> DatabaseEntity:
    create = f"CREATE MATERIALIZED VIEW {_named(operation)} AS {_text(operation, 'definition')}"
    return DatabaseEntity((create,), (f"DROP MATERIALIZED VIEW {_named(operation)}",))


def _trigger(operation: OperationCall) -> DatabaseEntity:
    name, home = quoted(_text(operation, "signature")), _text(operation, "on_entity")
    return DatabaseEntity((f"CREATE TRIGGER {name} {_text(operation, 'definition')}",), (f"DROP TRIGGER {name} ON {home}",))


def _policy(operation: OperationCall) -> DatabaseEntity:
    name, home = quoted(_text(operation, "signature")), _text(operation, "on_entity")
    create = f"CREATE POLICY {name} ON {home} {_text(operation, 'definition')}"
    return DatabaseEntity((create,), (f"DROP POLICY {name} ON {home}",))


def _extension(operation: OperationCall) -> DatabaseEntity:
    name, schema = quoted(_text(operation, "signature")), quoted(_text(operation, "schema"))
    create, drop = f"CREATE EXTENSION {name} WITH SCHEMA {schema}", f"DROP EXTENSION {name}"
    return DatabaseEntity((create,), (drop,), (f"ALTER EXTENSION {name} SET SCHEMA {schema}",))


def _grant(operation: OperationCall) -> DatabaseEntity:
    table, role = quoted(_text(operation, "table"), operation.must("schema")), quoted(_text(operation, "role"))
    grant = operation.must("grant")
    what = grant if isinstance(grant, str) else "ALL"
    return DatabaseEntity((f"GRANT {what} ON {table} TO {role}",), (f"REVOKE {what} ON {table} FROM {role}",))


_CREATED: Final = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:constraint\s+)?"
    r"(?P<kind>materialized\s+view|view|function|trigger|policy|extension)\s+(?P<name>[^\s(]+)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)


def _from_sql(operation: OperationCall) -> Value:
    """Return the entity that a CREATE statement makes."""
    text = _text(operation, "sql")
    found = _CREATED.match(text)
    if found is None:
        return UNKNOWN
    home = re.search(r"\son\s+([^\s(]+)", found["rest"], flags=re.IGNORECASE)
    on = f" ON {home[1]}" if home and found["kind"].lower() in {"trigger", "policy"} else ""
    return DatabaseEntity((text,), (f"DROP {found['kind'].upper()} {found['name']}{on}",))


def _create(operation: OperationCall) -> Iterator[str | Unknown]:
    entity = operation.must("target")
    yield from entity.create if isinstance(entity, DatabaseEntity) else [UNKNOWN]


def _drop(operation: OperationCall) -> Iterator[str | Unknown]:
    entity = operation.must("target")
    cascade = " CASCADE" if operation.get("cascade", False) is True else ""
    yield from (f"{text}{cascade}" for text in entity.drop) if isinstance(entity, DatabaseEntity) else [UNKNOWN]


def _replace(operation: OperationCall) -> Iterator[str | Unknown]:
    entity = operation.must("target")
    if not isinstance(entity, DatabaseEntity):
        yield UNKNOWN
        return
    yield from entity.replace or (*entity.drop, *entity.create)


_ENTITIES: Final[dict[str, tuple[tuple[str, ...], Callable[[OperationCall], DatabaseEntity]]]] = {
    "PGFunction": (("schema", "signature", "definition"), _function),
    "PGView": (("schema", "signature", "definition"), _view),
    "PGMaterializedView": (("schema", "signature", "definition", "with_data"), _materialized_view),
    "PGTrigger": (("schema", "signature", "definition", "on_entity", "is_constraint"), _trigger),
    "PGPolicy": (("schema", "signature", "definition", "on_entity"), _policy),
    "PGExtension": (("schema", "signature"), _extension),
    "PGGrantTable": (("schema", "table", "role", "grant", "columns"), _grant),
}

OPERATIONS: Final = {
    "create_entity": LibraryOperation(("target",), _create),
    "drop_entity": LibraryOperation(("target", "cascade"), _drop),
    "replace_entity": LibraryOperation(("target",), _replace),
    "revert_entity": LibraryOperation(("target",), _replace),
    **{
        f"{package}.{name}": LibraryOperation(parameters, value=make)
        for package in ("alembic_utils", "alembic_utils_extended")
        for name, (parameters, make) in _ENTITIES.items()
    },
    **{
        f"{package}.from_sql": LibraryOperation(("sql",), value=_from_sql)
        for package in ("alembic_utils", "alembic_utils_extended")
    },
}
