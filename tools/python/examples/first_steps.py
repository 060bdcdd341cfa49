# %% [markdown]
# # First steps
# A model on a movie, one frame at a time, with the contributions of its interior. Make the image first:
#
#     retina convert Models/salamander-whitenoise.safetensors salamander.retina

# %%
import sys

import numpy as np

import retinakit

image = retinakit.load(sys.argv[1] if len(sys.argv) > 1 else "salamander.retina")
print(image)
for name, shape in image.layers.items():
    print(f"  {name}: {shape}")

# %% [markdown]
# White noise, as the model has seen it: every pixel -1 or 1. `run` gives the rates of all windows.

# %%
movie = np.random.default_rng(1).choice(np.array([-1, 1], np.float32), (60, *image.frame_shape))
rates = image.run(movie)
print(f"rates {rates.shape}: mean {rates.mean():.3f}")

# %% [markdown]
# Which channels of the first hidden layer made a cell fire? The busiest cell, in the frame where it fires most.

# %%
layer = next(name for name in image.layers if name.startswith("relu"))
cell = int(rates.mean(0).argmax())
importance = image.probe(movie, layer, cell)
window = int(rates[:, cell].argmax())
print(f"cell {cell}, window {window}, rate {rates[window, cell]:.3f}")
for channel in np.argsort(-abs(importance[window]))[:3]:
    print(f"  {layer} channel {channel}: {importance[window, channel]:+.3f}")

# %% [markdown]
# The same as a stream: what a camera would give, with nothing but the newest frame in hand.

# %%
stream = image.stream()
for frame in movie:
    latest = stream.push(frame)
print("the stream gives the same:", bool((latest == rates[-1]).all()))
