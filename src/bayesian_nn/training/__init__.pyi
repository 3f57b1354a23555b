from .run import Run as Run
from .run_file import load_run as load_run
from .run_file import save_run as save_run
