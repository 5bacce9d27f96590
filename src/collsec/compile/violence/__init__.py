"""How many die: by month in the hosts of wars, by year in wars."""
