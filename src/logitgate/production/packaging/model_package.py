"""Packing a model into the folder that MLflow keeps, and unpacking it without running what is inside."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import shutil
import sys
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.pyfunc
from mlflow.models import Model as MLmodel
from mlflow.models import ModelSignature
from mlflow.types.schema import AnyType, ColSpec, DataType, Schema, TensorSpec

from ... import __file__ as _package_file
from ...data.sampling.row_hashes import FittedRows
from ...decision.pyfunc import ANSWER, TRUSTED_TYPES, UNFAMILIAR, Terms
from ...errors import DataError
from ...model.model import Model
from ...monitoring.reference import ReferenceProfile
from ...monitoring.unfamiliar_values import Known
from ...project.data import FeaturesConfig
from .golden import Golden
from .input_example import made_up_row
from .model_folder import files_of, is_left_by_loading, tampered

MANIFEST = "SHA256SUMS"
"""File that lists the digest of every other file; ``sha256sum --check`` reads it."""

_GROUND = ("redaction.py", "errors.py")
_DECIDING = ("expressions", "costs", "rule", "levels", "cells", "look_ups", "compiled", "pyfunc")
_SERVED = tuple(f"decision/{name}.py" for name in _DECIDING)
_SCRIPT = """\
from mlflow.models import set_model

from {package}.decision.pyfunc import ServedModel

set_model(ServedModel())
"""
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
    terms = terms_of(package)
    drafts = folder.with_name(folder.name + ".draft")
    drafts.mkdir(parents=True)
    _dump(package, terms, drafts)
    served = _served_package(drafts)
    script = drafts / "served_model.py"
    script.write_text(_SCRIPT.format(package=served.name), encoding="utf-8")
    with warnings.catch_warnings():
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
    return _seal(folder)


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
    _check(folder, digest)
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


def signature(terms: Terms) -> ModelSignature:
    """Return the columns that go in and come out, so that MLflow changes no cell and refuses no row.

    Types of MLflow are no checks: its server makes 30 of 30.99 where a column is `long`, true of "no" where
    it is `boolean`, 12 of "12" where it is `double` and "None" of a missing cell where it is `string`;
    outside the server it refuses int64 where a `double` is wanted and NaN where a `long` is, and repeats the
    rows in its errors, as it does for an absent column. So a cell may be of any type for MLflow, and it
    requires no column: `pyfunc.answer` refuses what is absent or not as declared, by name and count. The
    types stand in the model's metadata.
    """
    anything: Any = AnyType()  # type: ignore[no-untyped-call]
    inputs: list[ColSpec | TensorSpec] = [ColSpec(anything, name, required=False) for name in terms.columns]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.boolean if name == "decision" else DataType.double, name) for name in ANSWER
    ]
    return ModelSignature(
        inputs=Schema(inputs), outputs=Schema([*outputs, ColSpec(DataType.long, UNFAMILIAR)])
    )


def declared_columns(terms: Terms) -> dict[str, str]:
    """Return the type of each column that a row must bring, as the project or its role says."""
    of_role = {"number": "number", "text": "text", "cost": "number"}
    return {name: terms.declared.get(name, of_role[kind]) for name, kind in terms.columns.items()}


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


def _packed(package: ModelPackage) -> dict[str, str]:
    fitted_rows = {} if package.fitted_rows is None else _FITTED_ROWS
    return _ARTIFACTS | fitted_rows | ({} if package.golden is None else _GOLDEN)


def _forget_where(described_by: MLmodel, folder: Path) -> None:
    """Keep the names of the files, but not in which folder of this machine they were written."""
    flavor = described_by.flavors[mlflow.pyfunc.FLAVOR_NAME]
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


def _served_package(folder: Path) -> Path:
    """Copy the code that is shipped, under a name by its contents: so two versions can be loaded at once."""
    root = Path(_package_file).parent
    sources = {name: (root / name).read_bytes() for name in (*_GROUND, *_SERVED)}
    content = b"".join(name.encode() + b"\0" + source + b"\0" for name, source in sources.items())
    package = folder / f"logitgate_served_{hashlib.sha256(content).hexdigest()[:8]}"
    (package / "decision").mkdir(parents=True)
    for name in ("__init__.py", "decision/__init__.py"):
        (package / name).write_text('"""Shipped with a model of logitgate."""\n', encoding="utf-8")
    for name, source in sources.items():
        (package / name).write_bytes(source)
    if package.name not in sys.modules:
        _importable(package)
    return package


def _importable(package: Path) -> None:
    """Let MLflow run the script once while it saves it, without touching the search path."""
    spec = importlib.util.spec_from_file_location(
        package.name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(package.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[package.name] = module
    spec.loader.exec_module(module)


def _seal(folder: Path) -> str:
    lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(folder).items())]
    (folder / MANIFEST).write_text("".join(lines), encoding="utf-8")
    return _sha256(folder / MANIFEST)


def _check(folder: Path, digest: str) -> None:
    manifest = folder / MANIFEST
    if not manifest.is_file() or _sha256(manifest) != digest:
        raise tampered(MANIFEST, "is not the one that was registered")
    lines = (line.split("  ", 1) for line in manifest.read_text("utf-8").splitlines())
    packed = {name: expected for expected, name in lines}
    found = _digests(folder)
    for name in sorted(packed.keys() | found.keys()):
        if name not in found:
            raise tampered(name, "is missing")
        if name not in packed:
            raise tampered(name, "was added")
        if packed[name] != found[name]:
            raise tampered(name, "is not the one that was registered")


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file, without the manifest and what plain MLflow and Python add."""
    return {
        name: _sha256(path)
        for name, path in files_of(folder).items()
        if name != MANIFEST and not is_left_by_loading(path, name)
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
