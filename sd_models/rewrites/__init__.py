"""Rewrites: `System -> System`. They add variables or change equations and never rename or drop one.

- `substitution.py`: given values in place of equations
- `stateful.py`: delays, smooths, trends, samples and initial values to stocks
- `outflows.py`: the outflows of stocks that cannot be negative, cut to what these hold
- `folding.py`: what cannot change in a run to numbers
- `sums.py`: sums over many elements as variables of their own
- `corners.py`: tables as a line, bends and jumps
- `stand_ins.py`: smooth functions in place of those with kinks and jumps
- `kinks.py`: the variables that a stand-in needs, its switch and its width among them
- `smoothing.py`: the kinks that levers move made smooth, each with a width that is an input
"""

from .folding import fold_constants
from .outflows import cut_outflows
from .smoothing import smooth
from .stateful import expand_stateful, lengths
from .substitution import substitute
from .sums import name_sums

__all__ = ["cut_outflows", "expand_stateful", "fold_constants", "lengths", "name_sums", "smooth", "substitute"]
