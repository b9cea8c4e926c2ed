"""Millstream's Python side of the peer benchmarks; joins the harness whose common.py lies beside it.

usage: bench_millstream.py --groups micro,matmul --threads 1 [--quick] [--tag TEXT]
"""
import os
import time

import common

arguments = common.args("millstream")
os.environ["MILLSTREAM_NUM_THREADS"] = str(arguments.threads)

import numpy as np  # noqa: E402

import millstream as tf  # noqa: E402

bench = common.Bench(arguments.peer, arguments)
rng = np.random.default_rng(0)


def normal(*shape):
    return tf.constant(rng.standard_normal(shape, dtype=np.float32))


def layer_normalization(x, gamma, beta, epsilon=1e-3):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, epsilon)


def micro():
    s, v = tf.constant(1.5), tf.constant([1., 2., 3., 4.])
    m = tf.constant([[1., 2.], [3., 4.]])
    bench.call("t02.add_scalar", lambda: s + s)
    bench.call("t02.add_4", lambda: v + v)
    bench.call("t02.matmul_2x2", lambda: tf.matmul(m, m))
    bench.call("t02.relu_4", lambda: tf.nn.relu(v))
    x = tf.Variable([.1, .2, .3, .4])

    def tape():
        with tf.GradientTape() as t:
            y = x
            for _ in range(4):
                y = tf.tanh(y * x)
            y = tf.reduce_sum(y + x)
        return t.gradient(y, x)
    bench.call("t03.tape_10_ops", tape, "us")


def matmul():
    def measure(name, n, dtype=tf.float32, single=False):
        x, y = tf.cast(normal(n, n), dtype), tf.cast(normal(n, n), dtype)
        bench.rate(f"t05.{name}.{arguments.threads}thr", lambda: tf.matmul(x, y), 2. * n**3,
                   "GFLOP/s", single=single)
    for n in common.MM:
        measure(f"matmul_{n}", n)
    measure("matmul_4096", 4096, single=True)
    measure("matmul_bf16_2048", 2048, tf.bfloat16)


def elem():
    x = normal(common.N16)
    size = 8. * common.N16
    bench.rate("t06.chain_16M.eager", lambda: tf.tanh(x) * 0.5 + x * x - tf.exp(-x), size, "GB/s")
    bench.rate("t06.sum_16M.eager", lambda: tf.reduce_sum(x), size / 2, "GB/s")
    bench.rate("t06.add_16M.eager", lambda: x + x, size, "GB/s")
    s = normal(4096, 1000)
    bench.rate("t06.softmax_4096x1000.eager", lambda: tf.nn.softmax(s), 8. * 4096 * 1000, "GB/s")
    rows, gamma, beta = normal(4096, 1024), tf.ones([1024]), tf.zeros([1024])
    bench.rate("t06.layernorm_4096x1024.eager",
               lambda: layer_normalization(rows, gamma, beta, 1e-5),
               8. * 4096 * 1024, "GB/s")


def conv():
    for name, s in common.CONV.items():
        x, w = tf.Variable(normal(*s[:4])), tf.Variable(normal(3, 3, s[3], s[4]))
        image, filters = tf.constant(x), tf.constant(w)
        bench.rate(f"t07.conv_{name}.fwd.eager",
                   lambda: tf.nn.conv2d(image, filters, 1, "SAME"), common.conv_flops(s), "GFLOP/s")

        def both():
            with tf.GradientTape() as t:
                y = tf.nn.conv2d(x, w, 1, "SAME")
            return y, t.gradient(y, [x, w])
        bench.rate(f"t07.conv_{name}.fwdbwd.eager", both, 3 * common.conv_flops(s), "GFLOP/s")


class Adam:
    """Kingma and Ba's Adam with Keras's defaults, written out in ops."""

    def __init__(self, variables, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.slots = [(v, tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v)))
                      for v in variables]
        self.step = 0

    def apply(self, gradients):
        self.step += 1
        scale = self.rate * (1 - self.beta_2**self.step)**0.5 / (1 - self.beta_1**self.step)
        for (v, m, s), g in zip(self.slots, gradients):
            m.assign_add((g - m) * (1 - self.beta_1))
            s.assign_add((g * g - s) * (1 - self.beta_2))
            v.assign_sub(m * scale / (tf.sqrt(s) + self.epsilon))


def glorot(*shape):
    fan_in, fan_out = int(np.prod(shape[:-1])), int(np.prod(shape[:-2])) * shape[-1]
    limit = (6 / (fan_in + fan_out))**0.5
    return tf.Variable(rng.uniform(-limit, limit, shape).astype(np.float32))


def dense_weights(inputs, units):
    return [glorot(inputs, units), tf.Variable(tf.zeros([units]))]


