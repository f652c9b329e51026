"""Random settings and states: the connector accepts each, or rejects it with a clear message.

Every run uses the same examples; `pytest --hypothesis-profile=explore` uses other ones, and more.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_tests.platform import Output, configured
from source_pipedrive import config as configuration
from source_pipedrive.config import specification
from source_pipedrive.old_settings import OLD_SETTINGS
from unit_tests.conftest import Clock, Connector
from unit_tests.pipedrive import TOKEN, Answer, Api, Request, envelope, v1_page, v2_page

SPEC = specification()
SETTINGS: Mapping[str, Any] = SPEC["properties"]
SECRETS = [name for name, setting in SETTINGS.items() if setting.get("airbyte_secret")]

READING = [name for name in SETTINGS if "webhook" not in name]

# one stream for each form of state
STATEFUL = ["persons", "leads", "files", "projects", "deal_products", "note_comments"]


def small_account(request: Request) -> Answer:
    """One row in every list, and a user behind the key."""
    if request.path == "v1/users/me":
        return envelope({"id": 1, "name": "Ada", "company_name": "Analytical"})
    row = {"id": 1, "uuid": "1", "deal_id": 1, "update_time": "2024-05-01T10:00:00Z"}
    return v1_page([row]) if request.path.startswith("v1/") else v2_page([row])


@pytest.fixture
def api(clock: Clock) -> Api:
    api = Api(clock.read)
    api.serve_all(small_account)
    return api


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
years = st.integers(0, 9999).map("{:04d}".format)
EDGES = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
moments = st.sampled_from(EDGES) | st.builds(
    "{}-{:02d}-{:02d}{}{}".format,
    years,
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from(["", "T00:00", "T23:59:59", "T10:20:30.999999999", " 10:20:30", "T24:00:00"]),
    st.sampled_from(["", "Z", "+14:00", "-23:59", "+99:99"]),
)
urls = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS", "ftp", ""]),
    st.sampled_from(["a.pipedrive.com", "[", "[::1]", "localhost", "ä.com", "℀.com", ".", "-"])
    | st.text(max_size=8),
    st.sampled_from(["", ":0", ":443", ":99999", ":x", ":"]),
    st.sampled_from(["", "/", "//", "/v1", "?a=b"]),
)
NESTED = {
    name: setting
    for option in SETTINGS["credentials"]["oneOf"]
    for name, setting in option["properties"].items()
}
SECRETS_OF_CREDENTIALS = [name for name, one in NESTED.items() if one.get("airbyte_secret")]
nested = st.fixed_dictionaries(
    {"auth_type": st.sampled_from(["api_token", "oauth2.0", "Token", "Client"]) | json_values},
    optional={name: urls | json_values | st.just(TOKEN) for name in NESTED if name != "auth_type"},
)
likely = {
    **dict.fromkeys(OLD_SETTINGS, nested | moments),
    "credentials": nested,
    "api_key": st.just(TOKEN) | st.text(min_size=1, max_size=40),
    "start_date": moments,
    "api_url": urls,
    "daily_token_reserve_percent": st.floats() | st.integers(),
    "full_child_refresh_days": st.integers(),
}


def fuzzed(name: str) -> st.SearchStrategy[Any]:
    """A value for a setting: a likely one, one from the specification, or any other."""
    setting = SETTINGS.get(name, {})
    named = [*setting.get("enum", []), *setting.get("examples", []), setting.get("default", "")]
    return st.one_of(likely.get(name, st.sampled_from(named)), st.sampled_from(named), json_values)


def settings_of(names: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """A valid configuration except for up to two settings; more would hide each other's errors."""
    return st.lists(names, max_size=2, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: fuzzed(name) for name in chosen}).map(
            lambda wrong: {"api_key": TOKEN, **wrong}
        )
    )


def rejection_of(config: dict[str, Any]) -> AirbyteTracedException | None:
    try:
        configuration.require_valid(config, SPEC)
    except AirbyteTracedException as rejection:
        return rejection
    return None


def assert_every_failure_has_a_message(output: Output) -> None:
    for error in output.errors:
        assert error["failure_type"] == "config_error"
        assert "Something went wrong" not in error["message"]
        assert "Traceback" not in error["message"]
    assert (output.exit_code == 0) == (not output.errors)
    assert "Traceback" not in json.dumps(output.of_type("LOG"))


