"""Alerts that a sink has yet to take."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, delete, select

from apps.sentiment.monitor.store.schema import ALERTS, DELIVERIES


def pending(engine: Engine, sink: str) -> Iterator[dict[str, Any]]:
    """Yields the alerts that a sink has not taken, in their order."""
    query = (
        select(ALERTS.c.alert)
        .join(DELIVERIES, DELIVERIES.c.alert_id == ALERTS.c.id)
        .where(DELIVERIES.c.sink == sink)
        .order_by(DELIVERIES.c.number)
    )
    with engine.connect() as connection:
        found = connection.scalars(query).all()
    for alert in found:
        yield json.loads(alert)


def delivered(engine: Engine, sink: str, alert: str) -> None:
    """Notes that a sink needs an alert no more."""
    with engine.begin() as connection:
        taken = (DELIVERIES.c.sink == sink) & (DELIVERIES.c.alert_id == alert)
        connection.execute(delete(DELIVERIES).where(taken))
