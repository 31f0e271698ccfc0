"""What presets say to wrong arguments: the call of each docstring's example, with one argument replaced."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any, get_args, get_type_hints

import presets_doc
import pytest

import initconstructs
from initconstructs import EmptyDir, ModelError, SecretKey, Volume
from initconstructs.presets import configuring, fetching, networking, permissions, preparing, waiting, warming
from initconstructs.presets.waiting import Tls

FAMILIES = presets_doc.families()
PUBLIC = {name: getattr(initconstructs, name) for name in initconstructs.__all__}
VOLUMES = {name: Volume(name, EmptyDir()) for name in ("backup", "data", "logs", "shared", "tls")}
TEXTS = dict.fromkeys(("COMMIT", "CONFIG", "IMAGE", "ORDERS", "PG", "PRIMARY", "REPLICA"), "example.org/app:1.0")
NAMES = {**PUBLIC, **FAMILIES, **VOLUMES, **TEXTS, "COMMIT": "v1", "GEO_SHA256": "0" * 64, "Tls": Tls}

STRANGE = {
    "object": object(),
    "None|Optional": None,
    "bool": True,
    "float": 1.5,
    "bytes": b"x",
    "list": [b"x"],
    "Mapping": {b"x": "a"},
    "set": {"a"},
    "type": waiting.tcp,
    "SecretKey": SecretKey("db", "token"),
}
"""Values by the word that must stand in the annotation of a parameter that takes them."""

HOSTILE = ["", " ", "ünï\n", "/", "/a/", "a/../b", "../x", "\0", "\ud800", "$(X)", "9" * 400, "[", "://", "http://["]
HOSTILE += [0, -1, 10**30, [], [""], ["\0"], {}, {"": ""}, {"..": "x"}, {"a": "\ud800"}, float("nan"), float("inf")]


def functions() -> list[Any]:
    found = [
        pytest.param(module, getattr(module, name), id=f"{family}-{name}")
        for family, module in FAMILIES.items()
        for name in module.__all__
        if inspect.isfunction(getattr(module, name))
    ]
    return [each for each in found if "options" in inspect.signature(each.values[1]).parameters]


def example(module: ModuleType, function: Any) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of the call that the docstring shows, what it leaves out left out."""
    family = module.__name__.rpartition(".")[2]
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    shown = next(each for each in paragraphs if each.startswith("    ") and f"{family}.{function.__name__}(" in each)
    text = re.sub(r"(, )?\.\.\.(?=\])", "", textwrap.dedent(shown).replace("sha256:...", f"sha256:{'0' * 64}"))
    calls = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Call)]
    call = next(each for each in calls if ast.unparse(each.func) == f"{family}.{function.__name__}")
    return [value(each) for each in call.args], {str(each.arg): value(each.value) for each in call.keywords}


def value(expression: ast.expr) -> Any:
    return eval(compile(ast.Expression(expression), "example", "eval"), dict(NAMES))


def parameters(function: Any) -> Mapping[str, str]:
    """The annotation of each parameter and option, as text."""
    hints = get_type_hints(function)
    (options,) = get_args(hints.pop("options"))
    hints = {**hints, **get_type_hints(options)}
    return {name: str(hint) for name, hint in hints.items() if name != "return"}


def call(function: Any, args: list[Any], given: Mapping[str, Any], name: str, replacement: object) -> object:
    """The call with one argument replaced; of several `*args`, the first."""
    places = list(inspect.signature(function).parameters.values())[: len(args)]
    position = next((index for index, each in enumerate(places) if each.name == name), None)
    if position is not None:
        return function(*args[:position], replacement, *args[position + 1 :], **given)
    return function(*args, **{**given, name: replacement})


@pytest.mark.parametrize(("module", "function"), functions())
def test_the_example_of_the_docstring_is_taken(module, function):
    args, given = example(module, function)
    assert function(*args, **given)


@pytest.mark.parametrize(("module", "function"), functions())
def test_a_value_of_a_type_that_the_signature_has_not_is_refused(module, function):
    args, given = example(module, function)
    for name, annotation in parameters(function).items():
        for word, strange in STRANGE.items():
            if re.search(rf"\b({word})", annotation):
                continue
            with pytest.raises(ModelError):
                print(name, word, call(function, args, given, name, strange))


