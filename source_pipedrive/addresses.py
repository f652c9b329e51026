"""Judges addresses that receive the API key."""

import re
from difflib import SequenceMatcher
from ipaddress import ip_address
from urllib.parse import urlsplit

_PIPEDRIVE = "pipedrive.com"
_NAME = "pipedrive"
# "pipedrlve.com" has 0.92, "pipeline.com" 0.80
_ALIKE = 0.85
_CREDENTIALS = re.compile(r"(//)?[^\s'\"]*@")


def without_credentials(text: str) -> str:
    """Return a text, such as a mistyped address, without what stands before an @."""
    return _CREDENTIALS.sub(r"\1", text)


def is_unencrypted(address: str) -> bool:
    """Tell whether a key that is sent there can be read on its way: no TLS, and not loopback."""
    url = urlsplit(address)
    return url.scheme != "https" and not _is_loopback(url.hostname or "")


def warning_of(address: str) -> str:
    """Return what is suspicious about an encrypted address; empty if nothing is."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    if host == _PIPEDRIVE or host.endswith(f".{_PIPEDRIVE}") or not _looks_like_pipedrive(host):
        return ""
    return (
        f"`api_url` sends the API key to {host}, which is not a host of Pipedrive. If this is not "
        "your own proxy, correct `api_url`, and regenerate the key in Pipedrive."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _looks_like_pipedrive(host: str) -> bool:
    try:
        readable = host.encode("ascii").decode("idna")
    except UnicodeError:
        readable = host
    domain = ".".join(readable.split(".")[-2:])
    return _NAME in readable or SequenceMatcher(None, domain, _PIPEDRIVE).ratio() > _ALIKE
