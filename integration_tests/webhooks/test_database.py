"""A PostgreSQL server that does not answer."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import requests

from integration_tests.webhooks.account import wait_until
from integration_tests.webhooks.process import running_receiver
from unit_tests.inbox.deliveries import CREDENTIALS, a_delivery
from unit_tests.inbox.postgres import Postgres


@contextmanager
def frozen(url: str) -> Iterator[None]:
    """Freeze the server's processes of a database: they answer nothing, and close nothing."""
    with psycopg.connect(url) as connection:
        query = (
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        pids = [pid for (pid,) in connection.execute(query)]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_a_frozen_database_is_reported_and_holds_no_shutdown(postgres: Postgres) -> None:
    url = postgres.new_database()
    with running_receiver(url) as receiver:
        accepted = requests.post(receiver.url, json=a_delivery(), auth=CREDENTIALS, timeout=30)
        with frozen(url):
            # noticed without a delivery, by the idle probe
            wait_until(lambda: not receiver.is_ready)
            rejected = requests.post(receiver.url, json=a_delivery(), auth=CREDENTIALS, timeout=30)
            writable = receiver.metric("inbox_writable")
            receiver.process.terminate()
            # Kubernetes and Docker kill after ten seconds or more
            receiver.process.wait(10)
        log = receiver.log.read_text()

    assert (accepted.status_code, rejected.status_code, writable) == (200, 503, 0)
    assert "The database of the inbox does not answer." in log
    assert "Traceback" not in log
