"""Versions to promote in tests, and what is requested them."""

import time
from dataclasses import replace

from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from logitgate.decision.costs import CostMatrix
from logitgate.decision.rule import DecisionRule
from logitgate.model.model import Model
from logitgate.monitoring.reference import ReferenceProfile
from logitgate.production.ledger.entries import Kind, Reason
from logitgate.production.packaging.golden import answered
from logitgate.production.packaging.model_package import ModelPackage
from logitgate.production.promotion.promotion import promote
from logitgate.production.promotion.transaction import PromotionRequest
from logitgate.production.registry import ledger_store
from logitgate.production.registry.model_files import register
from logitgate.production.registry.registry import Label, by_alias, champion
from logitgate.project.data import FeaturesConfig
from logitgate.tracking.recording import training_run
from logitgate.tracking.runs import Note

NAME = "visits"
BECAUSE = Reason("promotion", "ann", "PASS: 9 PASS", "PASS", {"cost": 2.5, "cost_low": 2.0, "cost_high": 3.0})
LABEL = Label("**PASS**", {"verdict": "PASS"})


def plain_shipment():
    """A model that only knows the prevalence: packed and loaded in a moment."""
    pipeline = Pipeline([("prior", DummyClassifier(strategy="prior"))]).fit([[0]] * 10, [0] * 7 + [1] * 3)
    costs = CostMatrix.of(true_positive=1, false_positive=1, true_negative=0, false_negative=5)
    model = Model(pipeline, DecisionRule("constant", 0.2), costs, FeaturesConfig(numeric=("speed",)))
    return ModelPackage(
        model, "EUR", ReferenceProfile({"rows": 10}), None, answered(model, {"speed": (1.0, 2.0, 3.0)}, {})
    )


def registered(store, number, package=None):
    """Register so many versions of the same model."""
    with training_run(store, NAME, Note("weekly")) as run:
        return [register(run, NAME, package or plain_shipment(), LABEL) for _ in range(number)]


def promoted(store, version, against=None, **reason):
    """Promote a version that was judged against another one."""
    return promote(store, PromotionRequest(NAME, replace(BECAUSE, **reason), version, against))


def production(store):
    """The numbers of the champion and of the previous one."""
    found = (champion(store, NAME), by_alias(store, NAME, "previous"))
    return tuple(one and one.version for one in found)


def ledger(store):
    """The ledger, which must be whole."""
    read = ledger_store.read(store, NAME)
    assert read.breaks == ()
    return read


def kinds(store):
    """Kind and version of each entry."""
    return [(entry.kind.value, entry.version) for entry in ledger(store).entries]


def done(store):
    """The versions that were put into production, in order."""
    return [entry.version for entry in ledger(store).entries if entry.kind is Kind.DONE]


def seconds(act):
    """How long a function takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
