"""Verdicts as Markdown artifacts in Prefect's UI."""

from __future__ import annotations

import logging
import re

from prefect.artifacts import create_markdown_artifact
from prefect.settings import PREFECT_API_URL

from logitgate.gates.verdict.markdown import markdown
from logitgate.gates.verdict.outcome import Outcome
from logitgate.gates.verdict.sentences import champion_sentence, money_sentence, verdict_sentence
from logitgate_flows.messages.error_text import in_words

_LOG = logging.getLogger(__name__)


def show_outcome(outcome: Outcome, page: str) -> None:
    """Show what a training decided, and where its evidence is.

    Parameters
    ----------
    outcome : Outcome
    page : str
        Address of the run in MLflow's UI; empty where no server serves it.
    """
    sentences = (verdict_sentence(outcome), champion_sentence(outcome), money_sentence(outcome))
    evidence = f"[Evidence in MLflow]({page})" if page else f"Evidence in MLflow: run `{outcome.run_id}`"
    summary = " ".join(one for one in sentences if one)
    show(
        f"{outcome.model}-verdict",
        f"{summary}\n\n{evidence}\n\n{markdown(outcome.verdict, None, outcome.unit)}",
    )


def show(key: str, text: str) -> None:
    """Make an artifact on the server that is named, if one is; what goes wrong there changes no result."""
    if not PREFECT_API_URL.value():
        return
    try:
        create_markdown_artifact(text, key=re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-"))
    except Exception as error:  # noqa: BLE001 - the work is done, whatever a server says about its picture
        _LOG.warning("artifact %s not made: %s", key, in_words(error))
