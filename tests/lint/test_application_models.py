"""What a file uses as an ORM's class is a model, wherever it is imported from (MRT801)."""

from pathlib import Path

import pytest

from mrt_lint import rules
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.parse.python import parse_migration
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
        "db.execute(User.delete())",
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
        "User.delete('id')",
        "User.create(name='Ada')",
        "user = User.update('id', name='Ada')",
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


def test_what_creates_rows_or_things_elsewhere_is_a_model_where_the_project_has_it(tmp_path: Path):
    folder = tmp_path / "migrations" / "versions"
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "people.py").write_text("class User(Model): pass")
    (tmp_path / "pyproject.toml").touch()
    source = "from {} import User\n" + HEAD.format("r1", None) + "def upgrade():\n    User.create(name='Ada')\n"
    own, other = (
        parse_migration(source.format(name).encode(), "001.py", folder).imports[0].entities for name in ("shop.people", "paying")
    )
    assert own == ("User",)
    assert other == ()


@pytest.mark.parametrize("imported", ["import stripe", "from requests.models import Response", "from celery import Task as Other"])
def test_classes_of_a_known_library_are_no_models(imported: str):
    assert not told_of(imported, "stripe.Customer.delete(1).now()\n    Response.query.all()\n    session.query(Other)")
