"""Reading: from a model file and the data beside it to a `System`.

- `encodings.py`: bytes of a text file to its text
- `shadows.py`: names in modules of others, replaced for a while
- `guard.py`: what a hostile file must not do
- `grids.py`: how large the tables beside a model are, told before they are read
- `source.py`: what a front end hands on
- `vensim/`, `xmile/`: model files to PySD's abstract model
- `files.py`: which front end reads a file
- `data_folder.py`, `cells.py`, `external.py`: the data files beside a model
- `noise.py`, `replaced_functions.py`, `translation.py`, `flattening.py`: the abstract model to a `System`
- `library.py`: `load`, a model by its file or its library name
"""