@pytest.mark.parametrize(("module", "function"), functions())
def test_no_value_ends_in_another_error(module, function):
    args, given = example(module, function)
    for name in parameters(function):
        for hostile in HOSTILE:
            with suppress(ModelError):
                call(function, args, given, name, hostile)


@pytest.mark.parametrize(("module", "function"), functions())
def test_an_unknown_keyword_is_refused(module, function):
    args, given = example(module, function)
    with pytest.raises(ModelError, match=rf"{function.__name__}\(colour=\.\.\.\) is unknown"):
        function(*args, **given, colour="red")


@pytest.mark.parametrize(("module", "function"), functions())
def test_a_name_that_no_container_can_have_is_told_as_it_was_given(module, function):
    args, given = example(module, function)
    with pytest.raises(ModelError, match=r"name is 'My App': must be a DNS label"):
        function(*args, **{**given, "name": "My App"})


def test_a_slip_in_an_option_is_told_with_the_name_that_was_meant():
    with pytest.raises(ModelError, match=r'tcp\(timout=\.\.\.\) is unknown; did you mean "timeout"\?'):
        waiting.tcp("db", 5432, timout="5m")


def test_an_argument_that_is_missing_is_told():
    with pytest.raises(ModelError, match=r"seed\(\.\.\.\) can't be called so: missing a required argument: 'to'"):
        preparing.seed("/data")


@pytest.mark.parametrize(("module", "function"), functions())
def test_what_stands_where_a_secret_may_stand_is_not_shown(module, function):
    args, given = example(module, function)
    for name, annotation in parameters(function).items():
        if "SecretKey" not in annotation or name in {"host", "port", "url"}:
            continue
        for hidden in ("hunter2", "hunter2\0", b"hunter2", ["hunter2"], {"A": "hunter2\0"}, {"A": ["hunter2"]}):
            told = ""
            try:
                call(function, args, given, name, hidden)
            except ModelError as error:
                told = str(error)
            assert "hunter2" not in told, name


@pytest.mark.parametrize(
    "slip",
    [
        lambda: fetching.git("https://acme:hunter2@git.example/acme/site.git", ref="v1"),
        lambda: fetching.s3("s3://models/a", endpoint="https://acme:hunter2@store.example"),
        lambda: fetching.azure_blob("https://acme.blob.core.windows.net/models/a?sig=hunter2"),
        lambda: fetching.https("https://files.example@hunter2/a", sha256="0" * 64),
    ],
)
def test_a_login_in_a_url_is_refused_and_not_shown(slip):
    with pytest.raises(ModelError) as found:
        slip()
    assert "hunter2" not in str(found.value)


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        (
            lambda: fetching.https("https://x.example/a", sha256="0" * 64, strip=1),
            "https: strip is 1: is of an archive",
        ),
        (
            lambda: fetching.https("https://x.example/a", sha256="0" * 64, file="b", extract=True),
            "https: file is 'b': names a file, and an archive is unpacked",
        ),
        (lambda: warming.http({"a": "https://x.example/a"}, budget=0), "http: budget is 0"),
        (lambda: warming.model("acme/a", revision="v1", budget=0), "model: budget is 0"),
        (lambda: warming.dataset("acme/a", revision="v1", budget=0), "dataset: budget is 0"),
        (lambda: configuring.copy({"a": "b"}, to="/x", mode="0644"), "write 0o644"),  # type: ignore[arg-type]
        (lambda: configuring.copy("/etc/nginx", to="/etc/nginx/"), "lies in /etc/nginx/"),
        (lambda: configuring.copy({"a": "b"}, to="/"), "configure: to is '/': would hide the whole image"),
        (lambda: networking.ca_bundle(VOLUMES["tls"]), "ca_bundle: source is a Volume: must be text"),  # type: ignore[arg-type]
        (lambda: permissions.fs_group(None), "fs_group: group is None"),  # type: ignore[arg-type]
        (lambda: permissions.fs_group(1000, always="no"), "fs_group: always"),  # type: ignore[arg-type]
    ],
)
def test_a_slip_is_told_in_the_words_of_its_own_function(slip, told):
    with pytest.raises(ModelError) as found:
        slip()
    assert told in str(found.value)
