"""Contents as TOML files."""

from __future__ import annotations

import json
from typing import Any


def toml(content: Any) -> str:
    """The content as a TOML file."""
    lines = [f"{key} = {_value(value)}" for key, value in content.items() if not _is_tables(value)]
    for key, value in content.items():
        for entry in value if _is_tables(value) else ():
            lines += [f"[[{key}]]", *(f"{name} = {_value(item)}" for name, item in entry.items())]
    return "\n".join(lines)


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)
