"""The flagship model: new-type urbanization for common prosperity; what makes its data folders, tables and figures.

- `folder.py`: the tables of a data folder: which columns add up, and what weighs the others
- `grouping.py`: a coarser folder, out of sums and weighted means (`python -m sd_models.common_prosperity.grouping`)
- `splitting.py`: a finer folder, each region split at random (`python -m sd_models.common_prosperity.splitting`)
- `counties.py`: a folder of counties, facts and estimates (`python -m sd_models.common_prosperity.counties`)
- `county_trends.py`: two trends of each county, fitted (`python -m sd_models.common_prosperity.county_trends`)
- `tables.py`: the tables of the page (`python -m sd_models.common_prosperity.tables`)
- `statements.py`: what is said of the default plan's policy (`python -m sd_models.common_prosperity.statements`)
- `figures.py`: the figures of the page (`python -m sd_models.common_prosperity.figures`)

The model itself is `model.mdl`; `README.md` describes it.
"""
