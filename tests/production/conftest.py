"""Stores with versions, made once and put back for each test."""

import pytest


@pytest.fixture(scope="session")
def four_versions(one_home, mlflow_template):
    """A copy of a store, and its four registered versions."""
    from tests.homes import filled
    from tests.releases import promoted, registered

    def releases(store):
        made = registered(store, 4)
        for version, against in zip(made[:3], [None, *made[:2]], strict=True):
            promoted(store, version, against)
        return made

    return filled(one_home, mlflow_template, releases)


@pytest.fixture
def versions(four_versions, store, mlflow_home):
    """Four registered versions, three of them in production one after the other."""
    from tests.homes import put_back

    copy, made = four_versions
    put_back(copy, mlflow_home)
    return made
