from .predict import predict_film as predict_film
from .simulation_based_calibration import rank_simulations as rank_simulations
from .simulation_based_calibration import simulate as simulate
