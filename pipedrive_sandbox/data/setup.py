"""Users, currencies, pipelines, stages and saved filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_OID, uuid5

from pipedrive_sandbox.clock import DAY, HOUR, Stamp
from pipedrive_sandbox.data.company import COMPANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipedrive_sandbox.data.account_data import AccountData
    from pipedrive_sandbox.store import Row

CURRENCIES: Final = (
    ("EUR", "Euro", 2, "€"),
    ("USD", "US Dollar", 2, "$"),
    ("GBP", "British Pound Sterling", 2, "£"),
    ("JPY", "Japanese Yen", 0, "¥"),
    ("UAH", "Ukrainian Hryvnia", 2, "₴"),
    ("PLN", "Polish Złoty", 2, "zł"),
)
PIPELINES: Final = ("Sales", "Renewals", "Партнёры")
STAGES: Final = ("Qualified", "Contact made", "Demo", "Proposal", "Negotiation", "Closing")
ORIGINS: Final = ("ManuallyCreated", "API", "Import", "WebForm")
PERMISSION_APPS: Final = ("global", "sales", "projects", "account_settings", "nova")


def permission_set(app: str, kind: str) -> str:
    """Return the id of a permission set."""
    return str(uuid5(NAMESPACE_OID, f"{app}/{kind}"))


def users(account: AccountData) -> Iterator[Row]:
    """Yield the users; the first is the account's administrator, one is deactivated."""
    rng = account.random_source("users")
    domain = COMPANY["company_domain"]
    for key in range(1, account.sizes.users + 1):
        first, last = account.words.person(rng)
        # all users exist before the first deal
        added = account.opened + key * 3 * HOUR
        is_admin = key == 1
        is_deleted = key == 4  # noqa: PLR2004 - any one
        yield {
            "id": key,
            "name": f"{first} {last}",
            "default_currency": rng.pick(CURRENCIES)[0],
            "locale": rng.pick(("en_US", "de_DE", "et_EE")),
            "lang": rng.randrange(1, 9),
            "email": f"user{key}@{domain}.example",
            "phone": rng.pick((None, account.words.phone(rng))),
            "activated": not is_deleted,
            "last_login": Stamp.V1.text(account.now - rng.randrange(30 * DAY)),
            "created": Stamp.V1.text(added),
            "modified": None if key % 5 == 0 else Stamp.V1.text(added + rng.up_to(700 * DAY)),
            "has_created_company": is_admin,
            "access": [
                {
                    "app": app,
                    "admin": is_admin,
                    "permission_set_id": permission_set(app, "admin" if is_admin else "regular"),
                }
                for app in PERMISSION_APPS
            ],
            "active_flag": not is_deleted,
            "timezone_name": "Europe/Berlin",
            "timezone_offset": "+01:00",
            "role_id": 1 + key % 3,
            "icon_url": None,
            "is_you": is_admin,
            "is_deleted": is_deleted,
            "is_admin": int(is_admin),
        }


def currencies(_account: AccountData) -> Iterator[Row]:
    """Yield the currencies, a custom one among them."""
    for key, (code, name, decimals, symbol) in enumerate(CURRENCIES, start=1):
        yield {
            "id": key,
            "code": code,
            "name": name,
            "decimal_points": decimals,
            "symbol": symbol,
            "active_flag": True,
            "is_custom_flag": False,
        }
    yield {
        "id": 501,
        "code": "NLP",
        "name": "Nordlicht points",
        "decimal_points": 0,
        "symbol": "points",
        "active_flag": True,
        "is_custom_flag": True,
    }


def pipelines(account: AccountData) -> Iterator[Row]:
    """Yield the pipelines; the first was never changed."""
    for key, name in enumerate(PIPELINES, start=1):
        yield {
            "id": key,
            "name": name,
            "order_nr": key - 1,
            "is_deleted": False,
            "is_deal_probability_enabled": key != 3,  # noqa: PLR2004 - any one
            "add_time": Stamp.V2.text(account.opened + key * DAY),
            "update_time": None if key == 1 else Stamp.V2.text(account.now - key * 50 * DAY),
        }


def stages(account: AccountData) -> Iterator[Row]:
    """Yield the stages of each pipeline; several share one `update_time`, others have none."""
    for pipeline in range(1, len(PIPELINES) + 1):
        for number, name in enumerate(STAGES, start=1):
            key = (pipeline - 1) * len(STAGES) + number
            rots = number % 2 == 0
            yield {
                "id": key,
                "order_nr": number,
                "name": name,
                "is_deleted": False,
                "deal_probability": number * 15,
                "pipeline_id": pipeline,
                "is_deal_rot_enabled": rots,
                "days_to_rotten": 30 if rots else None,
                "add_time": Stamp.V2.text(account.opened + pipeline * DAY),
                "update_time": None if pipeline == 1 else Stamp.V2.text(account.now - 90 * DAY),
            }


def saved_filters(account: AccountData) -> Iterator[Row]:
    """Yield two saved filters for each kind of list."""
    rng = account.random_source("filters")
    kinds = ("deals", "leads", "org", "people", "products", "activity", "projects")
    for key, kind in enumerate(kinds * 2, start=1):
        added = account.now - rng.randrange(100, 900) * DAY
        yield {
            "id": key,
            "name": f"{'My' if key <= len(kinds) else 'Team'} {kind}",
            "filter_code": None,
            "is_editable": True,
            "active_flag": True,
            "type": kind,
            "temporary_flag": None,
            "user_id": 1,
            "add_time": Stamp.V1.text(added),
            "update_time": Stamp.V1.text(added + HOUR),
            "visible_to": "7",
            "last_used_time": rng.pick((None, Stamp.V1.text(account.now - DAY))),
            "custom_view_id": None,
        }
