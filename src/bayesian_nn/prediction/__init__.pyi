from .film import predict_film as predict_film
from .predict import draw_prior as draw_prior
from .predict import predict_draws as predict_draws
from .simulation_based_calibration import rank_simulations as rank_simulations
from .simulation_based_calibration import simulate as simulate
