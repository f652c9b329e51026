"""The likely cause of what was found wrong, and what to do about it."""

from source_pipedrive.verify.comparison import Finding, Judgement

_REFRESH = "Run a full refresh of the stream (overwrite)"
_STATUS_COLUMNS = {"is_archived", "archive_time", "is_deleted", "status"}


def cause_of(one: Judgement) -> str:
    """Say why a row is probably wrong, and how to put it right."""
    if one.finding is Finding.DIFFERENT:
        return _cause_of_difference(one)
    if one.finding is Finding.MISSING and one.is_archived:
        return (
            "The sync did not bring these archived rows: `include_archived` was off, `start_date` "
            f"was later, or somebody removed them from the table. {_REFRESH}."
        )
    return _CAUSES[one.finding]


def _cause_of_difference(one: Judgement) -> str:
    columns = set(one.columns)
    if columns <= _STATUS_COLUMNS:
        return (
            "Same `update_time`: the rows were archived, restored, or deleted after the last full "
            f"refresh, or lost their mark in the table. {_REFRESH}."
        )
    if all(column.startswith("custom_") or column == "labels" for column in columns):
        return (
            "Same `update_time`: a field, an option, or a label was changed, which changes no row, "
            f"or somebody edited the table. {_REFRESH}."
        )
    return (
        "Same `update_time`: somebody edited the table, or Pipedrive changed these columns without "
        f"a new `update_time`. {_REFRESH}."
    )


_CAUSES = {
    Finding.MISSING: (
        "The sync did not bring these rows: `start_date` was later, the owner of the API key could "
        f"not see them, or somebody removed them from the table. {_REFRESH}."
    ),
    Finding.STALE: (
        "The rows changed in Pipedrive before the last sync, which did not bring the change. "
        f"{_REFRESH}, and report it if it happens again."
    ),
    Finding.GONE: (
        "Pipedrive does not show these rows any more: they were deleted or merged and no webhook "
        "reported it, or the owner of the API key may no longer see them. "
        f"{_REFRESH}; set `webhook_inbox` to learn of deletions."
    ),
    Finding.DUPLICATE: (
        "The same version of the row was loaded more than once. Remove the copies, or run a full "
        "refresh of the stream (overwrite)."
    ),
}
