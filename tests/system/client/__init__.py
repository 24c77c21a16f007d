"""Every client that can be had, behind one set of verbs, so that one list of actions tries them all."""
