"""The decision log's one table, and the rules that SQLite itself keeps.

Takes: nothing. Gives: the SQLAlchemy table, its triggers and the opened database.
Does not: run statements in the service's life (`serving.decision_log` does).

Two rules are triggers, so that no code path can break them: a verdict once stored never changes, and a decision
that has ended never changes.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from cases.errors import StoreError

SCHEMA_VERSION: Final = 1

METADATA: Final = sa.MetaData()
DECISIONS: Final = sa.Table(
    "decisions",
    METADATA,
    sa.Column("decision_id", sa.String, primary_key=True),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("asynchronous", sa.Boolean, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("request", sa.LargeBinary, nullable=False),  # the body as it came, for another attempt
    sa.Column("verdict_event", sa.String),  # data of the `verdict` event; null until there is one
    sa.Column("decision", sa.String, nullable=False),  # the newest snapshot, in the contract's JSON
    sa.Column("events", sa.String),  # the whole stream, once it has ended
)
sa.Index("decisions_running", DECISIONS.c.status, sqlite_where=DECISIONS.c.status == "running")

_TRIGGERS: Final = (
    """CREATE TRIGGER IF NOT EXISTS a_verdict_never_changes
       BEFORE UPDATE OF verdict_event ON decisions
       WHEN OLD.verdict_event IS NOT NULL AND NEW.verdict_event IS NOT OLD.verdict_event
       BEGIN SELECT RAISE(ABORT, 'a stored verdict never changes'); END""",
    """CREATE TRIGGER IF NOT EXISTS an_ended_decision_never_changes
       BEFORE UPDATE ON decisions WHEN OLD.status != 'running'
       BEGIN SELECT RAISE(ABORT, 'an ended decision never changes'); END""",
)


def open_database(path: Path, *, synchronous: str) -> sa.Engine:
    """Open (and where needed create) the database in WAL mode.

    Raises StoreError when it cannot be opened or was written by another version of the schema.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Parameters are chats: they must reach neither logs nor exceptions.
        database = sa.create_engine(f"sqlite:///{path}", hide_parameters=True)
        sa.event.listen(database, "connect", _pragmas(synchronous))
        with database.begin() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if found not in {0, SCHEMA_VERSION}:
                raise StoreError(f"{path}: schema version {found}, not {SCHEMA_VERSION}; move the file away")
            METADATA.create_all(connection)
            for trigger in _TRIGGERS:
                connection.exec_driver_sql(trigger)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except (sa.exc.DatabaseError, OSError) as error:
        raise StoreError(f"{path}: cannot be opened as the decision log: {error}") from error
    return database


def _pragmas(synchronous: str):  # type: ignore[no-untyped-def]  # SQLAlchemy's listener, by DBAPI objects
    def on_connect(connection, _record):  # type: ignore[no-untyped-def]
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA busy_timeout = 5000")

    return on_connect
