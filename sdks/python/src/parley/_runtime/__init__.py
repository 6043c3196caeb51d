"""The hand-written half of the SDK; import its names from `parley`."""
