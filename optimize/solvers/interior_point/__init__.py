"""An interior-point method for quadratic programs that are made of blocks.

- `triangular.py`: triangular solves without Python's lock
- `elastic.py`: the programs that it solves
- `joint.py`: what is left of systems of blocks for all of them together
- `border.py`: systems of blocks with a border
- `condensed.py`: systems of few levers
- `path.py`: the central path, and Newton's equations of a step towards it
- `interior.py`: the method
"""
