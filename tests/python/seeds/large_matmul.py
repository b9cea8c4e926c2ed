import millstream as tf
import numpy as np

# Define two large matrices
matrix_a = np.random.rand(1000, 1000).astype(np.float32)
matrix_b = np.random.rand(1000, 1000).astype(np.float32)

# Convert to tensors
tensor_a = tf.constant(matrix_a)
tensor_b = tf.constant(matrix_b)

# Perform matrix multiplication on the GPU (if available)
result = tf.matmul(tensor_a, tensor_b)

print(result.shape, np.allclose(result.numpy(), matrix_a @ matrix_b, rtol=1e-4))
print(result.device)
