"""Text to vectors: the encoder port, its adapters, the ONNX export and the vector cache."""
