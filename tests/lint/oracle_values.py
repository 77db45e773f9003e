"""What Alembic was asked to do, as the linter's operations, read from SQLAlchemy's objects and not from source."""

import dataclasses

from alembic.operations import ops as alembic_ops
from sqlalchemy import schema as sa_schema
from sqlalchemy import sql, types
from sqlalchemy.sql import dml, elements
from sqlalchemy.sql.base import NO_ARG  # noqa: F401 - fails loudly where SQLAlchemy is too old to be read

from mrt_lint.model import ops
from mrt_lint.model.values import UNKNOWN, UNSET, Column, Constraint, SqlType
from mrt_lint.parse.python.library.types import FAMILIES, PLACES, WITHOUT_ARGS


def text_of(element):
    """SQL as text, the way the migration would send it."""
    if element is None or isinstance(element, str):
        return element
    if isinstance(element, elements.TextClause):
        return element.text
    try:
        return str(element.compile(compile_kwargs={"literal_binds": True}))
    except Exception:  # noqa: BLE001 - SQLAlchemy cannot write every literal
        return UNKNOWN


def default_of(default):
    """A server default as text; a plain string is quoted."""
    if default is None or isinstance(default, (sa_schema.Identity, sa_schema.Computed)):
        return None
    argument = default.arg if isinstance(default, sa_schema.DefaultClause) else default
    if isinstance(argument, sa_schema.FetchedValue):
        return UNKNOWN
    return "'" + argument.replace("'", "''") + "'" if isinstance(argument, str) else text_of(argument)


def type_of(kind):
    """A type by its family, with its variants."""
    made = _plain_type(kind)
    variants = getattr(kind, "_variant_mapping", None) if not isinstance(kind, type) else None
    if not variants or made is None:
        return made
    return dataclasses.replace(made, variants=tuple((dialect, type_of(variant)) for dialect, variant in variants.items()))


def _plain_type(kind):
    if isinstance(kind, type):
        kind = kind()
    if kind is None or isinstance(kind, types.NullType):
        return None
    name = type(kind).__name__
    if not type(kind).__module__.startswith("sqlalchemy."):
        module = type(kind).__module__.rpartition(".")[2]
        return SqlType(
            name=f"{module}.{name}" if name.isupper() and module != "migration" else name, args=getattr(kind, "stub_args", ())
        )
    name = FAMILIES.get(name, name if name.isupper() else name.upper())
    if name == "ENUM":
        if not getattr(kind, "native_enum", True):
            return SqlType(name="VARCHAR", args=(kind.length,))
        creates = bool(getattr(kind, "create_type", True))
        return SqlType(name="ENUM", members=tuple(kind.enums), type_name=kind.name, schema=kind.schema, creates_type=creates)
    if name == "ARRAY":
        return SqlType(name="ARRAY", item=type_of(kind.item_type))
    places = () if name in WITHOUT_ARGS else PLACES.get(name, ())
    args = tuple(number for place in places if place != "timezone" and (number := getattr(kind, place, None)) is not None)
    zone = bool(getattr(kind, "timezone", False)) if name in ("TIME", "TIMESTAMP") else None
    return SqlType(name=name, args=args, timezone=zone, collation=getattr(kind, "collation", None))


def column_of(column):
    """A column with all that hangs on it."""
    declared = column._user_defined_nullable
    identity, computed = column.identity, column.computed
    return Column(
        name=column.name if column.name is not None else UNKNOWN,
        type=type_of(column.type),
        nullable=declared if isinstance(declared, bool) else None,
        server_default=default_of(column.server_default),
        python_default=column.default is not None,
        primary_key=bool(column.primary_key),
        autoincrement=column.autoincrement,
        identity=identity is not None,
        identity_always=bool(identity.always) if identity is not None else False,
        computed=text_of(computed.sqltext) if computed is not None else None,
        persisted=computed.persisted if computed is not None else None,
        unique=bool(column.unique),
        index=bool(column.index),
        comment=column.comment,
        constraints=(*(key_of(key) for key in column.foreign_keys), *map(constraint_of, column.constraints)),
    )


