"""What people see: the log, the plan, the job summary, the HTML report, and delivery to the CI system."""
