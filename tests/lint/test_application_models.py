"""What a file uses as an ORM's class is a model, wherever it is imported from (MRT801)."""

import pytest

from mrt_lint import rules
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Finding
from tests.lint.marked import read
from tests.lint.test_downgrade_kinds import HEAD


def entities(imported: str, used: str, *, inside: bool = False) -> dict[str, tuple[str, ...]]:
    lines = "\n    ".join([*([imported] if inside else []), *used.splitlines()])
    top = "" if inside else imported
    source = f"{top}\n{HEAD.format('r1', None)}def upgrade():\n    {lines}\n\n\ndef downgrade():\n    pass\n"
    return {each.module: each.entities for each in read(source).imports if each.entities}


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "used",
    [
        "session.query(User).all()",
        "session.query(User.id, User.name)",
        "session.execute(sa.select(User))",
        "session.get(User, 1)",
        "db.session.add(User(name='Ada'))",
        "session.add_all([User(name=name) for name in names])",
        "op.bulk_insert(User.__table__, [])",
        "op.get_bind().execute(sa.update(User).values(name='x'))",
        "User.query.filter_by(name='x').delete()",
        "User.update(name='x').execute()",
        "User.get_or_none(User.id == 1)",
    ],
)
def test_a_class_that_is_queried_or_added_is_an_entity(used: str, inside: bool):
    assert entities("from app.accounts.user import User", used, inside=inside) == {"app.accounts.user": ("User",)}
    assert entities("import app.accounts", used.replace("User", "app.accounts.User"), inside=inside) == {"app.accounts": ("User",)}
    assert entities("from app import Account as User", used, inside=inside) == {"app": ("Account",)}


@pytest.mark.parametrize(
    "used",
    [
        "op.execute(User.SQL)",
        "names.get(User.NAME)",
        "op.add_column('t', sa.Column('user', User()))",
        "op.execute(sa.text('SELECT 1').bindparams(x=User('x')))",
        "raise User('gone')",
    ],
)
def test_a_class_that_is_used_otherwise_is_none(used: str):
    assert entities("from app.accounts.user import User", used) == {}


def test_constants_and_classes_of_the_file_are_none():
    assert entities("from app.config import LIMIT, session", "session.query(LIMIT)\nsession.query(Other)") == {}


def told_of(imported: str, used: str) -> list[Finding]:
    source = f"{imported}\n{HEAD.format('r1', None)}def upgrade():\n    {used}\n\n\ndef downgrade():\n    pass\n"
    return [found for found in rules.check(read(source), RuleContext(), rules.all_rules()) if found.code == "MRT801"]


@pytest.mark.parametrize(
    "used", ["session.query(User).all()", "op.execute(User.__table__.delete())", "op.bulk_insert(User.__table__, [])"]
)
@pytest.mark.parametrize(
    "imported", ["from app.models import Team, User, Base", "from app.models import (\n    Team as Other,\n    User,\n    Base,\n)"]
)
def test_names_that_the_file_does_not_use_are_told_apart_from_the_others(imported: str, used: str):
    (finding,) = told_of(imported, used)
    assert finding.message.startswith("the migration imports User from app.models: it breaks")
    assert finding.instead.endswith("; and remove Team, Base, which the file does not use")


def test_models_beside_a_constant_that_is_used_are_unused():
    (finding,) = told_of("from app.models import Team, LIMIT", 'op.execute(f"DELETE FROM teams WHERE id > {LIMIT}")')
    assert finding.message.startswith("the migration imports Team from app.models and uses nothing of it")
    assert finding.instead == "remove Team"


def test_an_import_of_which_nothing_is_used_goes_as_a_whole():
    (finding,) = told_of("from app.models import Team, User", 'op.execute("SELECT 1")')
    assert "imports Team, User from app.models and uses nothing of it" in finding.message
    assert finding.instead == "remove the import"
