"""The tables of the store. Times are milliseconds since 1970, UTC."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 1
"""Grows with every change of the tables."""

METADATA = MetaData()

SCHEMA_VERSION = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))

TEXTS = Table(
    "texts",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("id", String(200), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(2), nullable=False),
    Column("late", Boolean, nullable=False),
    # a copy is not scored again
    Column("copy_of", BigInteger),
    Column("topic", Text),
    Column("sentiment", Text),
    Column("negative", Float),
    Column("scores", Text),
    UniqueConstraint("source", "id"),
)
"""Each row once; copies of a text point at the first."""

Index("texts_by_topic", TEXTS.c.topic, TEXTS.c.time)
Index("texts_by_time", TEXTS.c.time)
_IS_COPY = TEXTS.c.copy_of.is_not(None)
Index("copies", TEXTS.c.copy_of, sqlite_where=_IS_COPY, postgresql_where=_IS_COPY)

WINDOWS = Table(
    "windows",
    METADATA,
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", Text, primary_key=True),
    Column("language", String(2), primary_key=True),
    Column("sentiment", Text, primary_key=True),
    Column("texts", Integer, nullable=False),
    Column("late", Integer, nullable=False),
)
"""How many texts of a kind came in a window, without copies; `late` ones are not in `texts`."""

COUNTS = Table(
    "counts",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
"""What became of the rows of each source."""

POSITIONS = Table(
    "positions",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("position", Text, nullable=False),
)
"""How far each part of a source is stored, as JSON."""

STATE = Table(
    "state",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
"""What a restart goes on from, as JSON."""

ALERTS = Table(
    "alerts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("episode", Text, nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("topic", Text, nullable=False),
    Column("window_start", BigInteger, nullable=False, index=True),
    Column("alert", Text, nullable=False),
)
"""Starts, peaks and ends of episodes; `alert` is the whole as JSON."""

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("sink", Text, primary_key=True),
    Column("alert_id", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""Alerts that a sink has not taken yet, in their order."""
