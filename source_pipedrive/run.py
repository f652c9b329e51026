"""The command line of the connector."""

import gc
import json
import sys
import warnings
from contextlib import suppress
from pathlib import Path

import yaml

from source_pipedrive.protocol.lost_output import end_without_output


def run() -> None:
    """Run a verb of the Airbyte protocol, `plan`, `verify`, or `webhooks`."""
    verb = sys.argv[1:2]
    # what libraries warn of is no business of a user; with PYTHONWARNINGS=error it would be the end
    warnings.simplefilter("ignore")
    if verb == ["spec"]:
        # without the CDK, whose import takes two seconds
        written = Path(__file__).with_name("spec.yaml").read_bytes()
        spec = yaml.load(written, yaml.CSafeLoader)
        try:
            sys.stdout.write(json.dumps({"type": "SPEC", "spec": spec}) + "\n")
            sys.stdout.flush()
        except (AttributeError, OSError) as error:
            # Python has no stdout object when the file is closed
            end_without_output(error)
        return
    skip_attribute_docs()
    if verb == ["webhooks"]:
        from source_pipedrive.webhooks.cli import main as webhooks  # noqa: PLC0415 - an extra

        webhooks(sys.argv[2:], prog_name="source-pipedrive webhooks")
    elif verb == ["plan"]:
        from source_pipedrive.estimate import main as plan  # noqa: PLC0415 - see above

        plan(sys.argv[2:], prog_name="source-pipedrive plan")
    elif verb == ["verify"]:
        try:
            from source_pipedrive.verify.cli import main as verify  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            sys.stderr.write(
                f"`verify` needs the package {error.name}, which is not installed. Install the "
                "extra: pip install 'source-pipedrive[verify]'.\n"
            )
            sys.exit(2)
        verify(sys.argv[2:], prog_name="source-pipedrive verify")
    else:
        # all that the start brings is kept: the collector would look through it in vain
        gc.disable()
        from source_pipedrive.protocol.process import main  # noqa: PLC0415 - see above

        main(sys.argv[1:])


def skip_attribute_docs() -> None:
    """Keep the library behind the CDK's messages from parsing its source code at every start.

    It looks for descriptions of attributes, which nothing here shows: half of the time of an
    import, a second of CPU.
    """
    with suppress(ImportError):
        import attributes_doc  # noqa: PLC0415 - not for the verb `spec`

        setattr(attributes_doc, "get_attributes_doc", lambda _: {})  # noqa: B010 - for mypy
