"""Packages that migrations import, by what calling into them can do."""

from __future__ import annotations

from typing import Final

_STANDARD_WORDS = (
    "__future__ abc argparse array ast asyncio base64 bisect binascii builtins codecs collections concurrent configparser "
    "contextlib contextvars copy csv dataclasses datetime decimal difflib email enum fractions functools gc getpass gettext "
    "glob gzip hashlib heapq hmac html http importlib inspect io ipaddress itertools json keyword linecache locale logging "
    "lzma math mimetypes multiprocessing numbers operator os pathlib pickle pkgutil platform pprint queue random re reprlib "
    "secrets select selectors shelve shlex shutil signal smtplib socket ssl stat statistics string struct sys tarfile "
    "tempfile textwrap threading time timeit tomllib traceback types typing unicodedata unittest urllib uuid warnings "
    "weakref xml zipfile zipimport zlib zoneinfo"
)
_OTHER_WORDS = (
    "arrow attr attrs babel bcrypt boto boto3 botocore bs4 bugsnag cachetools celery certifi chardet click coloredlogs "
    "colorama confluent_kafka cryptography datadog dateutil dateparser ddtrace dns dotenv elasticsearch elasticsearch_dsl "
    "email_validator environs environ faker fernet freezegun google httpx httplib2 humanize humps iso8601 isodate "
    "itsdangerous jinja2 jose jsonschema jwt kafka kombu langcodes loguru lxml magic mailchimp markdown markupsafe "
    "marshmallow memcache meilisearch minio mixpanel msgpack newrelic nltk numpy oauthlib opensearchpy opentelemetry orjson "
    "oslo_config oslo_log oslo_utils passlib pendulum phonenumbers pika PIL pkg_resources posthog progress progressbar "
    "prometheus_client psutil pydantic pydantic_settings pymemcache pyparsing pytz qdrant_client redis requests rich "
    "rollbar rq schema segment sendgrid sentry_sdk setuptools shortuuid simplejson six slack_sdk slugify statsd stripe "
    "structlog tabulate tenacity termcolor textdistance toml tqdm twilio typer typing_extensions tzlocal ujson ulid "
    "unidecode urllib3 validators webcolors werkzeug yaml zeep zope"
)
STANDARD: Final = frozenset(_STANDARD_WORDS.split())
"""Modules of Python's own whose calls do nothing to the migration's database."""

INERT: Final = STANDARD | frozenset(_OTHER_WORDS.split())
"""Packages whose calls do nothing to the migration's database, unless it is handed to them."""

_BUILTINS_WORDS = (
    "print range enumerate zip len sorted reversed list tuple dict set frozenset str int float bool min max sum any all "
    "isinstance issubclass hasattr getattr setattr repr map filter next iter abs round globals locals vars type object "
    "super open input exec eval callable id hash format chr ord divmod pow slice bytes bytearray Exception ValueError "
    "RuntimeError NotImplementedError NotImplemented KeyError TypeError AttributeError ImportError OSError staticmethod "
    "classmethod property __import__ exit quit breakpoint Warning DeprecationWarning UserWarning StopIteration IndexError "
    "AssertionError BaseException"
)
BUILTINS: Final = frozenset(_BUILTINS_WORDS.split())
"""The builtins that a migration may name; any other unbound name is unknown."""

LIBRARIES: Final = frozenset(["alembic", "sqlalchemy", "sqlmodel", "geoalchemy2", "sqlalchemy_utils", "pgvector"])
"""Packages that are read by their names: what they offer are types, columns, statements and operations."""

PSYCOPG: Final = frozenset(["psycopg", "psycopg2"])
"""The packages whose `sql` module composes statements."""

UNREAD: Final = frozenset(
    ["os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "importlib.import_module", "pkgutil.get_data"]
)
"""Calls of inert packages that may start anything else."""


def is_inert(path: str) -> bool:
    """Return whether a call by this dotted path leaves the migration's database alone, whatever its name."""
    return path.partition(".")[0] in INERT and path not in UNREAD


def may_be_of_project(path: str) -> bool:
    """Return whether a dotted path may lead to a module of the project."""
    root = path.partition(".")[0]
    return root not in INERT and root not in LIBRARIES
