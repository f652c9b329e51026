"""Addresses of databases, and one line about why a database cannot be used.

Drivers say why a connection failed only in words, some of them in the server's language. Where the
words are not known, the advice is general.
"""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

FORMS = (
    "duckdb:///folder/crm.duckdb, or postgresql://user:password@host/database, in which special "
    "characters of the password are encoded, such as %40 for @"
)

_IF_UNKNOWN = "Check the address of the database, its user, and the password."
_DECORATION = re.compile("^connection failed: |^(IO|Catalog) Error: |[.] See also http.*|[.!]+$")

_ADVICE = {
    # PostgreSQL
    r"Connection refused": "No database listens there. Start it, or correct host and port.",
    r"timeout expired|timed out|No route to host|unreachable": (
        "The host does not answer. Correct host and port, or open the firewall."
    ),
    r"could not translate host name|failed to resolve host": (
        "There is no host of this name. Correct the host."
    ),
    r"password authentication failed|no password supplied": (
        "Correct the user or the password. Write special characters of a password as in URLs, "
        "for example %40 for @."
    ),
    r"role .* does not exist": "Correct the user.",
    r"database .* does not exist": "Create the database, or correct its name.",
    r"permission denied for database": (
        "The user must be allowed to create a schema: GRANT CREATE ON DATABASE … TO …"
    ),
    r"permission denied for|must be owner of": (
        "Grant the user the rights, or use the user that owns it."
    ),
    r"pg_hba[.]conf": "The server refuses this user and host. Ask its administrator.",
    r"too many (clients|connections)|remaining connection slots": "Try again later.",
    r"starting up|shutting down|recovery mode": "Try again in a minute.",
    r"server closed the connection|terminating connection|connection .*lost": (
        "The server ended the connection. Run the command again: it resumes."
    ),
    r"No space left|disk full": "Free some space, and run the command again: it resumes.",
    # DuckDB
    r"Could not set lock|Conflicting lock|being used by another process": (
        "Another program has the file open. Close it, and run the command again."
    ),
    r"not a valid DuckDB database": "Name another file, or delete this one.",
    r"database file with version|newer version of DuckDB|storage version": (
        "Another version of DuckDB wrote the file. Name another file."
    ),
    r"Is a directory|not a regular file": "Name a file in this folder.",
    r"Not a directory|File exists": "Part of the path is a file. Name another folder.",
    r"No such file or directory": "There is no such folder. Create it, or name another one.",
    r"Permission denied|Read-only file system|Operation not permitted": (
        "This user may not write there. Name another folder."
    ),
}


def parse_url(written: str) -> URL:
    """Return the parts of an address; the driver of one that cannot be used is `unknown`."""
    try:
        url = make_url(written)
    except (ArgumentError, ValueError):  # the latter if the port is no number
        return URL.create("unknown")
    # an @ that is not encoded moves the end of the password into the host, which errors quote
    return URL.create("unknown") if "@" in (url.host or "") else url


def reason_of(error: Exception, password: str = "") -> str:
    """Return what the database said, without the password, and what to do about it."""
    said = _said_by(error)
    if password:
        said = said.replace(password, "(the password)")
    advice = next((text for words, text in _ADVICE.items() if re.search(words, said)), _IF_UNKNOWN)
    return f"{said}. {advice}"


def _said_by(error: Exception) -> str:
    """Return the first line, which is without a statement and its values."""
    if isinstance(error, OSError):
        return f"{error.strerror or type(error).__name__}: {error.filename or 'a file'}"
    if isinstance(error, SQLAlchemyError):
        error = getattr(error, "orig", None) or error
    line, *_ = str(error).strip().splitlines() or [type(error).__name__]
    return _DECORATION.sub("", line.strip())
