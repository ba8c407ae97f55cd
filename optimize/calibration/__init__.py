"""Calibration: the parameters of a model with which its runs come closest to observations.

- `specification.py`: what to fit to what, as a TOML file
- `parameters.py`: the parameters in a model, with bounds, start and prior
- `observations.py`: observations from tidy and wide tables
- `misfit.py`: residuals of a run and their exact Jacobian
- `fitting.py`: bounded least squares, from several starts
- `identification.py`: standard errors, and what the data cannot tell
- `accuracy.py`: how good a simulated series is, beside naive forecasts
- `estimation.py`: `calibrate`, from a model and a file to a result
- `neighbours.py`: tables beside a model that observe it, or give ranges of its constants
- `draft.py`: a calibration file to start from
- `store.py`: estimates put into the model's data files
- `figures.py`, `tables.py`, `report.py`: what people and programs read of a result
"""
