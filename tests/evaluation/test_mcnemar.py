"""McNemar: the textbook's table, and the same by another library."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logitgate.evaluation.comparisons.mcnemar import McNemar

counts = st.integers(0, 2_000)


def test_the_textbooks_table():
    """Agresti's approval ratings, [[794, 86], [150, 570]]: only the discordant counts matter."""
    found = McNemar(150, 86)
    assert found.chi_squared == pytest.approx(17.35593, abs=5e-6)
    assert found.p_value == pytest.approx(3.0993e-5, rel=1e-4)
    assert found.corrected == pytest.approx(16.81780, abs=5e-6)
    # 2 * sum of the binomial coefficients of 236 up to 86, over 2 ** 236, in rational arithmetic
    assert found.p_exact == pytest.approx(3.715936139571442e-5, rel=1e-12)


@given(counts, counts)
def test_the_three_ways_agree_with_statsmodels(gained, lost):
    """Without and with the correction, and exact."""
    from statsmodels.stats.contingency_tables import mcnemar

    table = np.array([[5, gained], [lost, 7]])
    found = McNemar(gained, lost)
    assert found.p_exact == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-9)
    if gained + lost:
        plain = mcnemar(table, exact=False, correction=False)
        assert (found.chi_squared, found.p_value) == pytest.approx((plain.statistic, plain.pvalue))
    if gained != lost:  # statsmodels "corrects" equal counts away from equality
        edwards = mcnemar(table, exact=False, correction=True)
        assert (found.corrected, found.p_corrected) == pytest.approx((edwards.statistic, edwards.pvalue))


@given(counts, counts)
def test_who_is_first_does_not_matter(gained, lost):
    """The test is two-sided."""
    one, other = McNemar(gained, lost), McNemar(lost, gained)
    assert (one.chi_squared, one.p_exact) == (other.chi_squared, other.p_exact)


def test_no_discordant_row_is_no_evidence():
    """All three say p = 1, and counts below zero are refused."""
    found = McNemar(0, 0)
    assert (found.chi_squared, found.p_value, found.p_corrected, found.p_exact) == (0.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="not negative"):
        McNemar(3, -1)
