"""Ten million rows in Keras, to compare with: the preset `table`, one epoch, then codes for all rows.

The standardised columns, 64 tanh units, a code of 2, as the preset; nine tenths of the rows are learned from. Prints one JSON
object with the seconds of reading, of `fit` and of `predict`.

    pip install keras tensorflow-cpu numpy pandas
    python keras_load.py FILE BATCH CODES          FILE is .npy or .csv, CODES an .npy
"""

import json
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np


def main():
    path, batch, codes = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    times = [time.perf_counter()]
    if path.endswith(".csv"):
        import pandas

        rows = pandas.read_csv(path, dtype=np.float32).to_numpy()
    else:
        rows = np.load(path)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    times.append(time.perf_counter())
    code = keras.layers.Dense(2)
    encoder = keras.Sequential([keras.Input((rows.shape[1],)), keras.layers.Dense(64, activation="tanh"), code])
    decoder = [keras.layers.Dense(64, activation="tanh"), keras.layers.Dense(rows.shape[1])]
    model = keras.Sequential([encoder, *decoder])
    model.compile(keras.optimizers.Adam(2e-3), "mse")
    learned = rows[: len(rows) * 9 // 10]
    model.fit(learned, learned, batch_size=batch, epochs=1, shuffle=True, verbose=0)
    times.append(time.perf_counter())
    np.save(codes, encoder.predict(rows, batch_size=4096, verbose=0))
    times.append(time.perf_counter())
    read, fit, predict = np.diff(times)
    print(json.dumps({"read": read, "fit": fit, "predict": predict, "version": keras.__version__}))


main()
