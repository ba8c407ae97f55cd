"""A penalty-barrier method: one interior-point loop on the whole nonlinear program.

- `tuning.py`: its constants
- `frame.py`: the program in scaled numbers
- `iterate.py`: a point of the path, its beginnings, and rows that join it
- `warmth.py`: whether a search begins near an optimum
- `step.py`: the direction of a step
- `exact.py`: directions with the exact second derivative
- `merit.py`: what a step has to make smaller
- `blocks.py`: the curvature that the factors have
- `steering.py`: the price of excess, and limits that contradict each other
- `place.py`: where the search is
- `line.py`: the step along a direction
- `pace.py`: how fast products fall
- `ipm.py`: the search
"""
