"""The credentials of an app, and the answers of the token endpoint."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from integration_tests.platform import Output
from source_pipedrive import timestamps
from unit_tests.pipedrive import (
    ACCESS_TOKENS,
    CLIENT_ID,
    CLIENT_SECRET,
    DOMAIN,
    OAUTH_SECRETS,
    REFRESH_TOKEN,
    Answer,
    Api,
    envelope,
    error,
)

FIRST, SECOND, THIRD = ACCESS_TOKENS[:3]
NEW_REFRESH_TOKEN = OAUTH_SECRETS[-1]
APP: dict[str, Any] = {
    "auth_type": "oauth2.0",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "refresh_token": REFRESH_TOKEN,
    "api_domain": DOMAIN,
}
ME = envelope({"id": 1, "name": "Ada", "company_name": "Analytical"})
UNAUTHORIZED = error(401, "unauthorized access")
INVALID_GRANT = Answer(
    b'{"success":false,"error":"invalid_grant","message":"Invalid grant: refresh_token is invalid"'
    b"}",
    400,
)
INVALID_CLIENT = Answer(b'{"message":"Invalid client: client is invalid"}', 400)
LOST = requests.ConnectionError("Connection aborted.")


def tokens(access_token: str = FIRST, **more: object) -> Answer:
    """The answer of the token endpoint, as documented."""
    whole = {"access_token": access_token, "token_type": "Bearer", "expires_in": 3600, **more}
    return Answer(json.dumps(whole).encode())


def in_hours(hours: float) -> str:
    return timestamps.format_utc(datetime.now(UTC) + timedelta(hours=hours))


def handed_back(output: Output) -> list[dict[str, Any]]:
    """The credentials of each CONTROL message."""
    messages = output.of_type("CONTROL")
    return [one["connectorConfig"]["config"]["credentials"] for one in messages]


def bearers(api: Api) -> list[str]:
    """The access token of each request to the API."""
    headers = [one.headers.get("Authorization", "") for one in api.requests if one.method == "GET"]
    return [header.removeprefix("Bearer ") for header in headers]
