"""The private parts of the CDK that this connector depends on: each with its reason and its test.

`setup.py` allows only the minor versions of the CDK that CI has run. The tests of this module,
`unit_tests/protocol/test_cdk_seams.py`, fail when one of these parts changes.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from functools import cache
from threading import Lock
from typing import Any, ClassVar

from airbyte_cdk.models import AirbyteMessage
from airbyte_cdk.sources.declarative import concurrent_declarative_source
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)
from airbyte_cdk.sources.declarative.interpolation.jinja import JinjaInterpolation
from airbyte_cdk.sources.message import MessageRepository
from airbyte_protocol_dataclasses.models import (
    AirbyteRecordMessageMeta,
    AirbyteRecordMessageMetaChange,
    Change,
    Reason,
)

from source_pipedrive.streams.records import RecordPage, RowRecords

_LITERAL_EVAL_IS_THREAD_SAFE = (3, 11, 8)


def messages_of(source: ConcurrentDeclarativeSource) -> MessageRepository:
    """Return where the messages of a source go that are not records, such as states.

    Depends on: `_message_repository` of the CDK's source. Gain: a state passes the same queue as
    the records, behind those that it covers.
    """
    return source._message_repository  # noqa: SLF001 - the CDK has no other place for it


def page_of(message: AirbyteMessage) -> RecordPage | None:
    """Return the page that travels as the data of a record message.

    Depends on: the CDK hands the data of a record on as it is, from the partition to the message.
    Gain: a page at a time takes a quarter of the CPU of a record at a time.
    """
    return message.record.data.get(RecordPage.KEY) if message.record else None


def with_changes(message: AirbyteMessage) -> AirbyteMessage:
    """Return a record message with the changes that travel in its data.

    Depends on: as `page_of`. Gain: `meta.changes` also for those who read the messages in Python.
    """
    if message.record and (changes := message.record.data.pop(RowRecords.CHANGES, None)):
        message.record.meta = AirbyteRecordMessageMeta(
            [
                AirbyteRecordMessageMetaChange(
                    one["field"], Change(one["change"]), Reason(one["reason"])
                )
                for one in changes
            ]
        )
    return message


def evaluate_templates_one_at_a_time() -> None:
    """Keep threads from evaluating templates at the same moment, where Python cannot do it.

    Depends on: `JinjaInterpolation._literal_eval`, to which the CDK hands the result of every
    template. Gain: in Python 3.11.7 and older, `ast.literal_eval` now and then raises a
    `SystemError` when two threads are in it, which ends the stream.
    https://github.com/python/cpython/issues/106905
    """
    if sys.version_info >= _LITERAL_EVAL_IS_THREAD_SAFE:
        return
    evaluate = JinjaInterpolation._literal_eval  # noqa: SLF001 - the CDK has no other place for it
    lock = Lock()

    def evaluate_alone(*result: Any) -> Any:
        with lock:
            return evaluate(*result)

    setattr(JinjaInterpolation, "_literal_eval", evaluate_alone)  # noqa: B010 - see above


@cache
def validate_manifest_once() -> None:
    """Let a process that builds the source again and again validate its manifest once.

    Depends on: two names in the CDK's `concurrent_declarative_source`. Gain: 0.3 s of CPU a sync.
    """
    validate = concurrent_declarative_source.validate_manifest
    is_valid = False

    def validate_first(manifest: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        nonlocal is_valid
        if not is_valid:
            validate(manifest, schema)
            is_valid = True

    get_schema: Callable[[], dict[str, Any]] = (
        concurrent_declarative_source.get_declarative_component_schema
    )
    setattr(concurrent_declarative_source, "validate_manifest", validate_first)  # noqa: B010 - mypy
    setattr(  # noqa: B010 - mypy knows no such name there
        concurrent_declarative_source, "get_declarative_component_schema", cache(get_schema)
    )


class CdkLogFilter(logging.Filter):
    """Keeps back what the CDK logs about its own workings.

    Depends on: the names of these modules of the CDK. Gain: without it, the log has whole payloads
    and URLs, and every failure twice. What matters to a user is said by the connector, or by the
    protocol's own messages.
    """

    MODULES: ClassVar = frozenset(
        {
            "concurrent_read_processor",
            "concurrent_source",
            "exception_handler",
            "http_client",
            "memory_monitor",
            "rate_limiting",
        }
    )

    def filter(self, record: logging.LogRecord) -> bool:
        return record.module not in self.MODULES or record.levelno == logging.DEBUG
