import millstream as tf

# Check if a GPU is detected
if tf.config.list_physical_devices('GPU'):
    print("GPU is available and will be utilized.")
else:
    print("The GPU is not utilized. Check installation.")

# Create a small tensor to run on GPU
a = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
b = tf.constant([[7.0, 8.0], [9.0, 10.0], [11.0, 12.0]])

# Perform a matrix multiplication
c = tf.matmul(a, b)
print(c)

# Explicit device placement can be confirmed
with tf.device('/GPU:0'):
    d = tf.matmul(a, b)
    print(d)
print(d.device)
