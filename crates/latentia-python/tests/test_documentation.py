"""The examples of the documentation."""

import doctest
import importlib
import pkgutil

import pytest

import latentia

MODULES = ["latentia", *(f"latentia.{module.name}" for module in pkgutil.iter_modules(latentia.__path__))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name):
    module = importlib.import_module(name)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testmod(module, optionflags=flags)
    assert failed == 0


def test_everything_that_is_offered_is_documented():
    for name in latentia.__all__:
        assert name == "__version__" or getattr(latentia, name).__doc__, name
    for name in vars(latentia.Model):
        if not name.startswith("_"):
            assert getattr(latentia.Model, name).__doc__, name
