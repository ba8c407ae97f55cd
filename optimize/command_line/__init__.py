"""The command line: `prosperity`, from arguments to an exit status.

- `requests.py`: what somebody asks a command for, and how it can end
- `streams.py`: standard output for the answer alone, and streams that are closed
- `columns.py`: columns of a table, in blocks that fit
- `console.py`: what people and programs read
- `progress.py`: work as it goes, and a sign of life while it takes long
- `interruption.py`: Ctrl-C and SIGTERM
- `outlook.py`: what of a run is shown: headlines, and what people name
- `simulating.py`: what `simulate` and `check` do once their arguments are read
- `calibrating.py`: what `calibrate` and `screen` do
- `asked.py`: the plan that is asked for, with what the command line changes in it
- `exporting.py`: what `export` does
- `benchmarking.py`: solvers compared
- `optimizing.py`: what `optimize`, `verify` and `plan` do
- `bounding.py`: what `bound` does
- `comparing.py`: what `compare` does
- `explaining.py`: what `explain` does
- `exploring.py`: what `explore` does
- `drawing.py`: what `diagram` does
- `documenting.py`: what `document` does
- `reporting.py`: what `report` does
- `commands.py`: the commands and their options
"""
