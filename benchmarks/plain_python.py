# ruff: noqa: INP001 - a script
"""Reads the streams of `plain_manifest.yaml` in plain Python: the upper limit of speed.

One thread reads page by page: it parses a page once, serializes each row once, and writes the page
once. It has no state, retries, rate limits, or schemas, so no connector with these libraries can
do less work.
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


def pages(session: requests.Session, url: str, stream: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield the rows of each page, with the cursors of API v2 or the offsets of v1."""
    filters = {name: stream[name] for name in ("include_fields", "status") if name in stream}
    position: dict[str, Any] = {"limit": stream.get("page_size", 500)}
    while True:
        response = session.get(url, params={**filters, **position}, timeout=_TIMEOUT)
        response.raise_for_status()
        body = orjson.loads(response.content)
        yield body["data"]
        additional_data = body.get("additional_data") or {}
        pagination = additional_data.get("pagination") or {}
        if additional_data.get("next_cursor"):
            position["cursor"] = additional_data["next_cursor"]
        elif pagination.get("more_items_in_collection"):
            position["start"] = pagination["next_start"]
        else:
            return


def main() -> None:
    """Read the streams of the catalog, one after the other."""
    files = dict(zip(sys.argv[2::2], map(Path, sys.argv[3::2]), strict=True))
    config = json.loads(files["--config"].read_text())
    manifest = yaml.load(_MANIFEST.read_text(), yaml.CSafeLoader)
    streams = {one["$parameters"]["name"]: one["$parameters"] for one in manifest["streams"]}
    with requests.Session() as session, open(1, "wb", closefd=False) as output:
        session.headers["x-api-token"] = config["api_key"]
        for configured in json.loads(files["--catalog"].read_text())["streams"]:
            name = configured["stream"]["name"]
            url = f"{config['api_url']}/{streams[name]['path']}"
            for rows in pages(session, url, streams[name]):
                head = b'{"type":"RECORD","record":{"stream":"%b","data":' % name.encode()
                tail = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
                output.write(b"".join(head + orjson.dumps(row) + tail for row in rows))


if __name__ == "__main__":
    main()
