"""The failures of one sync: each is reported once, and summed up at the end."""

import re

from airbyte_cdk.models import AirbyteMessage, FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

_CORRELATION_ID = re.compile(r" \[x-correlation-id [^\]]*\]")
_GRAVEST_FIRST = (
    FailureType.config_error,
    FailureType.system_error,
    FailureType.transient_error,
)


class Failures:
    """The failures of the streams of a sync."""

    def __init__(self) -> None:
        self._types: dict[str, FailureType] = {}
        self._reported: set[str] = set()

    def repeats(self, message: AirbyteMessage) -> bool:
        """Take note of a message; tell whether it reports a failure that was reported before."""
        error = message.trace.error if message.trace else None
        if error is None:
            return False
        # the children of several parents may get the same answer
        what_happened = _CORRELATION_ID.sub("", error.message)
        if what_happened in self._reported:
            return True
        self._reported.add(what_happened)
        self._types[error.message] = FailureType(error.failure_type)
        return False

    def summary(self, error: AirbyteTracedException) -> AirbyteTracedException:
        """Sum up why a sync failed, without calling the configuration wrong when it is not.

        The CDK ends every failed sync with a config error, which Airbyte does not retry.
        """
        types = set(self._types.values()) or {error.failure_type}
        return AirbyteTracedException(
            message=" ".join(self._types) or str(error.message),
            internal_message="Concurrent read failure",
            failure_type=next(one for one in _GRAVEST_FIRST if one in types),
        )