def _target(spec):
    if not isinstance(spec, str):
        return None, spec.table.name, spec.name
    head, _, column = spec.rpartition(".")
    table_schema, _, table = head.rpartition(".")
    return table_schema or None, table, column


def key_of(key):
    """A foreign key of one column."""
    table_schema, table, column = _target(key._colspec)
    return Constraint(
        kind="foreignkey",
        name=key.name,
        referred_schema=table_schema,
        referred_table=table,
        referred_columns=(column,),
        ondelete=key.ondelete,
        onupdate=key.onupdate,
        deferrable=key.deferrable,
        initially=key.initially,
    )


def constraint_of(constraint):
    """A constraint inside a table."""
    if isinstance(constraint, sa_schema.ForeignKeyConstraint):
        targets = [_target(element._colspec) for element in constraint.elements]
        return Constraint(
            kind="foreignkey",
            name=constraint.name,
            columns=tuple(constraint.column_keys),
            referred_schema=targets[0][0],
            referred_table=targets[0][1],
            referred_columns=tuple(target[2] for target in targets),
            ondelete=constraint.ondelete,
            onupdate=constraint.onupdate,
            deferrable=constraint.deferrable,
            initially=constraint.initially,
        )
    if isinstance(constraint, sa_schema.CheckConstraint):
        return Constraint(kind="check", name=constraint.name, condition=text_of(constraint.sqltext))
    kind = "primary" if isinstance(constraint, sa_schema.PrimaryKeyConstraint) else "unique"
    kind = "exclude" if type(constraint).__name__ == "ExcludeConstraint" else kind
    pending = [item for item in constraint._pending_colargs if item is not None]
    columns = tuple(item if isinstance(item, str) else item.name for item in pending) or tuple(
        item.name for item in constraint.columns
    )
    if kind == "exclude":
        return Constraint(kind=kind, name=constraint.name, columns=tuple(text_of(item[0]) for item in constraint._render_exprs))
    return Constraint(
        kind=kind, name=constraint.name, columns=columns, deferrable=constraint.deferrable, initially=constraint.initially
    )


def index_column(item):
    """A column of an index, or its expression in parentheses."""
    if isinstance(item, str):
        return item
    if isinstance(item, (sa_schema.Column, elements.ColumnClause)) and not getattr(item, "is_literal", False):
        return item.name
    text = text_of(item)
    return text if text is UNKNOWN or text.isidentifier() else f"({text.strip()})"


def index_of(index):
    """An index that stands inside a table."""
    options = {key: value for name, dialect in index.dialect_options.items() for key, value in ((name, dialect._non_defaults),)}
    given = options.get("postgresql", {})
    return ops.CreateIndex(
        index=index.name,
        table=index.table.name if index.table is not None else UNKNOWN,
        columns=tuple(index_column(item) for item in (index.expressions or index._pending_colargs)),
        unique=bool(index.unique),
        concurrently=bool(given.get("concurrently")),
        where=text_of(given.get("where")),
        using=given.get("using"),
    )


def _given(value, without, convert=lambda value: value):
    return UNSET if value is without else convert(value)


def _alter(operation):
    default = operation.modify_server_default
    identity = isinstance(default, sa_schema.Identity)
    autoincrement = operation.kw.get("autoincrement")
    return ops.AlterColumn(
        table=operation.table_name,
        schema=operation.schema,
        column=operation.column_name,
        nullable=_given(operation.modify_nullable, None),
        server_default=UNSET if identity else _given(default, False, default_of),
        new_column=_given(operation.modify_name, None, str),
        type=_given(operation.modify_type, None, type_of),
        using=text_of(operation.kw.get("postgresql_using")),
        autoincrement=_given(autoincrement, None),
        identity=True if identity else UNSET,
        comment=_given(operation.modify_comment, False),
        existing_type=_given(operation.existing_type, None, type_of),
        existing_nullable=_given(operation.existing_nullable, None),
        existing_server_default=_given(operation.existing_server_default, False, default_of),
        existing_autoincrement=_given(operation.kw.get("existing_autoincrement"), None),
        existing_comment=_given(operation.existing_comment, None),
    )


