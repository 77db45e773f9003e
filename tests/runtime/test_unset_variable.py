"""What a project cannot do without is said to be a variable of the environment, and where it is set."""

import pytest

from mrt_runtime.config import ConfigurationError
from mrt_runtime.migrate import Migrator

PYDANTIC = """
from pydantic_settings import BaseSettings
class Settings(BaseSettings):
    BOT_TOKEN: str
    debug: bool = False
Settings()
"""
READS = {
    "environ": ("import os\nos.environ['BOT_TOKEN']", "KeyError: 'BOT_TOKEN', an environment variable that is not set: "),
    "getenv": ("import os\nos.getenv('BOT_TOKEN').strip()", "'strip'; BOT_TOKEN, an environment variable that is not set: "),
    "get": (
        "from os import environ\nint(\n    environ.get('BOT_TOKEN')\n)",
        "; BOT_TOKEN, an environment variable that is not set: ",
    ),
    "pydantic": (PYDANTIC, "; BOT_TOKEN, an environment variable that is not set: "),
}
REMEDY = 'set MRTConfig(env={"BOT_TOKEN": "..."}), or BOT_TOKEN = "..." under [tool.mrt.env] in pyproject.toml'


@pytest.mark.parametrize(("source", "words"), READS.values(), ids=READS)
@pytest.mark.parametrize("place", ["env.py", "a migration", "what it imports"])
def test_it_is_named_with_the_setting(project, sqlite_scratch, source, words, place):
    file = project.add("a")
    if place == "env.py":
        file = project.env
    elif place == "what it imports":
        (project.root / f"settings_{words.count(' ')}.py").write_text(source)
        source = f"import settings_{words.count(' ')}"
        project.write_ini("prepend_sys_path = .")
    file.write_text(f"{source}\n{file.read_text()}")
    with pytest.raises(Exception, match="BOT_TOKEN") as failed:
        Migrator(project.config(), sqlite_scratch).upgrade("a")
    assert words + REMEDY in str(failed.value)


@pytest.mark.parametrize(
    "source", ["import os\nos.getenv('BOT_TOKEN', 1).strip()", "import os\nif not os.getenv('BOT_TOKEN'):\n    None.x"]
)
def test_one_that_can_be_done_without_is_not(project, sqlite_scratch, source):
    file = project.add("a")
    file.write_text(f"{source}\n{file.read_text()}")
    with pytest.raises(ConfigurationError) as failed:
        Migrator(project.config(), sqlite_scratch)
    assert "BOT_TOKEN" not in str(failed.value)


def test_another_python_than_the_project_is_for_is_named(project, sqlite_scratch):
    (project.root / "pyproject.toml").write_text('[project]\nname = "shop"\nrequires-python = ">=4.1"\n')
    file = project.add("a")
    file.write_text(f"raise NameError('x')\n{file.read_text()}")
    with pytest.raises(
        ConfigurationError, match=r"while one of them is broken\. The project asks for Python >=4\.1, and this is 3\."
    ):
        Migrator(project.config(), sqlite_scratch)


def test_what_env_py_printed_before_it_left_is_shown(project, sqlite_scratch):
    project.add("a")
    project.env.write_text("import sys\nprint('Please use shop-manage')\nsys.exit(1)\n")
    with pytest.raises(Exception, match=r"it called sys\.exit\(1\), having printed “Please use shop-manage”"):
        Migrator(project.config(), sqlite_scratch).upgrade("a")
