"""McNemar's test, whether two decision makers are right about equally many of the same rows.

A diagnostic beside the costs, never a gate: it counts errors and does not know what they cost, and it takes
rows for independent. Sources: McNemar (1947); Edwards (1948) for the correction.
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import bdtr, chdtrc


@dataclass(frozen=True, slots=True)
class McNemar:
    """The test over the rows that exactly one of the two decided rightly.

    Parameters
    ----------
    gained : int
        Rows that only the first decided rightly.
    lost : int
        Rows that only the second decided rightly.

    Raises
    ------
    ValueError
        When a count is negative.

    Examples
    --------
    >>> round(McNemar(150, 86).chi_squared, 5)
    17.35593
    """

    gained: int
    lost: int

    def __post_init__(self) -> None:
        if min(self.gained, self.lost) < 0:
            raise ValueError("counts of rows are not negative")

    @property
    def chi_squared(self) -> float:
        """``(b - c)^2 / (b + c)``, one degree of freedom; 0 when no row tells the two apart."""
        return self._statistic(abs(self.gained - self.lost))

    @property
    def corrected(self) -> float:
        """The same with Edwards' continuity correction, ``(|b - c| - 1)^2 / (b + c)``."""
        return self._statistic(max(abs(self.gained - self.lost) - 1, 0))

    @property
    def p_value(self) -> float:
        """Two-sided, of `chi_squared`."""
        return float(chdtrc(1, self.chi_squared))

    @property
    def p_corrected(self) -> float:
        """Two-sided, of `corrected`."""
        return float(chdtrc(1, self.corrected))

    @property
    def p_exact(self) -> float:
        """Two-sided, by the binomial distribution with one half."""
        rows = self.gained + self.lost
        return min(1.0, 2 * float(bdtr(min(self.gained, self.lost), rows, 0.5)))

    def _statistic(self, apart: int) -> float:
        rows = self.gained + self.lost
        return apart**2 / rows if rows else 0.0