def _add_constraint(operation):
    names = {"CreateForeignKeyOp": "foreignkey", "CreateUniqueConstraintOp": "unique", "CreateCheckConstraintOp": "check"}
    kind = names.get(type(operation).__name__) or ("primary" if "Primary" in type(operation).__name__ else "exclude")
    keywords = operation.kw or {}
    made = {
        "kind": kind,
        "name": operation.constraint_name,
        "deferrable": keywords.get("deferrable"),
        "initially": keywords.get("initially"),
    }
    table, table_schema = getattr(operation, "table_name", None), getattr(operation, "schema", None)
    if kind == "foreignkey":
        table, table_schema = operation.source_table, keywords.get("source_schema")
        made |= {
            "columns": tuple(operation.local_cols),
            "referred_table": operation.referent_table,
            "referred_schema": keywords.get("referent_schema"),
            "referred_columns": tuple(operation.remote_cols),
            "ondelete": keywords.get("ondelete"),
            "onupdate": keywords.get("onupdate"),
            "not_valid": bool(keywords.get("postgresql_not_valid")),
        }
    elif kind == "check":
        made |= {"condition": text_of(operation.condition), "not_valid": bool(keywords.get("postgresql_not_valid"))}
    elif kind == "exclude":
        made |= {"columns": tuple(text_of(element[0]) for element in operation.elements), "condition": text_of(operation.where)}
    else:
        made["columns"] = tuple(operation.columns)
    kinds = {
        "foreignkey": ops.CreateForeignKey,
        "unique": ops.CreateUniqueConstraint,
        "check": ops.CreateCheckConstraint,
        "primary": ops.CreatePrimaryKey,
        "exclude": ops.CreateExcludeConstraint,
    }
    yield kinds[kind](table=table, schema=table_schema, definition=Constraint(**made))


def _create_table(operation):
    columns = tuple(column_of(item) for item in operation.columns if isinstance(item, sa_schema.Column))
    constraints = tuple(constraint_of(item) for item in operation.columns if isinstance(item, sa_schema.Constraint))
    exists = bool(getattr(operation, "if_not_exists", None))
    yield ops.CreateTable(
        table=operation.table_name, schema=operation.schema, columns=columns, constraints=constraints, if_not_exists=exists
    )
    for item in operation.columns:
        if isinstance(item, sa_schema.Index):
            made = index_of(item)
            yield ops.CreateIndex(
                index=made.index,
                table=operation.table_name,
                schema=operation.schema,
                columns=made.columns,
                unique=made.unique,
                where=made.where,
                using=made.using,
            )


def statement_of(statement):
    """What executing a statement does; nothing for a SELECT built with SQLAlchemy."""
    if isinstance(statement, (str, elements.TextClause, sa_schema.DDL)):
        text = (
            statement
            if isinstance(statement, str)
            else statement.statement
            if isinstance(statement, sa_schema.DDL)
            else statement.text
        )
        yield ops.Execute(statement=text)
    elif isinstance(statement, dml.Insert):
        columns = tuple(str(getattr(key, "name", key)) for key in statement._values or ()) or UNKNOWN
        yield ops.Insert(
            table=statement.table.name, schema=statement.table.schema, columns=columns, query=statement.select is not None
        )
    elif isinstance(statement, dml.Update):
        columns = tuple(str(getattr(key, "name", key)) for key in statement._values or ()) or UNKNOWN
        where = bool(statement._where_criteria)
        yield ops.Update(table=statement.table.name, schema=getattr(statement.table, "schema", None), columns=columns, where=where)
    elif isinstance(statement, dml.Delete):
        yield ops.Delete(table=statement.table.name, schema=statement.table.schema, where=bool(statement._where_criteria))
    elif isinstance(statement, sa_schema.ExecutableDDLElement):
        yield from ddl_of(statement)
    elif not isinstance(statement, sql.expression.SelectBase):
        yield ops.Execute(statement=UNKNOWN)


def ddl_of(statement):
    """What a DDL element does."""
    name, element = type(statement).__name__, getattr(statement, "element", None)
    yield from object_of("drop" if name.startswith("Drop") else "create", element)


