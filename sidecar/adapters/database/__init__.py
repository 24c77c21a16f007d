"""All SQL of the project, a module per aggregate, over a thin seam."""
