"""A reader of pickles in which nothing can run: numpy arrays, scipy sparse matrices and chumpy's arrays become inert records.

A pickle is a program that may call anything it can name. Here the only names it can say are those below, and each stands for a
`Record`, which notes how it was called and does nothing. Afterwards `dense_array` builds plain numpy arrays from the records
itself, checking sizes. So neither scipy nor chumpy is needed, and no crafted state reaches numpy's or scipy's own loaders.
"""

import pickle
from io import BufferedIOBase
from typing import ClassVar

import numpy as np

from ..errors import BodyFileInvalid

ARRAY, ARRAY_BUFFER, SCALAR, DTYPE, CLASS = "array", "array buffer", "scalar", "dtype", "array class"
SPARSE, CHUMPY, TEXT, REBUILD, OBJECT = "sparse", "chumpy", "text", "rebuild", "object"
NUMPY_MODULES = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray", "numpy.core.numeric", "numpy._core.numeric")
NUMPY = {"_reconstruct": ARRAY, "scalar": SCALAR, "_frombuffer": ARRAY_BUFFER, "ndarray": CLASS, "dtype": DTYPE}
PLAIN = {
    ("_codecs", "encode"): TEXT,  # how Python 3 writes bytes in protocol 2
    ("copy_reg", "_reconstructor"): REBUILD,  # how Python 2 writes objects in protocols 0 and 1
    ("copyreg", "_reconstructor"): REBUILD,
    ("__builtin__", "object"): OBJECT,
    ("builtins", "object"): OBJECT,
}
SPARSE_KINDS = ("csc_matrix", "csr_matrix", "coo_matrix", "csc_array", "csr_array", "coo_array")
NUMBER_KINDS = "biuf"
NOT_A_PICKLE = (pickle.UnpicklingError, ArithmeticError, AttributeError, EOFError, ImportError, LookupError, MemoryError, RecursionError,
                TypeError, ValueError)  # fmt: skip
"""All that pickle's reader raises on broken input; records raise nothing of their own."""


def kind_of_name(module: str, name: str) -> tuple[str, str]:
    """What a name in a pickle stands for, and the detail of it (csc or csr). Raises BodyFileInvalid for any other name."""
    if (module, name) in PLAIN:
        return PLAIN[module, name], ""
    if module in NUMPY_MODULES and name in NUMPY:
        return NUMPY[name], ""
    if module.startswith("scipy.sparse") and name in SPARSE_KINDS:
        return SPARSE, name[:3]
    if module in ("chumpy", "chumpy.ch") and name == "Ch":
        return CHUMPY, ""
    raise BodyFileInvalid(f"The file asks for {module}.{name}, which a body has no use for; it was refused and nothing was run.")


class Record:
    """Something a pickle made: its kind, what it was called with, and the state it was given. It does nothing."""

    kind: ClassVar[str] = ""
    detail: ClassVar[str] = ""

    def __new__(cls, *arguments: object) -> "Record":
        record = super().__new__(cls)
        record.__dict__.update(arguments=arguments, state=None)
        return record

    def __init__(self, *arguments: object):
        pass

    def __setstate__(self, state: object) -> None:
        self.__dict__["state"] = state


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type[Record]:
        kind, detail = kind_of_name(module, name)
        return type(f"Record of {kind}", (Record,), {"kind": kind, "detail": detail})

    def persistent_load(self, pid: object) -> None:
        raise BodyFileInvalid("The file refers to something outside itself; it was refused and nothing was run.")


def read_inert(file: BufferedIOBase) -> object:
    """What a pickle holds, with records in place of everything but dicts, lists, tuples, text and numbers.

    Raises BodyFileInvalid for a name that is not allowed, and for a file that is no complete pickle.
    """
    try:
        return _InertUnpickler(file, encoding="latin1").load()
    except NOT_A_PICKLE as error:
        raise BodyFileInvalid(f"The file is no readable pickle: {error}.") from error


def dense_array(value: object, what: str) -> np.ndarray:
    """The plain numeric array that a value from a file stands for. Raises BodyFileInvalid naming `what`."""
    try:
        array = _dense(value)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, MemoryError, RecursionError) as error:
        raise BodyFileInvalid(f"{what} is no array of numbers: {error}.") from error
    if array.dtype.kind not in NUMBER_KINDS:
        raise BodyFileInvalid(f"{what} holds {array.dtype}, not numbers.")
    return array


def _dense(value: object) -> np.ndarray:
    if not isinstance(value, Record):
        return np.asarray(value)
    if value.kind == REBUILD:  # an object written as _reconstructor(class, object, None) plus its state
        value = _rebuilt(value)
    if value.kind == CHUMPY:
        return _dense(value.state["x"])
    if value.kind == SPARSE:
        return _sparse(value)
    if value.kind == ARRAY:
        return _array(value)
    if value.kind == ARRAY_BUFFER:
        data, dtype, shape, order = value.arguments
        return np.frombuffer(_bytes(data), _dtype(dtype)).reshape(shape, order=order)
    if value.kind == SCALAR:
        dtype, data = value.arguments
        return np.frombuffer(_bytes(data), _dtype(dtype))[0].reshape(())
    raise TypeError(f"a {value.kind} where an array should be")


def _rebuilt(value: Record) -> Record:
    record = value.arguments[0]()
    record.__setstate__(value.state)
    return record


def _array(value: Record) -> np.ndarray:
    """numpy's own state: (version, shape, dtype, Fortran order, bytes), or a list in place of the bytes for objects."""
    _, shape, dtype, fortran, data = value.state
    if isinstance(data, list):  # np.save of a sparse matrix wraps it in an array holding one object
        if len(data) != 1:
            raise TypeError("an array of objects")
        return _dense(data[0])
    return np.frombuffer(_bytes(data), _dtype(dtype)).reshape(shape, order="F" if fortran else "C")


def _dtype(value: object) -> np.dtype:
    """A plain number type: its code from the call (f8), its byte order from the state."""
    if not isinstance(value, Record) or value.kind != DTYPE:
        raise TypeError("no number type")
    code, order = str(value.arguments[0]), value.state[1] if value.state else "|"
    dtype = np.dtype(code if code[0] in "<>|=" else f"{order}{code}")
    if dtype.kind not in NUMBER_KINDS:
        raise TypeError(f"{dtype} are no numbers")
    return dtype


def _bytes(value: object) -> bytes:
    """Bytes as Python 2 wrote them (Latin-1 text), as Python 3 did in protocol 2 (a call of encode), or as they are."""
    if isinstance(value, Record) and value.kind == TEXT:
        value = value.arguments[0]
    return value.encode("latin1") if isinstance(value, str) else bytes(memoryview(value))


def _sparse(value: Record) -> np.ndarray:
    """A dense array from a sparse matrix's own arrays; an index outside the matrix raises IndexError."""
    state = value.state
    shape = tuple(int(size) for size in (state["_shape"] if "_shape" in state else state["shape"]))
    data = _dense(state["data"])
    if value.detail == "coo":
        rows, columns = [_dense(part) for part in state["coords"]] if "coords" in state else (_dense(state["row"]), _dense(state["col"]))
    else:
        ends, inner = _dense(state["indptr"]), _dense(state["indices"])
        outer = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        rows, columns = (inner, outer) if value.detail == "csc" else (outer, inner)
    if len(shape) != 2 or np.prod(shape, dtype=float) > 2**27 or min(rows.min(initial=0), columns.min(initial=0)) < 0:
        raise ValueError("a sparse matrix of impossible size")
    dense = np.zeros(shape, np.float64)
    np.add.at(dense, (rows, columns), data)
    return dense
