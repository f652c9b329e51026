"""Signs requests, and is the reason why the source cannot write."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests import PreparedRequest, Response


@dataclass
class ReadOnlyApiKey(DeclarativeAuthenticator):
    """The `x-api-token` header, for GET requests only.

    Every request of the source passes here to be signed, so refusing to sign anything but a GET
    makes it read-only by construction. `ApiKeyAuthenticator` cannot say that, and passes the key
    through `ast.literal_eval`, which reads a key such as `12e4567…` as a number. A redirect is
    refused too: `requests` would carry the header to the other host.

    https://pipedrive.readme.io/docs/core-api-concepts-authentication
    """

    config: Mapping[str, Any]
    parameters: InitVar[Mapping[str, Any]]

    @property
    def auth_header(self) -> str:
        return "x-api-token"

    @property
    def token(self) -> str:
        return str(self.config["api_key"])

    def __call__(self, request: PreparedRequest) -> Any:
        if request.method != "GET":
            raise AirbyteTracedException(
                message=f"Refused to send {request.method}: this connector only reads.",
                internal_message="A component of the source tried to write.",
                failure_type=FailureType.system_error,
            )
        if _refuse_redirect not in request.hooks["response"]:
            request.hooks["response"].append(_refuse_redirect)
        return super().__call__(request)


def _refuse_redirect(response: Response, **_: Any) -> None:
    if response.is_redirect:
        raise AirbyteTracedException(
            message=(
                f"Pipedrive answered {response.status_code}, a redirect. The API key is not sent to"
                " another address: write the address of the API itself into `api_url`, for example"
                " https://yourcompany.pipedrive.com."
            ),
            internal_message="The API answered with a redirect.",
            failure_type=FailureType.config_error,
        )
