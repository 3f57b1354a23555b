from .image_changes import rotated as rotated
from .images import split as split
from .mirrors import DataUnavailableError as DataUnavailableError
from .mnist import load_digits as load_digits
from .mnist import load_fashion_mnist as load_fashion_mnist
from .mnist import load_mnist as load_mnist
from .tables import Scaling as Scaling
from .toy import cosine_with_gap as cosine_with_gap
