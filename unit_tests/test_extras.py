"""A verb whose extra is not installed says which package is missing before it does anything."""

import sys
from importlib.metadata import PackageNotFoundError, version

import pytest

from source_pipedrive import run


@pytest.mark.parametrize(
    ("verb", "package", "advice"),
    [
        # imported after the warehouse was read, and by SQLAlchemy
        ("verify", "scipy", ""),
        ("verify", "duckdb-engine", ""),
        ("webhooks", "prometheus-client", " In Docker, use the image that is built from the "),
    ],
)
def test_a_missing_package_of_an_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    package: str,
    advice: str,
) -> None:
    def without_package(name: str) -> str:
        if name == package:
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(run, "version", without_package)
    monkeypatch.setattr(sys, "argv", ["source-pipedrive", verb])

    with pytest.raises(SystemExit) as end:
        run.run()

    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(
        f"`{verb}` needs the package {package}, which is not installed. Install the extra: "
        f"pip install 'source-pipedrive[{verb}]'.{advice}"
    )
