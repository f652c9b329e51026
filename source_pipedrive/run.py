"""The command line of the connector."""

import gc
import json
import re
import sys
import warnings
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import yaml

from source_pipedrive.protocol.lost_output import watch_stdout

_HELP = """\
Usage: source-pipedrive VERB [OPTIONS]

Copies a Pipedrive account into a warehouse, by the Airbyte protocol.

Verbs of the protocol, which print JSON messages:
  spec      the settings
  check     whether the settings work
  discover  the streams and their columns
  read      the rows of the streams in a catalog

Further verbs:
  catalog   print a catalog for `read`: which streams to read, and how
  plan      estimate what the next sync costs
  verify    compare the tables of a warehouse with the account
  webhooks  receive changes as they happen

`source-pipedrive VERB --help` describes the options of a verb.
"""
# what else to say where the extra of the same name is missing
_OF_AN_EXTRA = {
    "verify": "",
    "webhooks": " In Docker, use the image that is built from the target `webhooks`.",
}
_VERBS = {"spec", "check", "discover", "read", "catalog", "plan", *_OF_AN_EXTRA}


def run() -> None:
    """Run a verb of the Airbyte protocol, or one of our own."""
    verb = next(iter(sys.argv[1:]), "")
    # what libraries warn of is no business of a user; with PYTHONWARNINGS=error it would be the end
    warnings.simplefilter("ignore")
    # a receiver has nothing to print but its address
    watch_stdout(may_be_closed=sys.argv[1:3] == ["webhooks", "serve"] and "--help" not in sys.argv)
    if verb not in _VERBS:
        _run_without_verb(verb)
        return
    if sys.argv[1:] == ["spec"]:
        # without the CDK, whose import takes two seconds
        written = Path(__file__).with_name("spec.yaml").read_bytes()
        spec = yaml.load(written, yaml.CSafeLoader)
        sys.stdout.write(f"{json.dumps({'type': 'SPEC', 'spec': spec})}\n")
        return
    skip_attribute_docs()
    if verb == "catalog":
        from source_pipedrive.configured_catalog import main as catalog  # noqa: PLC0415 - see above

        catalog(sys.argv[2:], prog_name="source-pipedrive catalog")
    elif verb == "plan":
        from source_pipedrive.estimate import main as plan  # noqa: PLC0415 - see above

        plan(sys.argv[2:], prog_name="source-pipedrive plan")
    elif verb in _OF_AN_EXTRA:
        _run_of_an_extra(verb)
    else:
        # all that the start brings is kept: the collector would look through it in vain
        gc.disable()
        from source_pipedrive.protocol.process import main  # noqa: PLC0415 - see above

        main(sys.argv[1:])


def _run_of_an_extra(verb: str) -> None:
    if missing := _missing_package(extra=verb):
        sys.stderr.write(
            f"`{verb}` needs the package {missing}, which is not installed. Install the extra: "
            f"pip install 'source-pipedrive[{verb}]'.{_OF_AN_EXTRA[verb]}\n"
        )
        sys.exit(2)
    if verb == "webhooks":
        from source_pipedrive.webhooks.cli import main as webhooks  # noqa: PLC0415 - an extra

        webhooks(sys.argv[2:], prog_name="source-pipedrive webhooks")
    else:
        from source_pipedrive.verify.cli import main as verify  # noqa: PLC0415 - an extra

        verify(sys.argv[2:], prog_name="source-pipedrive verify")


def _missing_package(extra: str) -> str | None:
    """Return the first package of an extra that is not installed.

    Some are imported late, or by SQLAlchemy: without this, a verb would fail half-way.
    """
    with suppress(PackageNotFoundError):  # not installed itself, but run in a checkout
        for line in requires("source-pipedrive") or []:
            requirement, _, marker = line.partition(";")
            name = re.split(r"[^\w.-]", requirement)[0]
            if f'extra == "{extra}"' in marker and not _is_installed(name):
                return name
    return None


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _run_without_verb(given: str) -> None:
    if given in {"", "-h", "--help"}:
        sys.stdout.write(_HELP)
    elif given == "--version":
        sys.stdout.write(f"source-pipedrive {version('source-pipedrive')}\n")
    else:
        sys.stderr.write(f"source-pipedrive has no verb {given!r}.\n\n{_HELP}")
        sys.exit(2)


def skip_attribute_docs() -> None:
    """Keep the library behind the CDK's messages from parsing its source code at every start.

    It looks for descriptions of attributes, which nothing here shows: half of the time of an
    import, a second of CPU.
    """
    with suppress(ImportError):
        import attributes_doc  # noqa: PLC0415 - not for the verb `spec`

        setattr(attributes_doc, "get_attributes_doc", lambda _: {})  # noqa: B010 - for mypy
