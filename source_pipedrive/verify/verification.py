"""Compares the tables of a warehouse with the account: the library behind the command."""

from collections.abc import Mapping, Sequence
from secrets import randbelow
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_pipedrive.api.access import Access, access_of
from source_pipedrive.api.exceptions import SyncStoppedError
from source_pipedrive.config import normalize_start_date
from source_pipedrive.protocol.source import AccessOf, SourcePipedrive
from source_pipedrive.verify.account import Account
from source_pipedrive.verify.database import WarehouseError
from source_pipedrive.verify.plan import Planned, Planner
from source_pipedrive.verify.report import Report, StreamReport
from source_pipedrive.verify.warehouse import Warehouse

DEFAULT_TOKENS = 500
_MOST_FOR_SECOND_LOOKS = 60


class UnknownStreamError(Exception):
    """A stream was asked for that the connector does not have. The text names it."""


class PriceError(Exception):
    """Comparing all rows costs more than allowed. The text says how much."""


class Progress:
    """Hears how a verification gets on; does nothing here."""

    def planned(self, plan: Sequence[Planned]) -> None:
        """Everything is planned, and nothing has been compared."""

    def began(self, one: Planned) -> None:
        """A stream is being compared."""

    def ended(self, report: StreamReport) -> None:
        """A stream was compared, or could not be."""


def verify(  # noqa: PLR0913 - the options of the command
    config: Mapping[str, Any],
    destination: str,
    *,
    schema: str | None = None,
    streams: Sequence[str] | None = None,
    tokens: int | None = None,
    full: bool = False,
    seed: int | None = None,
    is_synced: bool = False,
    progress: Progress | None = None,
    access: AccessOf | None = None,
) -> Report:
    """Compare the tables of `destination` with the account of `config`.

    `streams` are names; without, every table of a stream is compared. `tokens` is the most that it
    may cost: 500 by default, and with `full`, which compares all rows, no limit. The same `seed`
    draws the same rows. If nothing can have changed since the last sync, `is_synced` sets no row
    aside. Nothing is written on either side. Whoever passes `access` keeps renewed credentials.

    Raises `WarehouseError`, `UnknownStreamError`, `PriceError`, and `AirbyteTracedException` for
    what is wrong with the configuration or its key. What fails for one stream is in its report.
    """
    account = Account(SourcePipedrive(config=config, access=access or _forgetful))
    return Verification(account, progress or Progress()).run(
        destination,
        schema=schema,
        streams=streams,
        tokens=tokens,
        full=full,
        seed=seed,
        is_synced=is_synced,
    )


class Verification:
    """The comparison of an account with warehouses."""

    def __init__(self, account: Account, progress: Progress) -> None:
        self._account = account
        self._source = account.source
        self._progress = progress

    def run(  # noqa: PLR0913 - as above
        self,
        destination: str,
        *,
        schema: str | None,
        streams: Sequence[str] | None,
        tokens: int | None,
        full: bool,
        seed: int | None,
        is_synced: bool = False,
    ) -> Report:
        """Compare a warehouse, see `verify`."""
        known = list(self._source.specs)
        if unknown := [one for one in streams or () if one not in known]:
            raise UnknownStreamError(
                f"There is no stream {', '.join(unknown)}. The streams are in docs/streams.md."
            )
        warehouse = Warehouse(destination, schema, known)
        try:
            names = streams or [one for one in known if warehouse.has(one)]
            if not names:
                raise WarehouseError(
                    "The warehouse has no table of a stream, so there is nothing to compare. Run a "
                    "sync first, or correct --dest or --schema."
                )
            start = normalize_start_date(self._source.config.get("start_date"))
            planner = Planner(self._account, warehouse, start, _seed(seed), is_synced=is_synced)
            limit = tokens or DEFAULT_TOKENS
            plan = planner.plan(
                list(dict.fromkeys(names)), None if full else limit - _for_second_looks(limit)
            )
            price = sum(one.tokens for one in plan)
            if full and tokens is not None and price > tokens:
                raise PriceError(
                    f"All rows cost {price:,} tokens, more than --tokens {tokens:,} allows. Leave "
                    "out --tokens or --full, or compare fewer --streams."
                )
            return self._compared(plan, asked_for=set(streams or ()))
        finally:
            warehouse.close()

    def _compared(self, plan: Sequence[Planned], asked_for: set[str]) -> Report:
        self._progress.planned(plan)
        before, reports, stopped = self._spent(), [], ""
        for one in plan:
            report = self._report(one, stopped, is_asked_for=one.stream in asked_for)
            if report.outcome is None and isinstance(report, _Stopped):
                stopped = report.reason
            reports.append(report)
            self._progress.ended(report)
        return Report(
            reports,
            tokens_announced=sum(one.tokens for one in plan),
            tokens=self._spent() - before,
            tokens_left=self._source.budget.remaining,
        )

    def _report(self, one: Planned, stopped: str, *, is_asked_for: bool) -> StreamReport:
        if one.check is None:
            reason = one.reason or (
                f"Too few tokens: the least costs {one.lacking:,}, all rows {one.full_price:,}."
            )
            return StreamReport(
                one.stream,
                one.rows,
                reason=reason,
                was_asked_for=is_asked_for,
                lacking=one.lacking,
            )
        if stopped:
            return _Stopped(one.stream, one.rows, reason=stopped, tokens_announced=one.tokens)
        self._progress.began(one)
        before = self._spent()
        kind, outcome, reason = StreamReport, None, ""
        try:
            outcome = one.check.run()
        except SyncStoppedError as error:
            kind, reason = _Stopped, str(error.message)
        except AirbyteTracedException as error:
            reason = str(error.message)
        except WarehouseError as error:
            reason = str(error)
        return kind(
            one.stream, one.rows, outcome, reason, one.tokens, tokens=self._spent() - before
        )

    def _spent(self) -> int:
        return self._source.budget.spent


class _Stopped(StreamReport):
    """The verdict on a stream after which no request may be sent."""


def _forgetful(config: Mapping[str, Any]) -> Access:
    return access_of(config, hand_back=lambda _: None)


def _for_second_looks(tokens: int) -> int:
    """Return how many tokens are kept for rows that seem wrong, and may only have moved."""
    return min(tokens // 10, _MOST_FOR_SECOND_LOOKS)


def _seed(seed: int | None) -> int:
    return randbelow(2**32) if seed is None else seed
