"""`docs/pipedrive.md` follows the rules of Airbyte's QA for the page of a certified source.

They are those of November 2026:
https://docs.airbyte.com/platform/contributing-to-airbyte/resources/qa-checks
"""

from pathlib import Path

import pytest

from source_pipedrive.config import specification
from unit_tests.markdown import headings, read, section

PAGE = read(Path(__file__).parents[1] / "docs" / "pipedrive.md")
SPEC = specification()

# Other headings may stand after those in OPEN_TO_OTHERS only.
REQUIRED_HEADINGS = [
    "Pipedrive",
    "Prerequisites",
    "Setup guide",
    "Set up Pipedrive",
    "Set up the Pipedrive connector in Airbyte",
    "For Airbyte Cloud:",
    "For Airbyte Open Source:",
    "Supported sync modes",
    "Supported Streams",
    "Performance considerations",
    "Data type map",
    "Limitations & Troubleshooting",
    "Changelog",
]
OPEN_TO_OTHERS = {
    "Set up Pipedrive",
    "For Airbyte Open Source:",
    "Supported Streams",
    "Limitations & Troubleshooting",
}
BEGINNINGS = {
    "Pipedrive": (
        "\n<HideInUI>\n\n"
        "This page contains the setup guide and reference information for the "
        "[Pipedrive](https://developers.pipedrive.com/docs/api/v1) source connector.\n\n"
        "</HideInUI>\n\n"
    ),
    "For Airbyte Cloud:": (
        "\n1. [Log into your Airbyte Cloud](https://cloud.airbyte.com/workspaces) account.\n"
        "2. Click Sources and then click + New source.\n"
        "3. On the Set up the source page, select Pipedrive from the Source type dropdown.\n"
        "4. Enter a name for the Pipedrive connector.\n"
    ),
    "For Airbyte Open Source:": "\n1. Navigate to the Airbyte Open Source dashboard.\n",
    "Supported sync modes": (
        "\nThe Pipedrive source connector supports the following "
        "[sync modes](https://docs.airbyte.com/cloud/core-concepts/#connection-sync-modes):\n\n"
    ),
    "Changelog": "\n<details>\n  <summary>Expand to review</summary>\n",
}


def test_the_page_for_airbyte_has_airbytes_headings_in_order() -> None:
    found = headings(PAGE)

    assert [one for one in found if one in REQUIRED_HEADINGS] == REQUIRED_HEADINGS
    previous = ""
    for heading in found:
        assert heading in REQUIRED_HEADINGS or previous in OPEN_TO_OTHERS, heading
        previous = heading if heading in REQUIRED_HEADINGS else previous


@pytest.mark.parametrize("heading", BEGINNINGS)
def test_the_page_for_airbyte_has_the_words_that_airbyte_demands(heading: str) -> None:
    assert section(PAGE, heading).startswith(BEGINNINGS[heading])


def test_prerequisites_name_every_required_setting() -> None:
    prerequisites = section(PAGE, "Prerequisites")

    titles = [SPEC["properties"][name]["title"] for name in SPEC["required"]]
    assert [title for title in titles if title not in prerequisites] == []
