# ruff: noqa: INP001 - a script
"""What plain Python takes for the streams of `plain_manifest.yaml`: a ceiling, not a connector.

Page by page in one thread: requests, one parse, one serialisation a row, one write. No state, no
retries, no limits, no schemas; nothing that makes messages of pages with these libraries does less.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import requests
import yaml

_MANIFEST = Path(__file__).with_name("plain_manifest.yaml")
_TIMEOUT = 60.0


def pages(session: requests.Session, url: str, given: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Follow either of the two ways of paging."""
    asked = {name: given[name] for name in ("include_fields", "status") if name in given}
    position: dict[str, Any] = {"limit": given.get("page_size", 500)}
    while True:
        answer = session.get(url, params={**asked, **position}, timeout=_TIMEOUT)
        answer.raise_for_status()
        body = orjson.loads(answer.content)
        yield body["data"]
        further = body.get("additional_data") or {}
        paged = further.get("pagination") or {}
        if further.get("next_cursor"):
            position["cursor"] = further["next_cursor"]
        elif paged.get("more_items_in_collection"):
            position["start"] = paged["next_start"]
        else:
            return


def main() -> None:
    """Read the streams of the catalog, one after the other."""
    files = dict(zip(sys.argv[2::2], map(Path, sys.argv[3::2]), strict=True))
    config = json.loads(files["--config"].read_text())
    manifest = yaml.load(_MANIFEST.read_text(), yaml.CSafeLoader)
    known = {stream["$parameters"]["name"]: stream["$parameters"] for stream in manifest["streams"]}
    with requests.Session() as session, open(1, "wb", closefd=False) as output:
        session.headers["x-api-token"] = config["api_key"]
        for configured in json.loads(files["--catalog"].read_text())["streams"]:
            name = configured["stream"]["name"]
            for rows in pages(session, f"{config['api_url']}/{known[name]['path']}", known[name]):
                head = b'{"type":"RECORD","record":{"stream":"%b","data":' % name.encode()
                tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
                output.write(b"".join(head + orjson.dumps(row) + tail for row in rows))


if __name__ == "__main__":
    main()
