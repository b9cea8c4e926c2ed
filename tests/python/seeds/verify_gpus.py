import millstream as tf

print("Num GPUs Available: ", len(tf.config.list_physical_devices('GPU')))

if len(tf.config.list_physical_devices('GPU')) > 0:
    print("The GPU is used.")
    gpu_devices = tf.config.list_physical_devices('GPU')
    for device in gpu_devices:
        print(f"GPU Device Name: {device.name}")
    try:
        tf.config.experimental.set_memory_growth(gpu_devices[0], True)  # Dynamic allocation
    except RuntimeError as e:
        print(f"An error occurred: {e}")
else:
    print("The GPU is NOT used. Check your CUDA installation.")
