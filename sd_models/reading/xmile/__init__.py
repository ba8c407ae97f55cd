"""XMILE files: `.xmile`, `.stmx`, `.itmx`, `.xml`.

- `document.py`: the XML, read strictly
- `words.py`, `functions.py`, `equations.py`: names, functions and expressions
- `names.py`: which variable a name means, over modules and macros
- `modules.py`: models that stand in other files
- `tables.py`, `variables.py`, `settings.py`: the parts of a file
- `reader.py`: the whole file
"""
