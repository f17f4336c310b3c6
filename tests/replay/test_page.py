"""The page of a replay: what each policy cost, releases in words, age and alarms."""

from html import unescape

from logitgate.replay.policies import Policy
from logitgate.replay.results.page import age_chart, policy_chart, replay_page
from tests.replay.replays import replay


def test_it_tells_the_conclusion_the_policies_and_each_release():
    """With the sentences that the terminal prints."""
    found = replay()
    text = unescape(replay_page(found))
    for shown in (found.conclusion, found.releases[0].sentence("EUR"), "slices: side = west", "roll back"):
        assert shown in text


def test_costs_are_drawn_beyond_those_of_the_gates():
    """The gates' own line is flat; another one ends where the sums say."""
    found = replay()
    drawn = {one.label: one for one in policy_chart(found).lines}
    heights = {point.split(",")[1] for point in drawn[Policy.GATED.value].points.split()}
    assert len(heights) == 1
    assert "always 40" in policy_chart(found).description


def test_the_cost_of_age_has_intervals():
    """One vertical line an age."""
    lines = [one for one in age_chart(replay()).lines if one.kind == "model"]
    assert len(lines) == 2


def test_markup_is_inert():
    """Also in the model's name."""
    assert "<script>alert" not in replay_page(replay(model="<script>alert(1)</script>"))