def dense(x, weights, activation=None):
    y = tf.matmul(x, weights[0]) + weights[1]
    return activation(y) if activation else y


def trainer(forward, weights, loss):
    adam = Adam(weights)

    def step(x, y):
        with tf.GradientTape() as t:
            value = loss(y, forward(x))
        adam.apply(t.gradient(value, weights))
        return value
    return step


def tiny():
    x, y = normal(3200, 10), normal(3200, 1)
    hidden, out = dense_weights(10, 10), dense_weights(10, 1)
    step = trainer(lambda x: dense(dense(x, hidden, tf.nn.relu), out), [*hidden, *out],
                   lambda y, p: tf.reduce_mean(tf.square(y - p)))
    times = []
    for _ in range(12):
        start = time.perf_counter()
        for i in range(0, 3200, 32):
            step(x[i:i + 32], y[i:i + 32])
        times.append((time.perf_counter() - start) / 100 * 1e6)
    bench.emit("t08.tiny_step.loop_eager", times[2:], "us")


def train(task, forward, weights):
    images, labels = common.images()[:2]
    # Without a second array: the peak of memory is measured.
    x = tf.from_dlpack(np.divide(images[..., None], np.float32(255), dtype=np.float32))
    y = tf.constant(labels.astype(np.int32))
    order = tf.constant(rng.permutation(60000).astype(np.int32))
    step = trainer(forward, weights, lambda y, p: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p)))

    def one(i):
        batch = order[i * 128:(i + 1) * 128]
        step(tf.gather(x, batch), tf.gather(y, batch))
    bench.steps(f"{task}.loop_eager", 128, one, 468)
    bench.rss(f"t13.peak_rss.{task}.loop_eager")


def cnn(variant):
    if variant != "loop_eager":
        return
    weights = [glorot(3, 3, 1, 32), tf.Variable(tf.zeros([32])), glorot(3, 3, 32, 64),
               tf.Variable(tf.zeros([64])), *dense_weights(1600, 128),
               *dense_weights(128, 10)]

    def forward(x):
        for w, b in (weights[0:2], weights[2:4]):
            x = tf.nn.relu(tf.nn.conv2d(x, w, 1, "VALID") + b)
            x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        x = tf.reshape(x, [-1, 1600])
        return dense(dense(x, weights[4:6], tf.nn.relu), weights[6:8])
    train("t09.cnn", forward, weights)


def mlp(variant):
    if variant != "loop_eager":
        return
    sizes = (784, 512, 512, 10)
    weights = [w for n, m in zip(sizes, sizes[1:]) for w in dense_weights(n, m)]

    def forward(x):
        x = tf.reshape(x, [-1, 784])
        x = dense(dense(x, weights[0:2], tf.nn.relu), weights[2:4], tf.nn.relu)
        return dense(x, weights[4:6])
    train("t10.mlp", forward, weights)


def xfmr():
    """One encoder block: eight heads of 32 over [8, 128, 256], and a network of 1024 units."""
    x = normal(8, 128, 256)
    q, k, v = (glorot(256, 8, 32) for _ in range(3))
    o, up, down = glorot(8, 32, 256), glorot(256, 1024), glorot(1024, 256)
    biases = [tf.Variable(tf.zeros(shape)) for shape in
              ([8, 32], [8, 32], [8, 32], [256], [1024], [256])]
    norms = [tf.Variable(value([256])) for value in (tf.ones, tf.zeros, tf.ones, tf.zeros)]
    weights = [q, k, v, o, up, down, *biases, *norms]

    def attention(x):
        query, key, value = (tf.einsum("btc,chd->bthd", x, w) + b
                             for w, b in zip((q, k, v), biases))
        scores = tf.nn.softmax(tf.einsum("bthd,bshd->bhts", query, key) * 32**-0.5)
        return tf.einsum("bthd,hdc->btc", tf.einsum("bhts,bshd->bthd", scores, value), o) + biases[3]

    def step():
        with tf.GradientTape() as t:
            h = layer_normalization(x + attention(x), norms[0], norms[1])
            y = tf.matmul(tf.nn.relu(tf.matmul(h, up) + biases[4]), down) + biases[5]
            y = layer_normalization(h + y, norms[2], norms[3])
            loss = tf.reduce_mean(tf.square(y))
        return t.gradient(loss, weights)
    bench.call("t12.xfmr_block_fwdbwd.eager", step, "ms")


GROUPS = dict(micro=micro, matmul=matmul, elem=elem, conv=conv, tiny=tiny, cnn=cnn, mlp=mlp,
              xfmr=xfmr)
for group in arguments.groups:
    name, _, variant = group.partition(":")
    if name in GROUPS:  # like the peers: what is lacking is left out
        GROUPS[name](*([variant] if variant else []))
