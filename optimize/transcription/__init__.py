"""A problem with all of its dynamics in Pyomo: every stock at every step a variable, every step an equation.

What the simulator computes for our own methods, this states for any other solver: the same tape of the model's step,
run with Pyomo expressions in place of numbers.

- `intervals.py`: between which numbers the results of operations lie
- `forms.py`: the same, remembering what they have in common
- `symbols.py`: the operations of a tape on Pyomo expressions
- `values.py`: what an expression is worth, each of its names computed once
- `exact.py`: the same between bounds, kinks with integer variables or SOS2
- `unrolling.py`: a tape to expressions, one step after the other, what nobody needs left out
- `steps.py`: what each step of a problem reads, and what outcomes are made of
- `reach.py`: bounds of levers that limits on levers leave
- `transcription.py`: the whole as a Pyomo model, started from a run and scaled
- `substitution.py`: what defines the objective, put into it
- `export.py`: that model as a file for other programs
"""
