"""Names and strings of any spelling, as the servers read them back."""

import pytest

from mrt_runtime.databases.mysql import quoting as mysql_quoting
from mrt_runtime.databases.postgresql import quoting as postgresql_quoting

STRINGS = ["plain", "it's", "\\", "\\' OR 1=1 -- ", "a\\\\'b", "%s", "ü\\n"]
NAMES = ['a"b', "a`b", "back\\slash", "50%", "select"]


@pytest.mark.parametrize("mode", ["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])
def test_a_mysql_literal_means_the_same_in_every_sql_mode(mysql, mode):
    connection = mysql.connection.execution_options(no_parameters=True)
    connection.exec_driver_sql(f"SET SESSION sql_mode = '{mode}'")
    for text in STRINGS:
        assert connection.exec_driver_sql(f"SELECT {mysql_quoting.literal(text)}").scalar() == text
    for name in NAMES:
        assert list(connection.exec_driver_sql(f"SELECT 1 AS {mysql_quoting.quote(name)}").keys()) == [name]


@pytest.mark.parametrize("setting", ["on", "off"])
def test_a_postgresql_literal_means_the_same_with_and_without_standard_strings(postgresql_engine, setting):
    with postgresql_engine.connect().execution_options(no_parameters=True) as connection:
        connection.exec_driver_sql(f"SET standard_conforming_strings = {setting}")
        for text in STRINGS:
            assert connection.exec_driver_sql(f"SELECT {postgresql_quoting.literal(text)}").scalar() == text
        for name in NAMES:
            assert list(connection.exec_driver_sql(f"SELECT 1 AS {postgresql_quoting.quote(name)}").keys()) == [name]
        connection.exec_driver_sql("RESET standard_conforming_strings")
