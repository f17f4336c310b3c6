"""The exhibit `champion`: everything that sets a challenger apart from the champion, on the same rows.

Only the costs decide. Log loss, DeLong's and McNemar's tests stand beside them for readers who ask.
"""

from __future__ import annotations

from ...decision.expressions import FloatArray
from ...evaluation.comparisons.comparison import Flips, Paired
from ...evaluation.comparisons.mcnemar import McNemar
from ...evaluation.estimates import Estimate
from ...evaluation.evaluate import Scored
from ...evaluation.intervals import mean_interval
from ...evaluation.metrics import log_losses
from ...evaluation.ranking.delong import AucDifference, Ranked
from ...evidence_table import Exhibit
from ...findings import Figure

_NOTE = (
    "Challenger minus champion, with 95 % intervals. The difference in cost decides; log loss, AUC and "
    "McNemar's test are shown and decide nothing."
)


def champion_exhibit(challenger: Scored, champion: Scored, compared: Paired) -> Exhibit:
    """Set two decision makers side by side.

    Parameters
    ----------
    challenger, champion : Scored
        The same rows in the same order, at least one.
    compared : Paired
        Their costs.
    """
    rows: list[dict[str, Figure]] = [
        _means("cost per row", challenger.cost, champion.cost, compared.difference),
        _log_loss(challenger, champion),
        *_ranked(challenger, champion),
        *_right_decisions(challenger, champion),
        {"figure": "events that cost differently (effective)", "difference": compared.effective_events},
        _flips("newly flagged", compared.newly_flagged),
        _flips("newly passed", compared.newly_passed),
    ]
    return Exhibit("champion", "Challenger and champion", tuple(rows), _NOTE)


def _ranked(challenger: Scored, champion: Scored) -> list[dict[str, Figure]]:
    y, cluster = challenger.y, challenger.cluster
    one, other = (Ranked.of(y, scored.decision.probability) for scored in (challenger, champion))
    plain = _ranks("AUC (DeLong)", one.less(other))
    return (
        [plain] if cluster is None else [plain, _ranks("AUC (DeLong, clustered)", one.less(other, cluster))]
    )


def _log_loss(challenger: Scored, champion: Scored) -> dict[str, Figure]:
    one, other = (log_losses(each.y, each.decision.probability) for each in (challenger, champion))
    return _means("log loss", one, other, mean_interval(one - other, challenger.cluster))


def _means(figure: str, one: FloatArray, other: FloatArray, difference: Estimate) -> dict[str, Figure]:
    means: dict[str, Figure] = {"challenger": float(one.mean()), "champion": float(other.mean())}
    return {"figure": figure, **means, **difference.figures("difference")}


def _ranks(figure: str, found: AucDifference) -> dict[str, Figure]:
    return {
        "figure": figure,
        "challenger": found.first,
        "champion": found.second,
        **found.difference.figures("difference"),
        "statistic": found.z,
        "p_value": found.p_value,
    }


def _right_decisions(challenger: Scored, champion: Scored) -> list[dict[str, Figure]]:
    one, other = (each.decision.flagged == (each.y == 1) for each in (challenger, champion))
    found = McNemar(int((one & ~other).sum()), int((other & ~one).sum()))
    shares: dict[str, Figure] = {"challenger": float(one.mean()), "champion": float(other.mean())}
    difference = float(one.mean() - other.mean())
    return [
        {
            "figure": "share decided rightly (McNemar)",
            **shares,
            "difference": difference,
            "statistic": found.chi_squared,
            "p_value": found.p_value,
        },
        {
            "figure": "share decided rightly (McNemar, corrected)",
            "statistic": found.corrected,
            "p_value": found.p_corrected,
        },
        {"figure": "share decided rightly (McNemar, exact)", "p_value": found.p_exact},
        {"figure": "only the challenger is right", "rows": found.gained},
        {"figure": "only the champion is right", "rows": found.lost},
    ]


def _flips(figure: str, flips: Flips) -> dict[str, Figure]:
    return {"figure": figure, "rows": flips.rows, "events": flips.events, "cost": flips.cost}
