"""From the checked document to the Pipeline: everything resolved, frozen and typed."""
