"""Comparisons: results and policies side by side.

- `candidate.py`: one of what is compared: a result, or a policy from a file, run in the model of a result
- `differences.py`: in what models, plans and assumptions differ
- `comparison.py`: outcomes, money and limits of all, and who gains and who loses from one to the other
- `robustness.py`: how they compare under the same draws of ranges of assumptions
- `tables.py`: a comparison in tables and sentences
- `document.py`: a comparison as JSON
"""
