"""Sequential quadratic programming.

- `curvature.py`: the second derivative of the Lagrangian, by groups of levers
- `master.py`: the quadratic program of a step
- `newton.py`: its answer mended by the exact second derivative
- `points.py`: simulated policies, steps and sizes
- `working.py`: the limits that are linearized
- `sqp.py`: the search
"""
