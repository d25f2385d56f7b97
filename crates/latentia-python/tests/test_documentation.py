"""The examples of the documentation."""

import ast
import doctest
import importlib
import inspect
import pkgutil
from pathlib import Path

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


def test_the_stub_has_the_names_and_parameters_of_the_extension():
    stub = ast.parse((Path(latentia.__file__).parent / "_latentia.pyi").read_text())
    module = latentia._latentia
    core = next(node for node in stub.body if isinstance(node, ast.ClassDef) and node.name == "Core")
    functions = [(module, node) for node in stub.body if isinstance(node, ast.FunctionDef)]
    functions += [(module.Core, node) for node in core.body if isinstance(node, ast.FunctionDef)]
    for owner, node in functions:
        said = [argument.arg for argument in node.args.args]
        assert said == list(inspect.signature(getattr(owner, node.name)).parameters), node.name
    in_stub = {node.name for _, node in functions}
    offered = {name for owner in (module, module.Core) for name, own in vars(owner).items() if callable(own)}
    assert {name for name in offered if not name.startswith("_")} == in_stub | {"Core", "DataWarning", "Error", "TrainingWarning"}
