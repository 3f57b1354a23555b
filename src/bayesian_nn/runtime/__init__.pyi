from .disk_cache import cached_arrays as cached_arrays
from .files import replacing as replacing
from .outputs import output_folder as output_folder
from .outputs import write_numbers as write_numbers
