"""Every objective once more, in loops over rows and classes, straight from its paper's formula."""

import math

import numpy as np


def softmax(row, temperature=1.0):
    """Probabilities of one row, in plain floats."""
    powers = [math.exp(z / temperature) for z in row]
    return [power / sum(powers) for power in powers]


def kl(p, q):
    """sum p log(p / q)."""
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))


def mean_over_rows(row_loss):
    """The mean of a loss of one row of each."""
    return lambda student, targets: float(np.mean([row_loss(s, t) for s, t in zip(student, targets, strict=True)]))


def hinton(s, t):
    """At T = 4."""
    return 16 * kl(softmax(t, 4.0), softmax(s, 4.0))


def forward_kl(s, t):
    """At T = 1."""
    return kl(softmax(t), softmax(s))


def reverse_kl(s, t):
    """At T = 1."""
    return kl(softmax(s), softmax(t))


def jsd(s, t):
    """At beta = 1/2."""
    p, q = softmax(t), softmax(s)
    m = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
    return (kl(p, m) + kl(q, m)) / 2


def mse(s, t):
    """Over classes."""
    return sum((a - b) ** 2 for a, b in zip(s, t, strict=True)) / len(s)


def standardised(s, t):
    """Each row by its own mean and deviation, at tau = 2."""
    z = [[(x - np.mean(row)) / (np.std(row, ddof=1) + 1e-7) for x in row] for row in (s, t)]
    return 4 * kl(softmax(z[1], 2.0), softmax(z[0], 2.0))


def dkd(s, t):
    """alpha 1, beta 8, T 4."""
    target = int(np.argmax(t))
    q, p = softmax(s, 4.0), softmax(t, 4.0)
    rest_q, rest_p = ([x / (1 - row[target]) for c, x in enumerate(row) if c != target] for row in (q, p))
    return 16 * (kl([p[target], 1 - p[target]], [q[target], 1 - q[target]]) + 8 * kl(rest_p, rest_q))


def cross_entropy(s, t):
    """Minus the log-probability of the class."""
    return -math.log(softmax(s)[int(t)])


def labelled(s, t):
    """One tenth labels."""
    return 0.1 * cross_entropy(s, t[-1]) + 0.9 * hinton(s, t[:-1])


def selective_repulsive(student, targets):
    """beta 2, diagonal 1, CLIP 1, T 5; not a mean over rows, for every pair is measured against the others."""
    n, texts = len(student), [int(row[-1]) for row in targets]
    s, t = ([[row[c] for c in texts] for row in rows] for rows in (student, targets))
    total = 0.0
    for a, b in ((s, t), (list(zip(*s, strict=True)), list(zip(*t, strict=True)))):
        for i in range(n):
            q, p = softmax(a[i]), softmax(b[i], 5.0)
            total -= math.log(q[i]) + p[i] * math.log(q[i])
            total -= 2.0 * sum(p[j] * math.log(q[j]) for j in range(n) if j != i)
    return total / n / 2


def ltkd(groups):
    """alpha 1, beta 1, T 4; not a mean over rows, for the batch balances the groups."""

    def loss(student, targets):
        members = [[c for c, g in enumerate(groups) if g == group] for group in range(max(groups) + 1)]
        p, q = ([softmax(row, 4.0) for row in rows] for rows in (targets, student))
        masses = [[sum(row[c] for c in group) for group in members] for row in p]
        batch = [sum(column) for column in zip(*masses, strict=True)]
        factor = [np.mean(batch) / mass for mass in batch]
        total = 0.0
        for row_p, row_q, mass in zip(p, q, masses, strict=True):
            scaled = [m * f for m, f in zip(mass, factor, strict=True)]
            total += kl([m / sum(scaled) for m in scaled], [sum(row_q[c] for c in group) for group in members])
            for group in members:
                within = [[row[c] / sum(row[d] for d in group) for c in group] for row in (row_p, row_q)]
                total += kl(*within)
        return 16 * total / len(p)

    return loss


def margin_mse(s, t):
    """Margins of the first over the others."""
    return float(np.mean([((s[0] - s[j]) - (t[0] - t[j])) ** 2 for j in range(1, len(s))]))


def info_nce(s, t):
    """Relevances in 0..1."""
    p = softmax(s)
    return -math.log(sum(p[j] * math.exp(1 - 1 / t[j]) for j in range(len(s)) if t[j] > 0))


def rank_net(student, targets):
    """Mean over all ordered pairs of the batch."""
    losses = [
        math.log(1 + math.exp(-(s[i] - s[j])))
        for s, t in zip(student, targets, strict=True)
        for i in range(len(s))
        for j in range(len(s))
        if t[i] > t[j]
    ]
    return float(np.mean(losses))


def adr_mse(s, t):
    """Soft rank against rank."""
    losses = []
    for i in range(len(s)):
        soft = 1 + sum(1 / (1 + math.exp(s[i] - s[j])) for j in range(len(s)) if j != i)
        rank = 1 + sum(t[j] > t[i] for j in range(len(s)))
        losses.append((soft - rank) ** 2 / math.log2(rank + 1))
    return float(np.mean(losses))


def trrd(s, row, alpha=0.5):
    """Clip 0.2 below and 0.28 above; the row holds teacher, old policy, four actions, four rewards."""
    c = len(s)
    teacher, old, actions, rewards = row[:c], row[c : 2 * c], row[2 * c : 2 * c + 4], row[2 * c + 4 :]
    pi, pi_t, pi_old = softmax(s), softmax(teacher), softmax(old)
    total = 0.0
    for action, reward in zip(actions, rewards, strict=True):
        a = int(action)
        away = min(max(math.log(pi[a] / pi_t[a]), -1.0), 1.0)
        ratio = math.exp(alpha * math.log(pi[a] / pi_old[a]) + (1 - alpha) * away)
        gain = (reward - np.mean(rewards)) / np.std(rewards) if np.std(rewards) else 0.0
        total += min(ratio * gain, min(max(ratio, 0.8), 1.28) * gain)
    return -total / 4


def kdrl(s, row):
    """beta 1."""
    return trrd(s, row, alpha=1.0) + reverse_kl(s, row[: len(s)])


def federated(s, clients):
    """The mean of the clients at T = 4."""
    return hinton(s, [sum(z[c] for z in clients) / len(clients) for c in range(len(s))])
