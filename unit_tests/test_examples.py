"""The examples for operating the receiver start it, and watch metrics that it has."""

import json
import re
import shlex
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from source_pipedrive.webhooks.cli import main as webhooks
from source_pipedrive.webhooks.metrics import Metrics

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
METRIC = re.compile(r"pipedrive_webhooks_\w+")


def read(name: str) -> str:
    return (EXAMPLES / name).read_text("utf-8")


def of_systemd() -> list[str]:
    unit = read("source-pipedrive-webhooks.service").replace("\\\n", " ")
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit)
    return shlex.split(parser["Service"]["ExecStart"])[1:]


def of_compose() -> list[str]:
    command: list[str] = yaml.safe_load(read("compose.yaml"))["services"]["receiver"]["command"]
    return command


def of_kubernetes() -> list[str]:
    (deployment,) = (one for one in kubernetes() if one["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    args: list[str] = container["args"]
    return args


def kubernetes() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(read("kubernetes.yaml")))


@pytest.mark.parametrize("command", [of_systemd, of_compose, of_kubernetes])
def test_an_example_starts_the_receiver_with_valid_options(
    command: Callable[[], list[str]],
) -> None:
    group, name, *options = command()

    assert group == "webhooks"
    known = {option: one for one in webhooks.commands[name].params for option in one.opts}
    given = dict(option.split("=", 1) for option in options)
    assert given.keys() <= known.keys()
    # the proxy forwards the path that the receiver listens to
    assert urlsplit(given["--register"]).path == given["--path"]
    for option, value in given.items():
        if option not in {"--config", "--register"}:
            known[option].type.convert(value, known[option], None)


def test_the_proxy_of_the_example_forwards_only_deliveries() -> None:
    compose = yaml.safe_load(read("compose.yaml"))

    (line,) = re.findall(r"reverse_proxy .*", compose["configs"]["caddyfile"]["content"])
    assert line == "reverse_proxy /pipedrive receiver:8080"
    assert "ports" not in compose["services"]["receiver"]
    assert {"--path=/pipedrive", "--port=8080"} <= set(of_compose())


def test_kubernetes_accepts_the_manifests() -> None:
    for manifest in kubernetes():
        kubernetes_validate.validate(manifest, "1.30", strict=True)


def test_the_ingress_forwards_only_deliveries() -> None:
    (ingress,) = (one for one in kubernetes() if one["kind"] == "Ingress")

    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/pipedrive", "Exact")
    assert "--path=/pipedrive" in of_kubernetes()


def test_alerts_and_dashboard_use_metrics_that_exist() -> None:
    exposed = set(re.findall(r"^# TYPE (\w+)", Metrics().exposition().decode(), re.MULTILINE))
    alerts = [rule["expr"] for rule in alert_rules()]
    panels = json.loads(read("grafana-dashboard.json"))["panels"]
    charts = [target["expr"] for panel in panels for target in panel["targets"]]

    for expression in alerts + charts:
        used = {one.removesuffix("_bucket") for one in METRIC.findall(expression)}
        assert used
        assert used <= exposed, expression


def alert_rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(read("prometheus-alerts.yaml"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    for rule in alert_rules():
        assert {"alert", "expr", "for", "labels", "annotations"} <= rule.keys()
        assert {"summary", "description"} == rule["annotations"].keys()
