import millstream as tf

# List available GPUs
gpus = tf.config.list_physical_devices('GPU')

# If multiple GPUs are available, configure visibility
if gpus:
    try:
        # Use all available GPUs
        tf.config.set_visible_devices(gpus, 'GPU')
        logical_gpus = tf.config.list_logical_devices('GPU')
        print(len(gpus), "Physical GPUs,", len(logical_gpus), "Logical GPUs")
    except RuntimeError as e:
        # Error handling for cases where GPU configuration is already set
        print(e)
