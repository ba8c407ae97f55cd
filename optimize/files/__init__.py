"""Files, as people write and read them.

- `rows.py`: rows of CSV files, read and written
- `records.py`: rows of a CSV file under known columns, read strictly
- `words.py`: words in English and Chinese, from tables
- `names.py`: `name[element]`, how people name a variable or a part of it
- `documents.py`: TOML files read strictly, every fault at once
- `gathering.py`: faults gathered from many places, to be raised together
- `placement.py`: files and folders that are there whole or not at all
- `storage.py`: documents, tables, runs and pictures as files
- `untrusted.py`: files of strangers, of bounded size and kind
- `provenance.py`: where a result comes from
"""
