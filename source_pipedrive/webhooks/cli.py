"""The command `source-pipedrive webhooks`."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from source_pipedrive.api.access import Access
from source_pipedrive.inbox.payloads import STREAMS
from source_pipedrive.inbox.store import Inbox, InboxError
from source_pipedrive.webhooks.company import Company
from source_pipedrive.webhooks.credentials import CredentialsError, find_credentials
from source_pipedrive.webhooks.inbox_command import show_inbox
from source_pipedrive.webhooks.logs import configure_logging
from source_pipedrive.webhooks.metrics import Metrics
from source_pipedrive.webhooks.monitor import WebhookMonitor
from source_pipedrive.webhooks.options import (
    DEFAULT_INBOX,
    Number,
    airbyte_jobs,
    database_url,
    printable_url,
    public_url,
)
from source_pipedrive.webhooks.receiver import Receiver, Service
from source_pipedrive.webhooks.registration import RegistrarError, Webhook
from source_pipedrive.webhooks.scheduler import SyncScheduler
from source_pipedrive.webhooks.server import prune_hourly, run_server
from source_pipedrive.webhooks.settings import Settings, parse_settings
from source_pipedrive.webhooks.targets.target import Target, TargetError
from source_pipedrive.webhooks.token_pace import TokenPace

_WITHOUT_EVENTS = (
    "activity types, call logs, currencies, files, filters, goals, mail, permission sets, and roles"
)


class _Commands(click.Group):
    """Prints errors that the user can correct as one message, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (CredentialsError, InboxError, RegistrarError, TargetError) as error:
            raise click.ClickException(str(error)) from error


_config_option = click.option(
    "--config",
    "settings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=parse_settings,
    required=True,
    help="The connector's config file.",
)
_credentials_option = click.option(
    "--credentials",
    "credentials_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File for generated credentials. Not needed if the config has webhook_user and "
    "webhook_password.",
)

_inbox_option = click.option(
    "--inbox",
    "inbox_url",
    envvar="PIPEDRIVE_WEBHOOK_INBOX",
    callback=database_url,
    help="Database for the events: sqlite:///file, postgresql://…, or @file with the URL in it  "
    "[default: PIPEDRIVE_WEBHOOK_INBOX in the environment, webhook_inbox of the config, or "
    "sqlite:///inbox.db]",
)


@click.group(cls=_Commands)
def main() -> None:
    """Receive changes from Pipedrive as they happen."""


@main.command()
@_config_option
@_credentials_option
@click.option("--url", callback=public_url, required=True, help="Public URL of the receiver.")
def register(settings: Settings, credentials_file: Path | None, url: str) -> None:
    """Register a webhook that sends all changes to a URL.

    Does nothing if it is already registered. Costs 10 to 26 tokens.
    """
    credentials = find_credentials(settings.config, credentials_file, generate=True)
    webhook, is_new = settings.registrar.register(url, credentials)
    click.echo(f"Webhook {webhook.id} {'now sends' if is_new else 'already sends'} to {url}.")
    click.echo(f"It reports changes of {', '.join(sorted(STREAMS.values()))}, and field")
    click.echo(f"definitions, as far as {settings.access.words.owner} may see them.")
    click.echo(f"Pipedrive sends no events for {_WITHOUT_EVENTS}.")
    click.echo("Their changes come with the next sync.")


@main.command("list")
@_config_option
def list_webhooks(settings: Settings) -> None:
    """List our webhooks and the state of their deliveries. Costs 10 tokens."""
    table = Table("id", "url", "events", "state", "last delivery", "answer")
    for webhook in settings.registrar.list_webhooks():
        table.add_row(
            str(webhook.id),
            printable_url(webhook.url),
            f"{webhook.event} v{webhook.version}",
            _state(webhook),
            webhook.last_delivery_time or "never",
            str(webhook.last_http_status or ""),
        )
    Console().print(table if table.row_count else "There is no webhook of ours.")


@main.command()
@_config_option
@click.option("--url", required=True, help="URL of the webhooks to remove.")
def remove(settings: Settings, url: str) -> None:
    """Remove our webhooks for a URL. Costs 10 tokens, plus 6 for each webhook."""
    removed = settings.registrar.remove(url)
    for webhook in removed:
        click.echo(f"Webhook {webhook.id} is removed.")
    if not removed:
        click.echo(f"None of our webhooks sends to {printable_url(url)}.")


@main.command("inbox")
@_config_option
@_inbox_option
def inspect_inbox(settings: Settings, inbox_url: str | None) -> None:
    """Show how many events the inbox has, and list those that cannot be read."""
    with Inbox(inbox_url or settings.config.get("webhook_inbox") or DEFAULT_INBOX) as inbox:
        show_inbox(inbox)


