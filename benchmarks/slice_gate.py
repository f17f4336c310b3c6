"""How often the slice gate stops a challenger that harms nobody, and one that harms a single slice.

Thirty slices of equally many rows. Rows have true log-odds z ~ N(m, 1.5), m set for the base rate; challenger
and champion see z with noises of their own, equally large, and flag from the base rate on, which is the
threshold when a miss costs as many times a false alarm as there are rows without an event for each one with
it. Worlds:

- equal: challenger and champion are equally good in every slice;
- at the margin: the same, but every slice costs just as much more as is tolerated, the worst harmless case;
- blind in one: in the first slice the challenger sees nothing but noise;
- equal, proofs asked: the first world, but all slices are critical, each at the same margin.

All goes through `proven_harm`, `gates.slices` and `gates.critical_slices` with the project file's defaults.

    python benchmarks/slice_gate.py
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from logitgate.evaluation.slices import SliceLevels
from logitgate.findings import Status, Verdict
from logitgate.gates.rules import gates
from logitgate.gates.rules.slice_harm import HarmRule, SliceHarm, proven_harm
from logitgate.project.gates import Gates, Slices

REPLICATIONS, SLICES = 2_000, 30
BASE_RATES, SIZES = (0.03, 0.15, 0.5), (1_000, 4_000)
SPREAD, NOISE = 1.5, 1.0
NAMES = tuple(f"{number:02d}" for number in range(SLICES))
BLIND = f"slice = {NAMES[0]}"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One replication: outcomes and what both, and a challenger that is blind in one slice, cost a row."""

    y: NDArray[np.int64]
    slices: SliceLevels
    champion: Floats
    challenger: Floats
    blind: Floats

    @classmethod
    def drawn(cls, random: np.random.Generator, rate: float, mean: float, rows: int) -> Trial:
        """Draw so many rows for each slice."""
        n, threshold = rows * SLICES, np.log(rate / (1 - rate))
        slices = SliceLevels(np.repeat(np.arange(SLICES), rows), NAMES)
        z = random.normal(mean, SPREAD, n)
        y = (random.random(n) < expit(z)).astype(np.int64)
        seen = z + NOISE * random.normal(size=(2, n))
        unseen = np.where(slices.codes == 0, random.permutation(seen[1]), seen[1])
        missed = (1 - rate) / rate
        costs = (
            np.where(y == 1, missed * (score < threshold), score >= threshold) for score in (*seen, unseen)
        )
        return cls(y, slices, *costs)

    def harms(self, cost: Floats, beyond: float = 0.0) -> tuple[list[SliceHarm], float]:
        """Return how each slice is judged when the challenger costs this and more, and the margin."""
        margin = Gates().slice_margin * float(self.champion.mean())
        declared = Slices()
        rule = HarmRule(margin, Gates().alpha, declared.minimum_rows, *2 * (declared.minimum_events,))
        difference = cost - self.champion + beyond * margin
        return proven_harm(difference, self.y, {"slice": self.slices}, None, rule), margin


def stops(harms: list[SliceHarm], margin: float) -> bool:
    """Return whether the gate stops the challenger."""
    return Verdict(tuple(gates.slices(harms, "champion", margin))).status.stops


def outcomes(trial: Trial) -> tuple[float, ...]:
    """Return which of the worlds were stopped, whether the blind slice was named, and what it costs more."""
    equal, blind = trial.harms(trial.challenger), trial.harms(trial.blind)
    named = [one.subject for one in gates.slices(blind[0], "champion", blind[1]) if one.status is Status.FAIL]
    asked = gates.critical_slices(equal[0], {f"slice = {name}": equal[1] for name in NAMES}, "champion")
    return (
        stops(*equal),
        stops(*trial.harms(trial.challenger, beyond=1.0)),
        stops(*blind),
        named == [BLIND],
        Verdict(tuple(asked)).status.stops,
        blind[0][0].difference.value / float(trial.champion.mean()),
    )


def simulated(rate: float, rows: int, replications: int = REPLICATIONS) -> Floats:
    """Return the mean of the outcomes over the replications, shape (6,)."""
    standard = np.random.default_rng(0).normal(0, SPREAD, 400_000)
    mean = brentq(lambda m: float(expit(standard + m).mean()) - rate, -12, 12)
    random = np.random.default_rng((rows, round(100 * rate)))
    drawn = [outcomes(Trial.drawn(random, rate, mean, rows)) for _ in range(replications)]
    return np.mean(drawn, axis=0)


def main() -> None:
    """Print the table of docs/methods.md."""
    head = ("base rate", "rows a slice", "equal", "at the margin", "blind in one", "only that one named")
    head += ("extra cost there", "equal, proofs asked")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for rate in BASE_RATES:
        for rows in SIZES:
            *stopped, asked, extra = simulated(rate, rows)
            cells = (f"{rate:.0%}", f"{rows:,}", *(f"{share:.1%}" for share in stopped), f"{extra:+.0%}")
            print(f"| {' | '.join(cells)} | {asked:.1%} |", flush=True)


if __name__ == "__main__":
    main()
