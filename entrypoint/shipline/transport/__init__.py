"""How requests leave and answers come back."""

import sys
import warnings
from typing import Any, cast

# requests loads a library that guesses encodings, and warns if it finds none: a tenth of what loading requests takes.
# Nothing here guesses: answers are read as bytes, and JSON is UTF-8.
sys.modules.setdefault("charset_normalizer", cast("Any", None))  # to Python, what can't be imported
warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
