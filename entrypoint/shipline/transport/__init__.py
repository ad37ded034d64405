"""How requests leave and answers come back."""
