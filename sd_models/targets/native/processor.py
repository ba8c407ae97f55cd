"""The processor that code is made for, and the compiler for it."""

from __future__ import annotations

from functools import cache

import llvmlite
import llvmlite.binding as llvm


@cache
def _target() -> llvm.Target:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def machine() -> llvm.TargetMachine:
    """A compiler for this processor, which the code that it makes takes over; RuntimeError where LLVM has none."""
    return _target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
    )


@cache
def signature() -> str:
    """What code depends on besides its text: the versions of the compiler, and the processor."""
    version = ".".join(map(str, llvm.llvm_version_info))
    features = llvm.get_host_cpu_features().flatten()
    return f"{llvmlite.__version__} {version} {llvm.get_default_triple()} {llvm.get_host_cpu_name()} {features}"
