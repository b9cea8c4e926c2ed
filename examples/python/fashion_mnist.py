"""Trains a small convolutional network on Fashion-MNIST with a training loop of its own.

usage: .venv/bin/python examples/python/fashion_mnist.py [epochs]
"""
import sys
import time

import numpy as np

import millstream as tf

EPOCHS, BATCH = int(sys.argv[1]) if len(sys.argv) > 1 else 5, 128
rng = np.random.default_rng(1)
(images, labels), (test_images, test_labels) = tf.datasets.fashion_mnist.load_data()


def weights(name, *shape):  # Glorot's uniform initialisation
    receptive = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (receptive * (shape[-2] + shape[-1])))
    return tf.Variable(rng.uniform(-limit, limit, shape).astype(np.float32), name=name)


def biases(name, size):
    return tf.Variable(tf.zeros([size]), name=name)


parameters = [weights("conv1", 3, 3, 1, 32), biases("bias1", 32), weights("conv2", 3, 3, 32, 64), biases("bias2", 64),
              weights("dense1", 1600, 128), biases("bias3", 128), weights("dense2", 128, 10), biases("bias4", 10)]
means, variances = ([tf.Variable(tf.zeros(p.shape), trainable=False) for p in parameters] for _ in range(2))


def logits(batch):
    w1, b1, w2, b2, w3, b3, w4, b4 = parameters
    x = tf.cast(batch, tf.float32)[..., tf.newaxis] / 255
    x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, w1, 1, "VALID") + b1), 2, 2, "VALID")
    x = tf.nn.max_pool2d(tf.nn.relu(tf.nn.conv2d(x, w2, 1, "VALID") + b2), 2, 2, "VALID")
    x = tf.nn.relu(tf.matmul(tf.reshape(x, [-1, 1600]), w3) + b3)
    return tf.matmul(x, w4) + b4


def adam(gradients, step, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-7):
    rate *= (1 - beta2**step) ** 0.5 / (1 - beta1**step)
    for p, g, m, v in zip(parameters, gradients, means, variances):
        m.assign_add((g - m) * (1 - beta1))
        v.assign_add((tf.square(g) - v) * (1 - beta2))
        p.assign_sub(m * rate / (tf.sqrt(v) + epsilon))


def accuracy(images, labels):
    guesses = [tf.argmax(logits(part), axis=1).numpy() for part in np.array_split(images, len(images) // 1000)]
    return float(np.mean(np.concatenate(guesses) == labels))


steps, step = len(images) // BATCH, 0
for epoch in range(1, EPOCHS + 1):
    start, total, order = time.perf_counter(), 0.0, rng.permutation(len(images))
    for i in range(steps):
        step, chosen = step + 1, order[i * BATCH:(i + 1) * BATCH]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels[chosen].astype(np.int64), logits(images[chosen])))
        adam(tape.gradient(loss, parameters), step)
        total += float(loss)
        speed = (i + 1) * BATCH / (time.perf_counter() - start)
        print(f"\repoch {epoch}/{EPOCHS}  {i + 1}/{steps}  loss {total / (i + 1):.4f}  {speed:,.0f} images/s  "
              f"{(steps - i - 1) * BATCH / speed:3.0f} s left", end="", flush=True)
    print(f"  test accuracy {accuracy(test_images, test_labels):.4f}")
print("trained on", parameters[0].device)
