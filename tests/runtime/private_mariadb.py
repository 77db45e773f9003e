"""A MariaDB server of the tests' own, for what a server that others use cannot be asked for."""

import getpass
import os
import shutil
import subprocess
import time

import pytest
import sqlalchemy as sa

from tests.runtime.guarded_server import answers, unused_port


class PrivateMariaDB:
    """A server in a folder, as installed, that its tests may stop and start; `options` are more of mariadbd's.

    Its temporary folder is its own, too: a server that starts removes every "#sql" file in that folder, and another server whose
    files these are crashes at its next query of information_schema. Source: mysql_rm_tmp_tables() in MariaDB's sql/sql_base.cc.
    """

    def __init__(self, folder, *options):
        program, install = shutil.which("mariadbd"), shutil.which("mariadb-install-db")
        if not (program and install):
            pytest.skip("no mariadbd to start a private server with")
        data, temporary = folder / "data", folder / "temporary"
        temporary.mkdir(parents=True)
        self._environment = os.environ | {"TMPDIR": str(temporary)}
        common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
        command = [install, *common, "--auth-root-authentication-method=normal"]
        subprocess.run(command, check=True, capture_output=True, env=self._environment)
        port = unused_port()
        self._command = [program, *common, f"--port={port}", f"--socket={data}/s", f"--pid-file={data}/pid"]
        self._command += ["--bind-address=127.0.0.1", "--innodb-fast-shutdown=2", *options]
        self.url = f"mysql+pymysql://root@127.0.0.1:{port}/given"
        self.start()

    def start(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self._environment)
        engine = sa.create_engine(sa.make_url(self.url).set(database="mysql"), poolclass=sa.NullPool)
        deadline = time.monotonic() + 30
        while not answers(engine) and time.monotonic() < deadline:
            time.sleep(0.05)

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def remove(self):
        self._process.kill()
        self._process.wait()