def object_of(action, element, *, checked=False):
    """An object created or dropped by itself."""
    creates = action == "create"
    if isinstance(element, types.Enum):
        checked = UNKNOWN if type(element).__module__.endswith("named_types") else checked  # PostgreSQL's own looks first by itself
        members = {"members": tuple(element.enums), "if_not_exists": checked} if creates else {"if_exists": checked}
        yield (ops.CreateObject if creates else ops.DropObject)(kind="enum", name=element.name, schema=element.schema, **members)
    elif isinstance(element, sa_schema.Sequence):
        looks = {"if_not_exists" if creates else "if_exists": checked}
        yield (ops.CreateObject if creates else ops.DropObject)(kind="sequence", name=element.name, schema=element.schema, **looks)
    elif isinstance(element, sa_schema.Table):
        columns = {"columns": UNKNOWN, "constraints": UNKNOWN} if creates else {}
        yield (ops.CreateTable if creates else ops.DropTable)(table=element.name, schema=element.schema, **columns)
    elif isinstance(element, sa_schema.Index):
        made = index_of(element)
        yield made if creates else ops.DropIndex(index=made.index, table=made.table)
    elif isinstance(element, str):
        yield (ops.CreateObject if creates else ops.DropObject)(kind="schema", name=element)


def operations_of(operation):  # noqa: C901, PLR0912 - one line an operation
    """What one of Alembic's operations does; TypeError for one that the linter does not know."""
    name = type(operation).__name__
    place = {"table": getattr(operation, "table_name", None), "schema": getattr(operation, "schema", None)}
    exists = bool(getattr(operation, "if_exists", None))
    if isinstance(operation, alembic_ops.AddConstraintOp):
        yield from _add_constraint(operation)
    elif name == "CreateTableOp":
        yield from _create_table(operation)
    elif name == "DropTableOp":
        yield ops.DropTable(**place, if_exists=exists)
    elif name == "RenameTableOp":
        yield ops.RenameTable(**place, new_table=operation.new_table_name)
    elif name == "AddColumnOp":
        made = column_of(operation.column)
        yield ops.AddColumn(**place, column=made.name, definition=made, if_not_exists=bool(operation.if_not_exists))
    elif name == "DropColumnOp":
        yield ops.DropColumn(
            **place,
            column=str(getattr(operation.column_name, "name", operation.column_name)),
            if_exists=bool(operation.kw.get("if_exists") or exists),
        )
    elif name == "AlterColumnOp":
        yield _alter(operation)
    elif name == "CreateIndexOp":
        keywords = operation.kw
        yield ops.CreateIndex(
            **place,
            index=operation.index_name,
            columns=tuple(map(index_column, operation.columns)),
            unique=bool(operation.unique),
            if_not_exists=bool(operation.if_not_exists),
            concurrently=bool(keywords.get("postgresql_concurrently")),
            where=text_of(keywords.get("postgresql_where", keywords.get("sqlite_where"))),
            using=(keywords.get("mysql_prefix") or "").lower() or keywords.get("postgresql_using"),
        )
    elif name == "DropIndexOp":
        concurrently = bool(operation.kw.get("postgresql_concurrently"))
        yield ops.DropIndex(**place, index=operation.index_name, if_exists=exists, concurrently=concurrently)
    elif name == "DropConstraintOp":
        yield ops.DropConstraint(**place, constraint=operation.constraint_name, kind=operation.constraint_type, if_exists=exists)
    elif name == "BulkInsertOp":
        columns = tuple(dict.fromkeys(key for row in operation.rows for key in row))
        table = operation.table
        yield ops.BulkInsert(table=table.name, schema=getattr(table, "schema", None), columns=columns, rows=len(operation.rows))
    elif name == "CreateTableCommentOp":
        existing = _given(operation.existing_comment, None)
        yield ops.CreateTableComment(**place, comment=operation.comment, existing_comment=existing)
    elif name == "DropTableCommentOp":
        yield ops.DropTableComment(**place, existing_comment=_given(operation.existing_comment, None))
    elif name == "ExecuteSQLOp":
        yield from statement_of(operation.sqltext)
    else:
        raise TypeError(name)
