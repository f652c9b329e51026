"""The company whose account the sandbox plays."""

from __future__ import annotations

from typing import Any, Final

COMPANY_ID: Final = 7_311_504

COMPANY: Final[dict[str, Any]] = {
    "company_id": COMPANY_ID,
    "company_name": "Nordlicht Trading",
    "company_domain": "nordlicht-sandbox",
    "company_country": "EE",
    "company_industry": "Wholesale",
    "language": {"language_code": "en", "country_code": "US"},
}
