"""No secret of a run is ever shown: in no spelling, in no text."""

import json
from urllib.parse import quote, quote_plus

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from mrt_runtime import secret
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.databases.address import mask, parse_url
from mrt_runtime.migrate import MigrationError
from mrt_runtime.secret import conceal, follow, register_secret, register_text, scrub

AWKWARD = "pä ss%w/\"ö'\\+@:?#&=<\t>\U0001f511"


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    """Whatever a test registers is forgotten after it."""
    monkeypatch.setattr(secret, "_PATTERNS", {})
    monkeypatch.setattr(secret, "_FOLLOWED", [])
    monkeypatch.setattr(secret, "_COMPILED", [])


@pytest.mark.parametrize(
    "spell",
    [
        str,
        quote,
        quote_plus,
        lambda value: quote(value, safe=""),
        lambda value: quote(value, safe="").lower(),
        lambda value: quote(value, safe="").replace("%", "%%"),
        lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
        lambda value: repr(value)[1:-1],
        lambda value: ascii(value)[1:-1],
        lambda value: json.dumps(value)[1:-1],
        lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
        lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
        lambda value: sa.URL.create("postgresql", "u", value, "h").render_as_string(hide_password=False)[15:-2],
    ],
)
@pytest.mark.parametrize("value", [AWKWARD, "hunter2-hunter2", "a+b c%20d"])
def test_a_secret_is_found_in_every_spelling(spell, value):
    register_secret(value)
    assert conceal(f"the server says: {spell(value)}, no") == "the server says: ***, no"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=20))
def test_any_secret_is_found_percent_encoded_and_as_json(value):
    secret._PATTERNS.clear()
    secret._COMPILED.clear()
    register_secret(value)
    for spelled in (value, quote_plus(value), json.dumps(value), repr(value)):
        assert value not in conceal(f"{spelled}"[:-1])
        assert quote_plus(value) not in conceal(f"{spelled}")


def test_the_longer_of_two_secrets_is_replaced_as_a_whole():
    register_secret("hunter2-x")
    register_secret("hunter2-x-and-more")
    assert conceal("hunter2-x-and-more hunter2-x") == "*** ***"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("abc", "abc"),
        ("test", "a test of tests/test_x.py"),
        ("pear", "a pearl, a spear"),
        ("", "nothing"),
        (None, "None"),
    ],
)
def test_what_occurs_in_words_is_left_there(value, text):
    register_secret(value)
    assert conceal(text) == text


def test_a_short_secret_is_replaced_where_it_is_a_word():
    register_secret("pear")
    assert conceal("pw 'pear', pearl") == "pw '***', pearl"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:hunter2-x@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u@h/d?password=hunter2-x", "postgresql://u@h/d?password=***"),
        ("postgresql://u@h/d?sslpassword=hunter2-x&application_name=x", "postgresql://u@h/d?application_name=x&sslpassword=***"),
        ("postgresql://u@h/d?passfile=/hunter2-x", "postgresql://u@h/d?passfile=***"),
        ("postgresql://u@h/d?access_token=hunter2-x", "postgresql://u@h/d?access_token=***"),
        ("mysql+pymysql://u@h/d?ssl_key_password=hunter2-x", "mysql+pymysql://u@h/d?ssl_key_password=***"),
        ("postgresql://u@h/d?password=hunter2-x&password=hunter2-y", "postgresql://u@h/d?password=***"),
    ],
)
def test_a_url_is_shown_without_any_of_its_secrets_and_they_are_known_afterwards(url, shown):
    assert mask(parse_url(url)) == shown
    assert conceal("about hunter2-x") == ("about ***" if "/hunter" not in url else "about hunter2-x")
    assert "hunter2" not in conceal(f"cannot open {url}")


def test_a_password_that_breaks_its_url_is_not_shown_in_pieces():
    parse_url("postgresql://u:hunter2@secret-rest@h/d")
    assert conceal('could not translate host name "secret-rest@h"') == 'could not translate host name "***@h"'
    register_text("postgresql://u:pine%40apple@h")
    assert conceal("pine%40apple pine@apple") == "*** ***"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("env.py has postgresql://u:other-hunter2@h/x", "env.py has postgresql://u:***@h/x"),
        ("opens postgresql://u@h/x?sslpassword=abc&x=1", "opens postgresql://u@h/x?sslpassword=***&x=1"),
        ("fe_sendauth: password=hunter2 host=h", "fe_sendauth: password=*** host=h"),
        ("Column 'users.password': 2/3 values lost", "Column 'users.password': 2/3 values lost"),
        ('null value in column "password" of relation', 'null value in column "password" of relation'),
    ],
)
def test_what_nobody_registered_is_found_by_its_surroundings(text, clean):
    assert scrub(text) == clean


def test_what_a_driver_is_called_with_is_known_even_if_it_is_put_there_at_the_last_moment():
    settings = {"user": "u", "sslpassword": "hunter2-ssl"}
    follow(settings)
    settings["password"] = "token-of-now"
    assert conceal("hunter2-ssl token-of-now") == "*** ***"
    follow({})
    assert conceal("token-of-now") == "***"


def test_the_drivers_own_variables_are_known(monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "hunter2-pg")
    assert conceal("hunter2-pg") == "***"


def test_errors_and_settings_hold_no_secret_whoever_looks_at_them():
    register_secret("hunter2-x")
    assert "hunter2" not in repr(ConfigurationError("hunter2-x"))
    error = MigrationError("says hunter2-x", phase="env", output="hunter2-x")
    assert "hunter2" not in repr(vars(error)) + repr(error)
    config = MRTConfig(db_url="postgresql://u:never-seen@h/d?password=nor-this", env={"API_TOKEN": "xyz", "MODE": "fast"})
    assert repr(config).startswith("MRTConfig(alembic_ini='alembic.ini', db_url='postgresql://u:***@h/d?password=***'")
    assert "xyz" not in repr(config)
    assert "fast" in repr(config)
