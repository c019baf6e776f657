"""The X-Road project's own messages, judged as its own parser judges them."""

import csv
from pathlib import Path

import pytest

from gateway.xroad.check import check


def _rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "index.tsv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["file"].startswith("soap/")]


@pytest.mark.needs("corpus")
def test_every_message_gets_the_stated_outcome(corpus: Path) -> None:
    """What X-Road accepts we accept; what it rejects we reject under the same code, attachments or not."""
    rows = _rows(corpus)
    assert len(rows) >= 35
    assert sum("multipart" in row["content_type"].lower() for row in rows) >= 10
    wrong = []
    for row in rows:
        side = "response" if row["file"].endswith(".answer") else "request"
        verdict = check((corpus / row["file"]).read_bytes(), row["content_type"], side=side)
        got = verdict.code if verdict.outcome == "reject" else verdict.outcome
        got = f"fault:{verdict.code}" if verdict.outcome == "fault" else got
        if got != row["expected"]:
            wrong.append((row["file"], row["expected"], got, verdict.hint))
    assert wrong == []
