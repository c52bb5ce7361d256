"""Asking for the metrics as Prometheus does, and reading what comes."""

from django.http import HttpResponse
from django.test import Client
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "t0ken-" + "x" * 26


def ask(client: Client, authorization: str | None = f"Bearer {TOKEN}", method: str = "GET") -> HttpResponse:
    headers = {} if authorization is None else {"authorization": authorization}
    answer: HttpResponse = client.generic(method, "/metrics", headers=headers)  # type: ignore[assignment]
    return answer


def families(client: Client) -> dict[str, Metric]:
    answer = ask(client)
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = list(text_string_to_metric_families(answer.content.decode()))
    assert len({family.name for family in found}) == len(found)
    assert all(family.documentation and family.type != "untyped" for family in found)
    return {family.name: family for family in found}


def samples(client: Client) -> dict[str, float]:
    """Every sample by its name and labels, as it stands in the text."""
    return {
        sample.name + "".join(f",{name}={value}" for name, value in sorted(sample.labels.items())): sample.value
        for family in families(client).values()
        for sample in family.samples
    }


def exposed(client: Client) -> set[str]:
    """The names that a person asks for: of a histogram its own, not those of its parts."""
    found = families(client).values()
    return {family.name if family.type == "histogram" else sample.name for family in found for sample in family.samples}
