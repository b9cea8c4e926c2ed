import millstream as tf

# List all available devices
devices = tf.config.list_physical_devices()
print("Available devices:", devices)

# If GPUs are detected
gpus = tf.config.list_physical_devices('GPU')
if gpus:
    # Use the first GPU
    with tf.device('/GPU:0'):
        a = tf.constant([1.0, 2.0, 3.0])
        b = a * 2
        print("Result on GPU 0:", b)

    # Use the second GPU if available
    if len(gpus) > 1:
        with tf.device('/GPU:1'):
            c = tf.constant([4.0, 5.0, 6.0])
            d = c * 2
            print("Result on GPU 1:", d)
            print(d.device)
    else:
        print("Only one GPU available.")
else:
    print("No GPUs detected.")
