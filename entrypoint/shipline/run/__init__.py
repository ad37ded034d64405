"""From a pipeline to its result: the plan, its execution, the receipt."""
