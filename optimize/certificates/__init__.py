"""Certificates: what can be said of a policy, looked at apart from the solver that found it.

- `face.py`: the limits that hold at a policy, their multipliers, and the directions that keep them
- `second_order.py`: the least curvature of the Lagrangian along these directions
- `probes.py`: policies around a policy and far from it, and whether one of them is better
- `valleys.py`: values along directions in which levers move together and hardly anything bends
- `escapes.py`: levers that go on without end
- `certificate.py`: `certify`, all of it at one policy
"""
