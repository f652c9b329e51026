"""Simulates a sales team that edits, creates, archives, merges, and deletes rows in a sandbox."""

import time
from collections import Counter
from random import Random

from pipedrive_sandbox.client import RunningSandbox

_CHANGES_PER_SECOND = 4
# an action that stands here twice is chosen twice as often
_ACTIONS = (
    *[("edit", table) for table in ("deals", "deals", "persons", "organizations", "activities")],
    *[("edit", table) for table in ("notes", "leads", "products")],
    *[("create", table) for table in ("deals", "persons", "activities", "notes", "leads")],
    *[("archive", table) for table in ("deals", "leads")],
    *[("merge", table) for table in ("deals", "persons", "organizations")],
    *[("delete", table) for table in ("deals", "persons", "organizations", "activities")],
    *[("delete", table) for table in ("notes", "leads", "products")],
)
TABLES = sorted({table for _, table in _ACTIONS})


def change_rows(sandbox: RunningSandbox, seconds: int) -> Counter[str]:
    """Change four random rows a second; return how many were, by action and table."""
    random = Random(7)  # noqa: S311 - the same changes in each run
    changes = Counter[str]()
    end = time.monotonic() + seconds
    for number in range(seconds * _CHANGES_PER_SECOND):
        action, table = random.choice(_ACTIONS)
        ids = sandbox.control("mutate", "POST", table=table, action=action, count=1, seed=number)[
            "ids"
        ]
        changes[f"{action} {table}"] += len(ids)
        left = end - seconds + (number + 1) / _CHANGES_PER_SECOND - time.monotonic()
        time.sleep(max(0, left))
    return changes
