"""The reference: PySD's own run of the same file.

- `generated_code.py`: which code PySD may generate
- `patches.py`: what PySD's model gets where PySD departs from the language
- `pysd_model.py`: the file translated and imported in a private folder
- `departures.py`: what is left out of a comparison with PySD, and why
- `replay.py`: `replay`, a run of it
- `ahead.py`: such a run begun before its levers are known
"""
