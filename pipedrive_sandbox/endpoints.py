"""The API's reads, one declaration each: path, price and how its list is read.

Paths, prices, parameters and limits are the contract's (OpenAPI of 2026-08-18). Reports, searches,
flows and `recents` are not served; v1 endpoints that went out of support do not exist (facts §2.1).
"""

from __future__ import annotations

from typing import Final

from pipedrive_sandbox.account_endpoints import ACCOUNT
from pipedrive_sandbox.child_endpoints import CHILDREN
from pipedrive_sandbox.core_endpoints import CORE

READS: Final = (*CORE, *CHILDREN, *ACCOUNT)
