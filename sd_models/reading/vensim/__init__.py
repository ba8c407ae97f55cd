"""Vensim's `.mdl` files.

- `text.py`: the text cut into entries that keep their line
- `reader.py`: the entries, read with PySD's grammars
"""
