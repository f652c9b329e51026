"""The command `source-pipedrive webhooks`."""

import json
import logging
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.table import Table

from source_pipedrive.config import describe_problems, specification
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.credentials import CredentialsError, find_credentials
from source_pipedrive.webhooks.metrics import Metrics
from source_pipedrive.webhooks.monitor import Watch
from source_pipedrive.webhooks.receiver import Receiver, Service
from source_pipedrive.webhooks.registration import DEFAULT_API, Hook, Registrar, RegistrarError
from source_pipedrive.webhooks.scheduler import DestinationError, Target, Trigger
from source_pipedrive.webhooks.server import prune_hourly, run_server

_NOT_SENT = (
    "activity types, call logs, currencies, files, filters, goals, mail, permission sets, roles"
)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class _Commands(click.Group):
    """Ends with one sentence, and no traceback, where somebody can do something about it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (CredentialsError, DestinationError, InboxError, RegistrarError) as error:
            raise click.ClickException(str(error)) from error


def _parsed(_context: click.Context, _option: click.Parameter, file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{file} is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise click.BadParameter(f"{file} is no JSON object.")
    if found := describe_problems(config, specification()):
        raise click.BadParameter(found)
    return config


def _public(_context: click.Context, _option: click.Parameter, written: str | None) -> str | None:
    url = urlsplit(written or "")
    if written and not (url.scheme == "https" or url.hostname in _LOOPBACK):
        raise click.BadParameter("write https://…, else the password travels unencrypted.")
    return written


_config_option = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_parsed,
    required=True,
    help="The connector's config.",
)
_credentials_option = click.option(
    "--credentials",
    "credentials_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keeps generated credentials; not needed if the config has webhook_user and _password.",
)


@click.group(cls=_Commands)
def main() -> None:
    """Learn of changes in Pipedrive as they happen."""


@main.command()
@_config_option
@_credentials_option
@click.option("--url", callback=_public, required=True, help="Where the receiver can be reached.")
def register(config: dict[str, Any], credentials_file: Path | None, url: str) -> None:
    """Have Pipedrive send every change to a URL; does nothing if it does already. 10-26 tokens."""
    credentials = find_credentials(config, credentials_file, generate=True)
    hook, is_new = _registrar(config).register(url, credentials)
    click.echo(f"Webhook {hook.id} {'now sends' if is_new else 'sends already'} to {url}.")
    click.echo(f"It tells of {', '.join(sorted(STREAMS.values()))} and field definitions,")
    click.echo("as far as the owner of the API key may see them.")
    click.echo(f"Pipedrive sends nothing about {_NOT_SENT}: those come with the next sync.")


@main.command("list")
@_config_option
def list_hooks(config: dict[str, Any]) -> None:
    """Show our webhooks, and how Pipedrive fares with them. 10 tokens."""
    table = Table("id", "url", "events", "state", "last delivery", "answer")
    for hook in _registrar(config).hooks():
        table.add_row(
            str(hook.id),
            hook.url,
            f"{hook.event} v{hook.version}",
            _state(hook),
            hook.last_delivery_time or "never",
            str(hook.last_http_status or ""),
        )
    Console().print(table if table.row_count else "There is no webhook of ours.")


@main.command()
@_config_option
@click.option("--url", required=True, help="Where the webhooks to remove send to.")
def remove(config: dict[str, Any], url: str) -> None:
    """Remove our webhooks to a URL. 10 tokens, and 6 for each."""
    removed = _registrar(config).remove(url)
    for hook in removed:
        click.echo(f"Webhook {hook.id} is removed.")
    if not removed:
        click.echo(f"None of our webhooks sends to {url}.")


@main.command()
@_config_option
@_credentials_option
@click.option("--inbox", "inbox_url", help="sqlite:///file or postgresql://…  [webhook_inbox]")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="0 takes a free one.")
@click.option("--path", default="/", show_default=True, help="Path of the deliveries.")
@click.option("--keep-days", default=30.0, show_default=True, help="How long events are kept.")
@click.option(
    "--register", "public_url", callback=_public, help="Register this URL, and look after it."
)
@click.option("--check-minutes", default=10.0, show_default=True, help="Each check: 10 tokens.")
@click.option("--then", type=click.Choice(["sync", "airbyte"]), help="What new events start.")
@click.option("--debounce", default=2.0, show_default=True, help="Seconds from event to sync.")
@click.option("--heal-minutes", default=60.0, show_default=True, help="Sync everything so often.")
@click.option("--dest", help="sync: duckdb:///file or postgresql://user:password@host/database")
@click.option(
    "--streams", default="", help="sync: names or *  [those webhooks tell of, and their fields]"
)
@click.option("--url", "airbyte_url", help="airbyte: where the platform answers.")
@click.option("--connection-id", help="airbyte: the connection to sync.")
@click.option("--pause-minutes", default=5.0, show_default=True, help="airbyte: between two jobs.")
def serve(  # noqa: PLR0913 - one parameter for each option
    *,
    config: dict[str, Any],
    credentials_file: Path | None,
    inbox_url: str | None,
    host: str,
    port: int,
    path: str,
    keep_days: float,
    public_url: str | None,
    check_minutes: float,
    then: str | None,
    debounce: float,
    heal_minutes: float,
    **target: Any,
) -> None:
    """Receive changes into the inbox; with --then, have them synced at once.

    `--then airbyte` takes AIRBYTE_TOKEN, or AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, from the
    environment.
    """
    if path in {"/health", "/metrics"} or not path.startswith("/"):
        raise click.BadParameter("--path must begin with / and be neither /health nor /metrics.")
    credentials = find_credentials(config, credentials_file, generate=public_url is not None)
    inbox_url = inbox_url or config.get("webhook_inbox") or "sqlite:///inbox.db"
    inbox = Inbox(inbox_url)
    metrics = Metrics()
    services: list[Service] = [partial(prune_hourly, inbox, keep_days)]
    on_new = on_gap = _nothing
    if then:
        destination = (
            _warehouse({**config, "webhook_inbox": inbox_url}, target)
            if then == "sync"
            else _jobs(target)
        )
        trigger = Trigger(inbox, destination, debounce, heal_minutes * 60, metrics.arrival.observe)
        on_new, on_gap = trigger.wake, trigger.heal
        services.append(trigger.run)
    if public_url:
        watch = Watch(_registrar(config), public_url, credentials, on_gap)
        services.append(partial(watch.run, check_minutes * 60))
    inbox.prepare()
    receiver = Receiver(inbox, credentials, path, metrics=metrics, on_new=on_new, services=services)
    # the CDK, if it was imported, has made logs lines of the Airbyte protocol
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level="INFO", force=True)
    for chatty in ("airbyte", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    run_server(receiver.app, host, port, lambda at: click.echo(f"Receiving at {at}{path}"))


def _nothing() -> None:
    """Take no notice."""


def _warehouse(config: dict[str, Any], options: Mapping[str, Any]) -> Target:
    if not options["dest"]:
        raise click.UsageError("--then sync needs --dest.")
    try:
        from source_pipedrive.webhooks.targets.warehouse import Warehouse  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise click.UsageError("--then sync needs the extra `sync` of source-pipedrive.") from error
    return Warehouse(
        config, options["dest"], options["streams"].split(",") if options["streams"] else ()
    )


def _jobs(options: Mapping[str, Any]) -> Target:
    if not (options["airbyte_url"] and options["connection_id"]):
        raise click.UsageError("--then airbyte needs --url and --connection-id.")
    token, *application = (
        os.environ.get(f"AIRBYTE_{name}", "") for name in ("TOKEN", "CLIENT_ID", "CLIENT_SECRET")
    )
    if not token and not all(application):
        raise click.UsageError(
            "--then airbyte needs AIRBYTE_TOKEN, or AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET."
        )
    from source_pipedrive.webhooks.targets.airbyte_jobs import AirbyteJobs  # noqa: PLC0415 - takes a second

    return AirbyteJobs(
        options["airbyte_url"],
        options["connection_id"],
        options["pause_minutes"] * 60,
        token=token,
        application=None if token else (application[0], application[1]),
    )


def _registrar(config: dict[str, Any]) -> Registrar:
    return Registrar(config["api_key"], config.get("api_url") or DEFAULT_API)


def _state(hook: Hook) -> str:
    if not hook.is_active:
        return f"removed: {hook.remove_reason or 'no reason given'}"
    return "active, failing" if hook.failing else "active"
