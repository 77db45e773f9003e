"""Connections to one server are all made as the first one was, without asking for TLS each time."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.databases.mysql.handshake import Handshake
from mrt_runtime.migrate import Migrator

SERVER = "mysql+pymysql://root@db.example:3307/shop"
PLACE = {"host": "db.example", "port": 3307, "user": "root"}


@pytest.fixture
def handshake():
    return Handshake()


def learn(handshake, **facts):
    handshake.learn(sa.create_engine(SERVER), SimpleNamespace(**facts))


def complete(handshake, driver="pymysql", **settings):
    given = PLACE | settings
    handshake.complete(driver, given)
    return {name: value for name, value in given.items() if name not in PLACE}


def test_a_server_without_tls_is_not_asked_for_it_again(handshake):
    learn(handshake, _ssl_required=False, _secure=False, ctx="context")
    assert complete(handshake) == {"ssl_disabled": True}


def test_a_server_with_tls_gets_the_same_context_again_and_nothing_less(handshake):
    learn(handshake, _ssl_required=False, _secure=True, ctx="context")
    assert complete(handshake) == {"ssl": "context"}


def test_where_the_user_asked_for_tls_nothing_is_changed(handshake):
    learn(handshake, _ssl_required=True, _secure=True, ctx="context")
    assert complete(handshake) == {}


def test_an_older_driver_is_left_alone(handshake):
    learn(handshake)
    assert complete(handshake) == {}


@pytest.mark.parametrize("settings", [{"ssl_ca": "/ca.pem"}, {"ssl": {}}, {"read_default_file": "~/.my.cnf"}])
def test_arguments_that_speak_of_tls_are_left_alone(handshake, settings):
    learn(handshake, _ssl_required=False, _secure=False, ctx="context")
    assert complete(handshake, **settings) == settings


@pytest.mark.parametrize("elsewhere", [{"host": "other.example"}, {"port": 3306}, {"unix_socket": "/tmp/mysql.sock"}])
def test_another_server_is_left_alone(handshake, elsewhere):
    learn(handshake, _ssl_required=False, _secure=False, ctx="context")
    assert "ssl_disabled" not in complete(handshake, **elsewhere)
    assert complete(handshake, driver="aiomysql") == {}


def test_the_certificates_are_read_once_in_a_run(project, mysql_url, monkeypatch):
    connections = pytest.importorskip("pymysql.connections")
    make, made = connections.Connection._create_ssl_ctx, []
    monkeypatch.setattr(connections.Connection, "_create_ssl_ctx", lambda self, ssl: made.append(ssl) or make(self, ssl))
    database = databases.connect(mysql_url)
    with database.make_scratch() as scratch:
        project.add("a")
        migrator = Migrator(project.config(), scratch)
        migrator.upgrade("a")
        migrator.downgrade("a")
        scratch.restore(scratch.checkpoint())
    database.close()
    assert [ssl for ssl in made if isinstance(ssl, dict)] in ([], [{}])
