"""Recipes: a YAML file a job. `mmusset.recipe_file.load` reads them."""
