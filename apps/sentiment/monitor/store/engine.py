"""Opens the database of the monitor."""

import sqlite3
from typing import Any

from sqlalchemy import Engine, create_engine, event, insert, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from apps.sentiment.monitor.store.schema import METADATA, SCHEMA_VERSION, VERSION
from dlkit.errors import InputError

_BUSY_SECONDS = 30


def open_engine(url: str) -> Engine:
    """Connects, and makes the tables where there are none.

    Args:
        url: SQLite (in WAL mode, so that readers never wait for the writer) or PostgreSQL.

    Raises:
        InputError: It cannot be opened, or holds the tables of another version.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise ArgumentError("it is neither SQLite nor PostgreSQL")
        if parsed.get_backend_name() == "sqlite" and parsed.database in {None, "", ":memory:"}:
            raise ArgumentError("a store in memory is lost")
        engine = create_engine(parsed, pool_pre_ping=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        _make_tables(engine)
    except (ArgumentError, NoSuchModuleError, ImportError, SQLAlchemyError) as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        msg = f"`--store` must be the URL of a database that opens. Received: {url} ({cause})."
        raise InputError(msg + " Write sqlite:///monitor.db.") from error
    return engine


def _make_tables(engine: Engine) -> None:
    with engine.begin() as connection:
        if not inspect(connection).has_table(SCHEMA_VERSION.name):
            METADATA.create_all(connection)
            connection.execute(insert(SCHEMA_VERSION).values(version=VERSION))
        found = connection.scalar(select(SCHEMA_VERSION.c.version))
    if found != VERSION:
        msg = f"`--store` must hold tables of version {VERSION}. Received: {engine.url} with "
        raise InputError(f"{msg}version {found}. Name another store.")


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    for pragma in (
        f"busy_timeout = {1000 * _BUSY_SECONDS}",
        "journal_mode = WAL",
        # a power cut may take the last commits, rows and positions together; a kill takes none
        "synchronous = NORMAL",
    ):
        connection.execute(f"PRAGMA {pragma}").close()
