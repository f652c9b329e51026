"""Understands the settings of Airbyte's official Pipedrive connector, of all its versions.

https://docs.airbyte.com/integrations/sources/pipedrive
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from source_pipedrive import timestamps

Config = Mapping[str, Any]

# its default, which means everything: as `start_date`, it would filter out rows that never changed
_EVERYTHING = datetime(2010, 1, 1, tzinfo=UTC)
# where an authorization without `api_domain` finds it: the first answer with tokens names it
_SHARED_HOST = "https://api.pipedrive.com"
_APP = ("client_id", "client_secret", "refresh_token")

OLD_SETTINGS = ("api_token", "authorization", "replication_start_date")
"""Settings that the official connector had, or has. `num_workers` is ignored."""


def migrate(config: Config) -> dict[str, Any]:
    """Return settings in their present form.

    `api_token` (since 2.0) and `authorization` (before) become `credentials`, and
    `replication_start_date` becomes `start_date`. An old setting that cannot be used, or that
    contradicts a present one, stays: `old_problems` describes it.
    """
    migrated = {name: value for name, value in config.items() if name != "num_workers"}
    _migrate_api_token(migrated)
    _migrate_authorization(migrated)
    _migrate_start_date(migrated)
    return migrated


def old_problems(migrated: Config) -> Iterator[str]:
    """Describe the old settings that `migrate` left, without the values of secrets."""
    for name in ("api_token", "authorization"):
        if name in migrated:
            others = [one for one in ("api_key", "credentials") if _is_set(migrated.get(one))]
            yield (
                f"`{name}` and `{others[0]}` contradict each other. Remove one of them."
                if others
                else f"`{name}` is not valid. Set `api_key` to the API token of a user instead."
            )
    if "replication_start_date" in migrated:
        value = migrated["replication_start_date"]
        if _moment(value) is None:
            yield (
                f"`replication_start_date` {value!r} is not a date. Set `start_date` to a date "
                "such as 2024-05-01, or leave it empty to copy everything."
            )
        else:
            yield (
                f"`start_date` {migrated['start_date']!r} and `replication_start_date` {value!r} "
                "contradict each other. Remove one of them."
            )


def _migrate_api_token(config: dict[str, Any]) -> None:
    token = config.pop("api_token", None)
    if not _is_set(token):
        return
    if isinstance(token, str) and _accepts(config, token):
        return
    config["api_token"] = token


def _migrate_authorization(config: dict[str, Any]) -> None:
    written = config.pop("authorization", None)
    given = _filled(written)
    token = given.get("api_token")
    is_token = isinstance(token, str) and not given.keys() & {*_APP}
    if isinstance(written, Mapping) and not given:
        return
    if _accepts(config, str(token)) if is_token else _accepts_app(config, given):
        return
    if _is_set(written):
        config["authorization"] = written


def _accepts(config: dict[str, Any], token: str) -> bool:
    """Take over an API token, unless there are other credentials."""
    credentials = _filled(config.get("credentials"))
    if _is_set(config.get("api_key")) or credentials:
        return token in [config.get("api_key"), credentials.get("api_token")]
    config["credentials"] = {"auth_type": "api_token", "api_token": token}
    return True


def _accepts_app(config: dict[str, Any], given: Config) -> bool:
    """Take over the app of an OAuth authorization, unless there are other credentials."""
    app = {key: given.get(key) for key in _APP}
    if not all(isinstance(value, str) for value in app.values()):
        return False
    present = _filled(config.get("credentials"))
    if _is_set(config.get("api_key")) or present:
        return app.items() <= present.items()
    domain = given.get("api_domain", _SHARED_HOST)
    config["credentials"] = {"auth_type": "oauth2.0", **app, "api_domain": domain}
    return True


def _filled(credentials: object) -> Config:
    """Return what is set in credentials; nothing if that is only their type, as a form sets it."""
    given = credentials if isinstance(credentials, Mapping) else {}
    filled = {key: value for key, value in given.items() if _is_set(value)}
    return filled if filled.keys() - {"auth_type"} else {}


def _migrate_start_date(config: dict[str, Any]) -> None:
    written = config.pop("replication_start_date", None)
    if not _is_set(written):
        return
    moment, present = _moment(written), config.get("start_date")
    if moment is None or (_is_set(present) and moment not in {_EVERYTHING, _moment(present)}):
        config["replication_start_date"] = written
    elif not _is_set(present) and moment != _EVERYTHING:
        config["start_date"] = _with_t(written)


def _moment(written: object) -> datetime | None:
    try:
        return timestamps.parse(_with_t(written)) if isinstance(written, str) else None
    except ValueError:
        return None


def _with_t(written: str) -> str:
    return written.strip().replace(" ", "T", 1)


def _is_set(value: object) -> bool:
    return value not in (None, "", {})
