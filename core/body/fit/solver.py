"""Levenberg-Marquardt (Marquardt 1963) over a list of residual terms, each plain or robust."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .residuals import Term


@dataclass(frozen=True)
class Solution:
    """Where the solver ended: the unknowns, their cost, and the iterations taken."""

    unknowns: np.ndarray
    cost: float
    iterations: int


def weigh(term: Term, residual: np.ndarray) -> tuple[float, np.ndarray]:
    """A term's cost ½Σρ(r) and the weight ρ'(r)/r of each of its residuals: Geman-McClure's where the term is robust, else squares.

    ρ(r) = r² / (1 + r²/c²), which never exceeds c².
    """
    scale = getattr(term, "robust", None)
    squares = residual**2
    if scale is None:
        return 0.5 * float(squares.sum()), np.ones_like(residual)
    shrink = 1 / (1 + squares / scale**2)
    return 0.5 * float((squares * shrink).sum()), shrink**2


def total_cost(terms: Sequence[Term], unknowns: np.ndarray) -> float:
    return sum(weigh(term, term(unknowns)[0])[0] for term in terms)


def minimise(terms: Sequence[Term], start: np.ndarray, iterations: int = 60, tolerance: float = 1e-5) -> Solution:
    """The unknowns with the lowest cost near `start`; never a higher cost than the start's.

    Stops when an accepted step lowers the cost by less than `tolerance` of it, or when no step lowers it any more.
    """
    unknowns, damping = start.astype(np.float64), 1e-2
    cost, gradient, hessian = _normal_equations(terms, unknowns)
    for iteration in range(1, iterations + 1):
        step = np.linalg.solve(hessian + damping * (np.diag(np.diag(hessian)) + 1e-6 * np.eye(len(start))), -gradient)
        new_cost = total_cost(terms, unknowns + step)
        if not new_cost < cost:
            damping *= 8
            if damping > 1e8:
                return Solution(unknowns, cost, iteration)
            continue
        settled = cost - new_cost < tolerance * cost
        unknowns, damping = unknowns + step, max(damping / 4, 1e-8)
        cost, gradient, hessian = _normal_equations(terms, unknowns)
        if settled:
            return Solution(unknowns, cost, iteration)
    return Solution(unknowns, cost, iterations)


def _normal_equations(terms: Sequence[Term], unknowns: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Cost, gradient and Gauss-Newton Hessian of all terms, robust ones re-weighted."""
    cost, gradient, hessian = 0.0, np.zeros(len(unknowns)), np.zeros((len(unknowns), len(unknowns)))
    for term in terms:
        residual, jacobian = term(unknowns)
        part, weights = weigh(term, residual)
        weighted = jacobian * weights[:, None]
        cost += part
        gradient += weighted.T @ residual
        hessian += weighted.T @ jacobian
    return cost, gradient, hessian
