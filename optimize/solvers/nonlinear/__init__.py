"""Nonlinear programming by the solvers in CasADi's wheel.

- `nonlinear.py`: a program as CasADi's solvers take it
- `callback.py`: an evaluator as a function of CasADi, and as a problem for any of its solvers
- `transcription.py`: all steps of the run as equations
- `shooting.py`: the run as one function
- `ipopt.py`: IPOPT on either
"""
