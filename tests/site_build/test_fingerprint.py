"""Fingerprints: what they depend on beside the files that they are asked for."""

from site_build.files.fingerprint import fingerprint


def test_another_folder_of_data_files_makes_examples_stale(root, monkeypatch):
    def now():
        return fingerprint(root, [root / "examples" / "plot_mnist.py"])

    monkeypatch.delenv("BAYESIAN_NN_DATA", raising=False)
    without = now()
    assert now() == without
    monkeypatch.setenv("BAYESIAN_NN_DATA", "/data")
    assert now() != without
