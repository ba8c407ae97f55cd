"""A model's reference: every variable on one page, with what it says, what it uses and what uses it, and its diagrams.

In the manner of SDM-Doc (Martinez-Moyano 2012, System Dynamics Review 28), made from the model file alone:

- `assessment.py`: what is counted and checked of a model as a whole
- `page.py`: `document`, the page
"""
