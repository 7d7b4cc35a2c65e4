"""Suspects that are files: recognised by their bytes, run on the probes in a process of their own.

| file | what |
|---|---|
| recognise.py | which format the bytes are; what is refused, and how to convert it |
| model.py | a file as a suspect: probes in, checked answers out |
| onnx_model.py, onnx_graph.py | ONNX through onnxruntime, and what is checked before it sees the model |
| layered.py, architecture.py, layers/ | safetensors with an architecture declared as a list of layers, in numpy |
| skops_model.py | scikit-learn estimators through skops, trusted types only |
| fitting.py | probes in the shape and type that a model takes |
"""
