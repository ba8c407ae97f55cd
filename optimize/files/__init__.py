"""Files, as people write and read them.

- `rows.py`: rows of CSV files
- `names.py`: `name[element]`, how people name a variable or a part of it
- `documents.py`: TOML files read strictly, every fault at once
- `gathering.py`: faults gathered from many places, to be raised together
- `storage.py`: files that are there whole or not at all
- `provenance.py`: where a result comes from
"""
