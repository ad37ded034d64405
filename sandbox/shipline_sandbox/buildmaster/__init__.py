"""BuildMaster's Release & Build Deployment API."""
