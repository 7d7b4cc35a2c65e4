"""Layers of a declared architecture, in numpy: what tensors they need, what shape they give, what they compute.

| file | layers |
|---|---|
| base.py | the protocol |
| weighted.py | `linear`, `conv`, `batch_norm`, with PyTorch's names and layouts of tensors |
| pooling.py | `max_pool`, `avg_pool`, `global_avg_pool` |
| pointwise.py | `relu`, `leaky_relu`, `tanh`, `sigmoid`, `gelu` |
| shaping.py | `flatten`, `reshape` |

A new layer is one class and one row of `catalogue.LAYERS`; the tests hold every row against PyTorch.
"""
