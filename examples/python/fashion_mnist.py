"""Trains a small convolutional network on Fashion-MNIST with a training loop of its own.

usage: .venv/bin/python examples/python/fashion_mnist.py [epochs]
"""
import math
import sys
import time

import millstream as tf

EPOCHS, BATCH = int(sys.argv[1]) if len(sys.argv) > 1 else 5, 128
tf.random.set_seed(1)
(images, labels), (test_images, test_labels) = tf.datasets.fashion_mnist.load_data()
images, labels = tf.constant(images), tf.constant(labels, tf.int64)


def weights(*shape):  # Glorot's uniform initialisation
    limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return tf.Variable(tf.random.uniform(shape, -limit, limit))


shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (1600, 128), (128, 10)]
kernels, biases = [weights(*s) for s in shapes], [tf.Variable(tf.zeros(s[-1:])) for s in shapes]
parameters = kernels + biases
means, variances = ([tf.Variable(tf.zeros_like(p)) for p in parameters] for _ in range(2))


def logits(batch):
    x = tf.cast(batch, tf.float32)[..., tf.newaxis] / 255
    for kernel, bias in zip(kernels[:2], biases[:2]):
        x = tf.nn.relu(tf.nn.conv2d(x, kernel, strides=1, padding="VALID") + bias)
        x = tf.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID")
    x = tf.nn.relu(tf.reshape(x, [-1, 1600]) @ kernels[2] + biases[2])
    return x @ kernels[3] + biases[3]


def adam(gradients, step, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-7):
    rate *= math.sqrt(1 - beta2**step) / (1 - beta1**step)
    for p, g, m, v in zip(parameters, gradients, means, variances):
        m.assign_add((g - m) * (1 - beta1))
        v.assign_add((tf.square(g) - v) * (1 - beta2))
        p.assign_sub(rate * m / (tf.sqrt(v) + epsilon))


steps, step = len(images) // BATCH, 0
for epoch in range(1, EPOCHS + 1):
    start, total, order = time.perf_counter(), 0.0, tf.random.shuffle(tf.range(len(images)))
    for i in range(1, steps + 1):
        step, chosen = step + 1, order[(i - 1) * BATCH:i * BATCH]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                tf.gather(labels, chosen), logits(tf.gather(images, chosen))))
        adam(tape.gradient(loss, parameters), step)
        total += float(loss)
        speed = i * BATCH / (time.perf_counter() - start)
        print(f"\repoch {epoch}/{EPOCHS}  {i}/{steps}  loss {total / i:.4f}  {speed:,.0f} images/s"
              f"  {(steps - i) * BATCH / speed:3.0f} s left", end="", flush=True)
    right = tf.equal(tf.argmax(logits(test_images), 1), test_labels)
    print(f"  test accuracy {float(tf.reduce_mean(tf.cast(right, tf.float32))):.4f}")
print("trained on", loss.device)
