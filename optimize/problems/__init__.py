"""Problems: a plan meets a model, and becomes arrays that any solver takes.

- `program.py`: a problem as any solver sees it: arrays, and what computes outcomes
- `scaling.py`: a program in other units of its levers
- `lagrangian.py`: slopes and second derivative of the Lagrangian
- `sizes.py`: sizes of levers and limits, which measures without units lean on
- `promise.py`: the gain that the exact second derivative still promises along directions of all levers
- `optimality.py`: how far a point is from an optimum, computed apart from any solver
- `rounding.py`: policies without what rounding leaves, which would break limits that have no size of their own
- `scales.py`: magnitudes near a policy, and the way back from them
- `evaluator.py`: a program as functions of its levers: values, slopes, products, for anybody's method
- `forms.py`: the same in the words of SciPy and pygmo
- `outcomes.py`: outcomes and their exact derivatives by a compiled model
- `binding.py`: what a plan means for a model: blocks of levers, rows of limits, the objective
- `unmoved.py`: limits that no lever moves, judged before any search
- `causes.py`: whether a lever's own value is why there is no run
- `problem.py`: the plan bound to a model: levers, limits and outcomes by name
- `checking.py`: what else is wrong with a plan whose form has faults
- `smoothed.py`: the problem with its kinks made smooth, to any width
- `assembly.py`: the problem as a program, straight from the plan's rows
- `presolve.py`: limits on levers that bounds only just meet, as bounds
- `pyomo_model.py`: the problem as a Pyomo model, which people may extend
- `pyomo_reader.py`: what people made of it, back to a program
"""
