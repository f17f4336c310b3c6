"""What findings and refusals say, in a golden file beside the tests: a section for each test."""

import pytest

from logitgate.findings import Finding


def line(one):
    """Return a finding, a refusal or a note as one line."""
    if isinstance(one, Finding):
        return f"{one.check} | {one.subject} | {one.status} | {one.because}".replace("\n", " ")
    return (one if isinstance(one, str) else f"{type(one).__name__}: {one}").replace("\n", " ")


def refusal(expected, call, *given, **named):
    """Return the refusal of a call that must not succeed."""
    with pytest.raises(expected) as refused:
        call(*given, **named)
    return refused.value


class Wording:
    """The sections of one golden file, by the names of their tests."""

    def __init__(self, path):
        self.path, self.sections, self.seen = path, {}, set()
        text = path.read_text("utf-8") if path.exists() else ""
        for section in filter(None, f"\n{text}".split("\n## ")):
            name, *lines = section.rstrip("\n").split("\n")
            self.sections[name] = lines

    def write(self, order):
        """Write the sections of the tests that there are, in their order; of those that ran, all anew."""
        ran = {_function(name) for name in self.seen}
        known = (name for name in self.sections if _function(name) in order)
        kept = [name for name in known if name in self.seen or _function(name) not in ran]
        kept.sort(key=lambda name: order.index(_function(name)))
        text = "\n".join("\n".join((f"## {name}", *self.sections[name], "")) for name in kept)
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(text, "utf-8")


def _function(name):
    """Return a test's name without its parameters."""
    return name.partition("[")[0]
