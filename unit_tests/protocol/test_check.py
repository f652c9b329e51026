"""`check` names the owner of the key, or says what is wrong."""

import logging

import pytest

from source_pipedrive import SourcePipedrive
from unit_tests.api.test_error_rules import CASES
from unit_tests.conftest import Clock, Connector
from unit_tests.pipedrive import TOKEN, Api, Reply, envelope, error, html

ME = envelope({"id": 1, "name": "Ada Lovelace", "company_name": "Analytical Engines"})
CONFIG = {"api_key": TOKEN}


def test_names_the_company_and_the_user_for_two_tokens(api: Api, connector: Connector) -> None:
    api.answer("v1/users/me", ME)

    output = connector("check", config=CONFIG)

    assert output.connection["status"] == "SUCCEEDED"
    assert "Analytical Engines" in output.connection["message"]
    assert "Ada Lovelace" in output.connection["message"]
    assert output.exit_code == 0


def test_says_when_the_user_is_no_admin(api: Api, connector: Connector) -> None:
    access = [{"app": "sales", "admin": False}, {"app": "projects", "admin": True}]
    api.answer("v1/users/me", envelope({"name": "Ada", "company_name": "Acme", "access": access}))

    output = connector("check", config=CONFIG)

    assert output.connection["status"] == "SUCCEEDED"
    assert output.connection["message"] == (
        "Connected to Acme as Ada. This user is not an admin of sales. Records there that the user "
        "may not see are not copied."
    )


@pytest.mark.parametrize("data", [None, [], {}, [{}, {}], "Ada"])
def test_an_answer_without_a_user_is_a_failure(
    data: object, api: Api, connector: Connector
) -> None:
    api.answer("v1/users/me", envelope(data))

    output = connector("check", config=CONFIG)

    assert output.connection["status"] == "FAILED"
    assert "returned no user" in output.connection["message"]


@pytest.mark.parametrize("access", [None, "all", 1, ["sales"], [{"app": None}]])
def test_an_unknown_form_of_access_is_no_failure(
    access: object, api: Api, connector: Connector
) -> None:
    api.answer("v1/users/me", envelope({"name": "Ada", "company_name": "Acme", "access": access}))

    output = connector("check", config=CONFIG)

    assert output.connection["message"] == "Connected to Acme as Ada."


@pytest.mark.parametrize(
    ("reply", "phrase"),
    [
        pytest.param(CASES["401"].reply, "rejected the API key", id="wrong key"),
        pytest.param(CASES["402"].reply, "The company account is not open", id="suspended"),
        pytest.param(html(403), "Cloudflare blocked the IP address", id="Cloudflare"),
        pytest.param(error(404, "Not found"), "Correct `api_url`", id="not the API"),
        pytest.param(CASES["429 daily, no tokens left"].reply, "daily API tokens", id="no tokens"),
    ],
)
def test_a_permanent_error_fails_at_once(
    reply: Reply, phrase: str, api: Api, connector: Connector
) -> None:
    api.answer("v1/users/me", reply)

    output = connector("check", config=CONFIG)

    assert output.connection["status"] == "FAILED"
    assert phrase in output.connection["message"]
    assert output.exit_code == 0


@pytest.mark.parametrize(
    ("reply", "phrase"),
    [
        pytest.param(CASES["DNS"].reply, "was not found (DNS)", id="DNS"),
        pytest.param(
            CASES["TLS"].reply, "The encrypted connection to the host of `api_url` failed", id="TLS"
        ),
        pytest.param(CASES["no time to connect"].reply, "timed out", id="timeout"),
        pytest.param(
            CASES["connection refused"].reply, "connection to Pipedrive failed", id="refused"
        ),
        pytest.param(
            CASES["503"].reply, "could not answer the request for account", id="maintenance"
        ),
        pytest.param(html(200), "an HTML page instead of data", id="a web page"),
    ],
)
def test_a_temporary_error_is_retried_once_and_then_reported_within_seconds(
    reply: Reply, phrase: str, api: Api, connector: Connector, clock: Clock
) -> None:
    api.answer("v1/users/me", reply, reply)

    output = connector("check", config=CONFIG)

    assert output.connection["status"] == "FAILED"
    assert phrase in output.connection["message"]
    assert clock.now < 10


def test_a_single_temporary_error_is_no_failure(api: Api, connector: Connector) -> None:
    api.answer("v1/users/me", CASES["connection reset"].reply, ME)

    output = connector("check", config=CONFIG)

    assert output.connection["status"] == "SUCCEEDED"


def test_a_source_built_without_a_config_uses_that_of_the_command(api: Api) -> None:
    """As Airbyte's command `connector test` builds it."""
    api.answer("v1/users/me", ME)

    with api.reachable():
        status = SourcePipedrive().check(logging.getLogger("airbyte"), CONFIG)

    assert "Analytical Engines" in str(status.message)
