"""Packing a model into the folder that MLflow keeps, and unpacking it without running what is inside."""

from __future__ import annotations

import json
import math
import shutil
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ...data.sampling.row_hashes import FittedRows
from ...decision.answering import TRUSTED_TYPES, Terms
from ...errors import DataError
from ...model.model import Model
from ...monitoring.reference import ReferenceProfile
from ...monitoring.unfamiliar_values import Known
from ...project.data import FeaturesConfig
from .golden import Golden
from .input_example import made_up_row
from .seal import check_seal, seal
from .served_code import SCRIPT, served_package
from .signature import declared_columns, signature

if TYPE_CHECKING:
    from mlflow.models import Model as MLmodel

_REQUIRED = ("mlflow", "numpy", "pandas", "scikit-learn", "scipy", "skops")
_ARTIFACTS = {"model": "model.skops", "decision": "decision.json", "reference": "reference.json"}
_FITTED_ROWS, _GOLDEN = {"seen": "seen.npz"}, {"golden": "golden.json"}
"""Packed with them where they are known; a version that lacks one still loads."""


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """What is kept of a model.

    Parameters
    ----------
    model : Model
    unit : str
        Unit of its costs.
    profile : ReferenceProfile
        What its training rows looked like, for drift: counts and edges, never a row.
    fitted_rows : FittedRows, optional
        Hashes of the rows it was fitted on; with a row's id and time one can check whether it was one.
    golden : Golden, optional
        Rows and the model's answers about them. A version without them is not put into production.
    declared : mapping of str to str
        Types that the project declares for what the model reads: integer, boolean, date, datetime.
    """

    model: Model
    unit: str
    profile: ReferenceProfile
    fitted_rows: FittedRows | None = None
    golden: Golden | None = None
    declared: Mapping[str, str] = field(default_factory=dict)


def pack(package: ModelPackage, folder: Path, described_by: MLmodel) -> str:
    """Write a model as `mlflow.pyfunc.load_model` reads it, without needing logitgate there.

    Parameters
    ----------
    package : ModelPackage
    folder : Path
        Made here.
    described_by : mlflow.models.Model
        Its ids.

    Returns
    -------
    str
        The digest of the whole folder: the sha256 of its manifest.

    Raises
    ------
    DataError
        When the pipeline is made of parts that loading would not trust.
    """
    import mlflow.pyfunc

    terms = terms_of(package)
    drafts = folder.with_name(folder.name + ".draft")
    drafts.mkdir(parents=True)
    _dump(package, terms, drafts)
    served = served_package(drafts)
    script = drafts / "served_model.py"
    script.write_text(SCRIPT.format(package=served.name), encoding="utf-8")
    with warnings.catch_warnings(), _our_requirements():
        # Where no row can be made up, as without a profile of the costs' columns, MLflow asks for an example.
        warnings.filterwarnings("ignore", message=".*input example.*")
        # MLflow compares the example's column names with a range, which pandas will stop allowing.
        warnings.filterwarnings("ignore", message="Operation with range is deprecated.*")
        mlflow.pyfunc.save_model(
            path=str(folder),
            python_model=str(script),
            artifacts={key: str(drafts / name) for key, name in _packed(package).items()},
            code_paths=[str(served)],
            mlflow_model=described_by,
            signature=signature(terms),
            input_example=made_up_row(declared_columns(terms), package.profile),
            metadata={"columns": declared_columns(terms)},
            pip_requirements=[f"{name}=={version(name)}" for name in _REQUIRED],
            streamable=False,
        )
    shutil.rmtree(drafts)
    _forget_where(described_by, folder)
    for cache in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    return seal(folder)


