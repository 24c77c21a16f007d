"""Access in memory (decisions 5 and 17): all of it, what is read after a change, and the answers from it."""