fuzzed_process = settings(
    max_examples=settings().max_examples // 10,
    deadline=None,
    # the fixtures clean up after every call, not after every test
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@given(given_settings=settings_of(st.sampled_from([*SETTINGS, *OLD_SETTINGS]) | st.text()))
@settings(deadline=None)
def test_settings_are_accepted_or_rejected(given_settings: dict[str, Any]) -> None:
    rejected = rejection_of(given_settings)

    if rejected:
        assert rejected.failure_type is FailureType.config_error
        assert rejected.message
    else:
        configuration.normalize_start_date(given_settings.get("start_date"))


@given(
    secret=st.text(alphabet="abcdefghij0123456789 \n", min_size=12), name=st.sampled_from(SECRETS)
)
def test_a_rejection_never_quotes_a_secret(secret: str, name: str) -> None:
    rejected = rejection_of({"api_key": TOKEN, name: secret, "unknown": 1})

    assert secret not in str(rejected)


@given(
    secret=st.text(alphabet="abcdefghij0123456789 \n", min_size=12),
    name=st.sampled_from(SECRETS_OF_CREDENTIALS),
    kind=st.sampled_from(["api_token", "oauth2.0", "other"]),
    setting=st.sampled_from(["credentials", "authorization"]),
)
def test_a_rejection_quotes_no_secret_of_credentials(
    secret: str, name: str, kind: str, setting: str
) -> None:
    rejected = rejection_of({setting: {"auth_type": kind, name: secret}, "api_token": secret})

    assert secret not in str(rejected)


@given(document=json_values)
@fuzzed_process
def test_any_document_is_accepted_or_rejected_as_configuration(
    document: object, connector: Connector
) -> None:
    output = connector("check", config=document)

    if output.exit_code == 0:
        assert output.connection["status"] == "FAILED"
    assert_every_failure_has_a_message(output)


@given(given_settings=settings_of(st.sampled_from(READING)))
@fuzzed_process
def test_read_accepts_settings_that_check_accepts(
    given_settings: dict[str, Any], connector: Connector
) -> None:
    config = {**given_settings, "custom_fields": "raw"}
    streams = [configured(stream) for stream in STATEFUL]

    checked = connector("check", config=config)
    output = connector("read", config=config, catalog={"streams": streams})

    assert_every_failure_has_a_message(checked)
    assert_every_failure_has_a_message(output)
    assert (checked.connection["status"] == "SUCCEEDED") == (output.exit_code == 0)


bookmarks = st.just("2024-05-01T10:00:00Z") | moments | json_values
list_states = st.fixed_dictionaries(
    {},
    optional={
        "update_time": bookmarks,
        "archived": st.fixed_dictionaries({"update_time": bookmarks}) | json_values,
        "inbox": st.fixed_dictionaries({"sequence": json_values}) | json_values,
        "another": json_values,
    },
)
scans = st.fixed_dictionaries(
    {"since": st.none() | bookmarks, "started": bookmarks},
    optional={"after": st.dictionaries(st.sampled_from(["live", "archived", ""]), json_values)},
)
child_states = st.fixed_dictionaries(
    {},
    optional={
        "parent_update_time": bookmarks,
        "full_pass": bookmarks,
        "pass": scans | json_values,
        "another": json_values,
    },
)


@given(stream=st.sampled_from(STATEFUL), state=list_states | child_states)
@fuzzed_process
def test_the_state_of_a_stream_is_accepted_or_rejected(
    stream: str, state: dict[str, Any], connector: Connector
) -> None:
    descriptor = {"stream_descriptor": {"name": stream}, "stream_state": state}

    output = read(connector, stream, [{"type": "STREAM", "stream": descriptor}])

    assert_every_failure_has_a_message(output)


anything_stream = st.fixed_dictionaries(
    {},
    optional={
        "stream_descriptor": st.just({"name": "persons"}) | json_values,
        "stream_state": json_values,
    },
)
anything_state = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["STREAM", "GLOBAL", "LEGACY"]) | json_values,
        "stream": anything_stream | json_values,
        "global": json_values,
        "data": json_values,
    },
)


@given(document=json_values | st.lists(anything_state, min_size=1, max_size=2))
@fuzzed_process
def test_any_document_is_accepted_or_rejected_as_state(
    document: object, connector: Connector
) -> None:
    output = read(connector, "persons", document)

    assert_every_failure_has_a_message(output)


def read(connector: Connector, stream: str, state: object) -> Output:
    return connector(
        "read",
        config={"api_key": TOKEN, "custom_fields": "raw"},
        catalog={"streams": [configured(stream)]},
        state=state,
    )