@main.command()
@_config_option
@_credentials_option
@_inbox_option
@click.option(
    "--company-id",
    default="",
    help="Company whose events are stored; those of others are refused.  [default: that of the "
    "registered webhook, or of the first event]",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on. 0 means any free port.",
)
@click.option("--path", default="/", show_default=True, help="Path that receives deliveries.")
@click.option(
    "--keep-days",
    type=Number(1, 36_500),
    default=30.0,
    show_default=True,
    help="Delete events after so many days. The connector must read them before.",
)
@click.option(
    "--register",
    "public_url",
    callback=public_url,
    help="Register a webhook for this public URL, and monitor it.",
)
@click.option(
    "--check-minutes",
    type=Number(0.01, 10_000),
    default=10.0,
    show_default=True,
    help="Minutes between two checks of the webhook. Each check costs 10 tokens.",
)
@click.option(
    "--then",
    type=click.Choice(["sync", "airbyte"]),
    help="What new events start: a sync in this process, or a job of an Airbyte platform.",
)
@click.option(
    "--debounce",
    type=Number(0, 3600),
    default=0.0,
    show_default=True,
    help="Seconds from an event to the sync.",
)
@click.option(
    "--full-resync-minutes",
    type=Number(1, 100_000),
    default=60.0,
    show_default=True,
    help="Minutes between two full resyncs, which bring changes that no event reported. More, if "
    "a day of them would cost over a tenth of the company's daily tokens.",
)
@click.option(
    "--daily-tokens",
    type=Number(1, 10**9),
    help="For --then sync: tokens a day for syncs of changed rows. When they run short, syncs "
    "become rarer.  [default: a quarter of the company's daily tokens]",
)
@click.option(
    "--dest",
    envvar="PIPEDRIVE_WEBHOOK_DEST",
    callback=database_url,
    help="For --then sync: duckdb:///file, postgresql://…, or @file with the URL in it  [default: "
    "PIPEDRIVE_WEBHOOK_DEST in the environment]",
)
@click.option(
    "--streams",
    default="",
    help="For --then sync: stream names separated by commas, or *  [default: streams with events, "
    "and their fields]",
)
@click.option("--url", "airbyte_url", help="For --then airbyte: URL of the platform.")
@click.option("--connection-id", help="For --then airbyte: connection to sync.")
@click.option(
    "--pause-minutes",
    type=Number(0, 10_000),
    default=5.0,
    show_default=True,
    help="For --then airbyte: minutes from the start of a job to the next.",
)
def serve(  # noqa: PLR0913 - one parameter for each option
    *,
    settings: Settings,
    credentials_file: Path | None,
    inbox_url: str | None,
    company_id: str,
    host: str,
    port: int,
    path: str,
    keep_days: float,
    public_url: str | None,
    check_minutes: float,
    then: str | None,
    debounce: float,
    full_resync_minutes: float,
    daily_tokens: float | None,
    **target_options: Any,
) -> None:
    """Run the receiver: store changes, and sync them with --then.

    `--then airbyte` reads AIRBYTE_TOKEN, or AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET, from the
    environment.
    """
    if path in {"/health", "/metrics"} or not path.startswith("/"):
        raise click.BadParameter("--path must begin with / and must not be /health or /metrics.")
    credentials = find_credentials(
        settings.config, credentials_file, generate=public_url is not None
    )
    inbox_url = inbox_url or settings.config.get("webhook_inbox") or DEFAULT_INBOX
    inbox = Inbox(inbox_url)
    metrics = Metrics()
    services: list[Service] = [partial(prune_hourly, inbox, keep_days)]
    company = Company(company_id)
    on_new = on_gap = _ignore
    if then:
        config = {**settings.config, "webhook_inbox": inbox_url}
        target = _target(then, config, settings.access, target_options)
        scheduler = SyncScheduler(
            inbox,
            target,
            full_resync_every=full_resync_minutes * 60,
            debounce=debounce,
            on_arrival=metrics.arrived,
            pace=TokenPace(daily_tokens, metrics.synced),
        )
        on_new, on_gap = scheduler.notify, scheduler.request_full_resync
        services.append(scheduler.run)
    if public_url:
        monitor = WebhookMonitor(
            settings.registrar, public_url, credentials, on_gap, company.registered
        )
        services.append(partial(monitor.run, check_minutes * 60))
    inbox.prepare()
    receiver = Receiver(
        inbox,
        credentials,
        path,
        metrics=metrics,
        on_new=on_new,
        on_gap=on_gap,
        company=company,
        services=services,
    )
    configure_logging()
    run_server(
        receiver.app,
        host,
        port,
        announce=lambda at: click.echo(f"Receiving at {at}{path}"),
        on_closed=metrics.connection_closed,
    )


def _ignore() -> None:
    """Do nothing: without --then, no sync depends on events."""


def _target(
    then: str, config: dict[str, Any], access: Access, options: Mapping[str, Any]
) -> Target:
    return _warehouse(config, access, options) if then == "sync" else airbyte_jobs(options)


def _warehouse(config: dict[str, Any], access: Access, options: Mapping[str, Any]) -> Target:
    if not options["dest"]:
        raise click.UsageError("--then sync needs --dest.")
    try:
        # PyAirbyte belongs to another extra
        from source_pipedrive.webhooks.targets.warehouse import Warehouse  # noqa: PLC0415
    except ImportError as error:
        raise click.UsageError("--then sync needs the extra `sync` of source-pipedrive.") from error
    streams = options["streams"].split(",") if options["streams"] else ()
    return Warehouse(config, options["dest"], streams, access)


def _state(webhook: Webhook) -> str:
    if not webhook.is_active:
        return f"removed: {webhook.remove_reason or 'no reason given'}"
    return "active, failing" if webhook.is_failing else "active"
