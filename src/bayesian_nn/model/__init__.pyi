from .layer_weights import by_layer as by_layer
from .layer_weights import latents_of as latents_of
from .observations import UnscaledDataWarning as UnscaledDataWarning
