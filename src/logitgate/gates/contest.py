"""Who meets whom: the challenger, the champion and the rules that need no model, on the very same rows."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.sampling.row_hashes import FittedRows, untouched
from ..data.sampling.slicing import rare_pooled, slice_levels
from ..errors import LogitgateError
from ..model.model import Model
from ..model.recipes.submission import share_after
from ..project.project import Project
from .evidence import Challenger
from .rules.alpha_spending import spent_on_rules
from .rules.head_to_head import HeadToHead, Lane


@dataclass(frozen=True, slots=True)
class Opponents:
    """The champion, if there is one, and what was tried on these rows before."""

    champion: Model | None = None
    version: int | None = None
    """The champion's version; None before the first release."""
    digest: str = ""
    """Of its files."""
    refusal: str = ""
    """Why there is a version but no champion: it could not be loaded."""
    champion_rows: FittedRows | None = None
    """Rows that the champion was fitted on; None for one that was registered without them."""
    champion_recipe: str = ""
    """Key of the champion's recipe; empty for one that was registered without it."""
    earlier_decisions: int = 0
    """How many other recipes were judged on these rows before."""


def head_to_head(challenger: Challenger, opponents: Opponents, project: Project) -> HeadToHead:
    """Score the champion on the challenger's rows; one that cannot be scored is reported, not skipped."""
    champion, refusal = None, opponents.refusal
    if opponents.champion is not None:
        try:
            champion = opponents.champion.score(challenger.rows, project.costs.matrix)
        except LogitgateError as error:
            refusal = str(error)
        except (TypeError, ValueError):
            refusal = "its own preprocessing refuses these rows"
    fitted_on = [opponents.champion_rows] if opponents.champion else []
    if not challenger.recipe:
        fitted_on.append(challenger.fitted_on)
    same = bool(challenger.recipe) and challenger.recipe == opponents.champion_recipe
    return HeadToHead(
        challenger.scored,
        challenger.simpler,
        rare_pooled(slice_levels(challenger.rows, project), project),
        champion,
        opponents.version,
        refusal,
        untouched(challenger.rows, project, fitted_on),
        challenger.last,
        Lane.REFRESH if same else Lane.NEW_RECIPE,
        decision := opponents.earlier_decisions + 1,
        share_after(challenger.above, spent_on_rules(project.gates.alpha, decision)),
    )
