"""Guards the CDK's templates, which are evaluated by all threads of a sync."""

import sys
from threading import Lock
from typing import Any

from airbyte_cdk.sources.declarative.interpolation.jinja import JinjaInterpolation

_SAFE_IN_THREADS = (3, 11, 8)


def evaluate_one_at_a_time() -> None:
    """Keep threads from evaluating templates at the same moment, where Python cannot take it.

    The CDK hands the result of every template to `ast.literal_eval`. When two threads meet in it,
    Python 3.11.7 and older now and then raise a `SystemError`, which ends the stream.
    https://github.com/python/cpython/issues/106905
    """
    if sys.version_info >= _SAFE_IN_THREADS:
        return
    evaluate = JinjaInterpolation._literal_eval  # noqa: SLF001 - the CDK has no other door
    lock = Lock()

    def evaluate_alone(*result: Any) -> Any:
        with lock:
            return evaluate(*result)

    setattr(JinjaInterpolation, "_literal_eval", evaluate_alone)  # noqa: B010 - see above