def unpack(folder: Path, digest: str) -> ModelPackage:
    """Read a model back from its folder, by our own code and our own list of trusted types.

    Raises
    ------
    ConflictError
        When a file is not the one that was packed, is missing, or was added, or something lies there that is
        no file, such as a link. It names the file.
    DataError
        When the pipeline contains a type that is not trusted.
    """
    check_seal(folder, digest)
    artifacts = folder / "artifacts"
    terms = Terms.from_json(json.loads((artifacts / _ARTIFACTS["decision"]).read_text("utf-8")))
    profile = ReferenceProfile(json.loads((artifacts / _ARTIFACTS["reference"]).read_text("utf-8")))
    path = artifacts / _ARTIFACTS["model"]
    _trust(path)
    import skops.io

    pipeline = skops.io.load(path, trusted=list(TRUSTED_TYPES))
    features = FeaturesConfig(numeric=terms.numeric, categorical=terms.categorical)
    model = Model(pipeline, terms.rule, terms.costs, features, terms.arithmetic)
    kept = artifacts / _FITTED_ROWS["seen"]
    fitted_rows = FittedRows.unpacked(kept.read_bytes()) if kept.is_file() else None
    kept = artifacts / _GOLDEN["golden"]
    golden = Golden.from_json(json.loads(kept.read_text("utf-8"))) if kept.is_file() else None
    return ModelPackage(model, terms.unit, profile, fitted_rows, golden, terms.declared)


def terms_of(package: ModelPackage) -> Terms:
    """Return what decides together with the probability."""
    model, ranges = package.model, Known.of(package.model, package.profile).ranges
    features, limits = (
        model.features,
        {name: ranges[name] for name in model.features.numeric if name in ranges},
    )
    return Terms(
        model.rule,
        model.costs,
        features.numeric,
        features.categorical,
        package.unit,
        model.arithmetic,
        package.declared,
        {name: (low, high) for name, (low, high) in limits.items() if math.isfinite(low)},
    )


def _dump(package: ModelPackage, terms: Terms, folder: Path) -> None:
    for key, plain in (("decision", terms.as_json()), ("reference", dict(package.profile.plain))):
        text = json.dumps(plain, allow_nan=False, indent=1)
        (folder / _ARTIFACTS[key]).write_text(text, encoding="utf-8")
    if package.golden is not None:
        text = json.dumps(package.golden.as_json(), allow_nan=False)
        (folder / _GOLDEN["golden"]).write_text(text, encoding="utf-8")
    if package.fitted_rows is not None:
        (folder / _FITTED_ROWS["seen"]).write_bytes(package.fitted_rows.packed())
    path = folder / _ARTIFACTS["model"]
    import skops.io

    skops.io.dump(package.model.pipeline, path, compression=zipfile.ZIP_DEFLATED)
    _trust(path)


@contextmanager
def _our_requirements() -> Iterator[None]:
    """Let MLflow compare no requirements with what is installed: ours are written from that.

    For each distribution it would look for the files of all its modules, a third of the time of packing.
    """
    from mlflow.utils import requirements_utils

    before = vars(requirements_utils).get("_MODULES_TO_PACKAGES")
    vars(requirements_utils)["_MODULES_TO_PACKAGES"] = before or {}
    try:
        yield
    finally:
        vars(requirements_utils)["_MODULES_TO_PACKAGES"] = before


def _packed(package: ModelPackage) -> dict[str, str]:
    fitted_rows = {} if package.fitted_rows is None else _FITTED_ROWS
    return _ARTIFACTS | fitted_rows | ({} if package.golden is None else _GOLDEN)


def _forget_where(described_by: MLmodel, folder: Path) -> None:
    """Keep the names of the files, but not in which folder of this machine they were written."""
    flavor = described_by.flavors["python_function"]
    flavor["model_code_path"] = Path(flavor["model_code_path"]).name
    for artifact in flavor["artifacts"].values():
        artifact["uri"] = Path(artifact["uri"]).name
    described_by.save(str(folder / "MLmodel"))


def _trust(path: Path) -> None:
    import skops.io

    untrusted = sorted(set(skops.io.get_untrusted_types(file=path)) - set(TRUSTED_TYPES))
    if untrusted:
        raise DataError(
            path.name,
            f"{len(untrusted)} types are not trusted: {', '.join(untrusted)}",
            "build the pipeline from scikit-learn's own parts",
        )
