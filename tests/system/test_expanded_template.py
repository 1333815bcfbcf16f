"""What SAM makes of template.yaml: names, and the versions that the API serves."""

import pytest

from tests.expanded import COMPLETE, OPTIONS, RELEASE, TRIAL, expand, of_type
from tests.template import all_functions, template

pytestmark = pytest.mark.system


def versions(parameters):
    """Return the logical id of the version of each function."""
    found = of_type(expand(parameters), "AWS::Lambda::Version")
    return {version["FunctionName"]["Ref"]: logical_id for logical_id, version in found.items()}


def test_no_parameter_has_the_name_of_a_resource():
    expanded = expand(COMPLETE)

    assert set(expanded["Parameters"]) & set(expanded["Resources"]) == set()


def test_sam_generates_the_same_for_all_parameters_of_a_release():
    assert all(expand(COMPLETE | options) == expand(TRIAL) for options in OPTIONS)


def test_the_complete_deployment_of_the_tests_sets_every_parameter_that_a_database_allows():
    assert set(template()["Parameters"]) - set(COMPLETE) == {*OPTIONS[0], "AllowEphemeralSqlite"}


def test_a_new_release_publishes_every_function():
    published, republished, again = (versions(COMPLETE | {"Release": release}) for release in ("a" * 64, "b" * 64, "a" * 64))

    assert set(published) == set(all_functions())
    assert set(published.values()).isdisjoint(republished.values())
    assert published == again


def test_a_release_changes_every_function_since_lambda_publishes_no_unchanged_one():
    described = {properties["Description"] for properties in of_type(expand(COMPLETE), "AWS::Lambda::Function").values()}

    assert described == {RELEASE}


def test_every_alias_serves_the_version_of_this_release():
    aliases = of_type(expand(COMPLETE), "AWS::Lambda::Alias").values()

    assert {alias["FunctionName"]["Ref"]: alias["FunctionVersion"]["Fn::GetAtt"] for alias in aliases} == {
        name: [version, "Version"] for name, version in versions(COMPLETE).items()
    }
