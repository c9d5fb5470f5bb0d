"""What the workflow's scripts import, read from their source: modules of the library and packages."""

import ast
import functools
import re
import sys

from support import ROOT

RULES = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "rules").glob("*.smk")))
# Scripts that load a task's module by its name.
TASK_SCRIPTS = ("finetune", "evaluate")


def environment_of_scripts():
    """Script -> name of the environment of its rule; each rule has one of both, in this order."""
    found = re.findall(r'conda:\s+"\.\./envs/(\w+)\.yaml"|script:\s+"\.\./workflow_scripts/(\w+)\.py"', RULES)
    environments, scripts = found[::2], found[1::2]
    assert all(name for name, _ in environments), "a rule has a script and no environment, or the other way round"
    assert all(name for _, name in scripts)
    return {script: name for (name, _), (_, script) in zip(environments, scripts, strict=True)}


def _only_for_types(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _names(node):
    """Dotted names that a syntax tree imports when it runs, or finds without importing them."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) == "find_spec":
        yield node.args[0].value
    for child in ast.iter_child_nodes(node):
        if not _only_for_types(child):
            yield from _names(child)


@functools.cache
def _imports(path):
    """Library modules (`analysis/tables`) and packages that a file imports itself, anywhere in it."""
    modules, packages = set(), set()
    for name in _names(ast.parse(path.read_text(encoding="utf-8"))):
        top, _, rest = name.partition(".")
        module = rest.replace(".", "/")
        if top != "alignfreeze":
            packages.add(top)
        elif (ROOT / "alignfreeze" / f"{module}.py").is_file():
            modules.add(module)
        elif module and (ROOT / "alignfreeze" / module / "__init__.py").is_file():
            modules.add(f"{module}/__init__")
    return modules, packages - sys.stdlib_module_names


def imports_of(script, tasks):
    """Library modules and packages that a workflow script imports, directly or not; of the tasks, those named."""
    todo = [ROOT / "workflow_scripts" / f"{script}.py"]
    todo += [ROOT / "alignfreeze" / "tasks" / f"{task}.py" for task in tasks if script in TASK_SCRIPTS]
    modules, packages = {f"tasks/{task}" for task in tasks if script in TASK_SCRIPTS}, set()
    while todo:
        more, others = _imports(todo.pop())
        todo += [ROOT / "alignfreeze" / f"{module}.py" for module in more - modules]
        modules |= more
        packages |= others
    return modules, packages
