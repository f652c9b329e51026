"""Signs requests, and is the reason why the source cannot write."""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from requests import PreparedRequest, Response
from requests.auth import AuthBase

from source_pipedrive.api.body_limit import limit_body
from source_pipedrive.api.exceptions import UserError, config_error


@dataclass
class ReadOnlyAuthenticator(DeclarativeAuthenticator):
    """The credentials of the config, for GET requests only.

    Every request of the source passes here to be signed, so refusing to sign anything but a GET
    makes it read-only by construction. `ApiKeyAuthenticator` cannot say that, and passes the key
    through `ast.literal_eval`, which reads a key such as `12e4567…` as a number. A redirect is
    refused too: `requests` would carry the credentials to the other host. The response gets its
    limits here, because the CDK's `HttpRequester` does not let others mount an adapter in its
    session. Whoever builds the client sets `signer`, which all clients of a sync share.
    """

    parameters: InitVar[Mapping[str, Any]]
    signer: AuthBase | None = None

    @property
    def auth_header(self) -> str:
        # the CDK would add it before a request is signed
        return ""

    @property
    def token(self) -> str:
        return ""

    def __call__(self, request: PreparedRequest) -> Any:
        if request.method != "GET":
            raise UserError(
                f"The request {request.method} was not sent. This connector only reads. Report "
                "this message.",
                FailureType.system_error,
            )
        assert self.signer  # noqa: S101 - for types
        signed = self.signer(request)
        # a retry signs the same request again
        if _refuse_redirect not in signed.hooks["response"]:
            signed.hooks["response"] += [_refuse_redirect, limit_body]
        return signed


def _refuse_redirect(response: Response, **_: Any) -> None:
    if response.is_redirect:
        raise config_error(
            f"Pipedrive answered {response.status_code}, a redirect. The connector does not send "
            "its credentials to another address. Set `api_url` or `credentials.api_domain` to the "
            "address of the API, for example https://yourcompany.pipedrive.com."
        )
