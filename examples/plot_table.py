"""
# Where does a fit to a real table hold?

442 patients, ten measurements each, and how far their diabetes went in a year. You
will see a table go in, a verdict come out, the figures behind it, and a report.
"""

# %%
# ## A table goes in
#
# Columns may be numbers, words, truth values or dates. Rows that the fit does not see
# are what it will be judged by.

import contextlib
import io
import re
import tempfile

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

import bayesian_nn as bnn
from bayesian_nn.figures import plot_partial_dependence, plot_pit, style
from bayesian_nn.runtime import output_folder, write_numbers

SEED = 0
folder = output_folder("plot_table")
frame = load_diabetes(as_frame=True, scaled=False).frame
frame = frame.rename(columns={"target": "progression"})
frame["sex"] = frame["sex"].map({1.0: "first", 2.0: "second"})
seen, unseen = train_test_split(frame, test_size=0.2, random_state=SEED)

estimator = bnn.BayesianRegressor(random_state=SEED)
estimator.fit(seen.drop(columns="progression"), seen["progression"])
print(estimator.reason_)

# %%
# ## A verdict comes out
#
# The held-out rows become a data set as those of the fit are one. Each finding is held
# to what a right prediction would give by chance.

held_out = bnn.dataset(unseen, "progression", like=estimator.data_)
verdict = bnn.check(estimator.result_, held_out, training=estimator.data_, seed=SEED)
print(verdict)

# %%
# ## What is behind it
#
# If the whole predictive distribution is right, the probability that it gave to values
# below the one that came true is uniform: its histogram is level, but for chance.

prediction = bnn.predict(estimator.result_, held_out.x, n_draws=400, seed=SEED)
with style():
    figure, axes = plt.subplots(num="pit")
plot_pit(prediction, held_out.y, axes=axes)

# %%
# And what the prediction makes of three of the inputs, averaged over the patients, with
# what is not known of that average.

inputs = ["bmi", "s5", "sex"]
along = [
    bnn.prediction.partial_dependence(
        estimator.result_, estimator.data_, name, seed=SEED
    )
    for name in inputs
]
with style():
    figure, panels = plt.subplots(
        1, 3, sharey=True, figsize=(8.4, 3.2), num="dependence"
    )
plot_partial_dependence(along, panels=panels)

# %%
# ## A report, and the same from the command line
#
# The report is one page, with a viewer of the fit. A file and a command make one, too:
# by quick variational inference here, for the page that explains the commands.

bnn.report.write_report(
    folder / "report.html",
    estimator.result_,
    held_out,
    training=estimator.data_,
    verdict=verdict,
    title="How far diabetes goes in a year",
    seed=SEED,
)


def said(command):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        code = bnn.command_line.main(command.split())
    # 3 is what `check` returns for a finding that does not hold.
    assert code in (0, 3), command
    return {"command": command, "said": text.getvalue().strip()}


with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
    frame.iloc[:350].to_csv("diabetes.csv", index=False)
    frame.iloc[350:].to_csv("later.csv", index=False)
    session = [
        said("fit diabetes.csv --target progression --method vi"),
        said("predict diabetes-report later.csv"),
        said("check diabetes-report later.csv"),
    ]
# How long it took is another number every time.
session[0]["said"] = re.sub(r"Fitted in [\d,]+ s", "Fitted", session[0]["said"])
write_numbers(
    {"seed": SEED, "n_rows": len(frame), "session": session},
    folder / "numbers.json",
)
